/**
 * What the step of another program is given, so that it computes the same numbers: the initial weights, one
 * batch, and the settings of the optimizer.
 *
 * @module
 */
import type { Example } from "../../core/train/examples.ts";
import type { StepShape, WholeModel } from "../models.ts";

/** Settings of the step that `WholeModel` takes; biases and LayerNorm (one axis) do not decay. */
export const ADAM_W = {
  learningRate: 1e-3,
  weightDecay: 0.01,
  beta1: 0.9,
  beta2: 0.999,
  epsilon: 1e-8,
  maxGradientNorm: 1,
} as const;

/** Name of a parameter → its shape and its numbers, row-major. */
export type InitialWeights = ReadonlyMap<
  string,
  { readonly shape: number[]; readonly data: Float32Array<ArrayBuffer> }
>;

/** One batch without padding. */
export interface StepData {
  readonly batch: number;
  readonly length: number;
  /** `[batch, length]`, row-major. */
  readonly ids: Int32Array<ArrayBuffer>;
  /** `[batch]`. */
  readonly labels: Int32Array<ArrayBuffer>;
}

/** Of a model that has taken no step. */
export async function initialWeights(model: WholeModel): Promise<InitialWeights> {
  return new Map(
    [...await model.weights()].map(([name, { shape, data }]) =>
      [name, { shape: [...shape], data: Float32Array.from(data) }] as const
    ),
  );
}

/** A batch as two tables of numbers. */
export function stepData({ batch, length }: StepShape, examples: readonly Example[]): StepData {
  const ids = Int32Array.from(examples.flatMap(({ ids }) => [...ids]));
  return { batch, length, ids, labels: Int32Array.from(examples, ({ label }) => label as number) };
}

/** How far two losses are apart. @throws {Error} if that is 1e-5 or more: then they are not the same step */
export function requireSameLosses(ours: number, theirs: number, who: string): number {
  const difference = Math.abs(ours - theirs);
  if (difference < 1e-5) return difference;
  throw new Error(`The losses of ours and of ${who} differ by ${difference}: ${ours} and ${theirs}`);
}

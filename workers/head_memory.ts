/**
 * What of a head goes over to another version of its code: weights, moments, and the gradients of a step that is
 * not over yet, each as far as the new version has a parameter of this name and shape.
 *
 * @module
 */
import type * as tf from "../core/deps/tfjs.ts";
import type { HostTensor } from "../core/wall/tensor.ts";
import type { LossSum } from "./untold_losses.ts";

/** What a checkpoint keeps of a head. */
export interface HeadState {
  readonly parameters: Readonly<Record<string, HostTensor>>;
  /** `<parameter>.first` and `<parameter>.second`; none before the first update. */
  readonly moments: Readonly<Record<string, HostTensor>>;
  readonly updates: number;
  /** Of the steps that nobody was told of; absent if there are none. */
  readonly losses?: LossSum;
}

/** What goes over to another version: also what has added up in the middle of a step. */
export interface HeadMemory extends HeadState {
  readonly gradients: Readonly<Record<string, HostTensor>>;
  /** The part of it that adds up without being told. */
  readonly lossOfStep?: number;
  /** Whoever calls the head counts on these. */
  readonly reads: string;
  readonly task: string;
}

type Tensors = Map<string, HostTensor>;

/** What has no place in a head with these parameters, or the other way round. */
export function lossesOf({ parameters }: HeadMemory, own: ReadonlyMap<string, tf.Tensor>): string[] {
  const changed = [...own].flatMap(([name, { shape }]) => {
    const saved = Object.hasOwn(parameters, name) ? parameters[name] : undefined;
    if (saved?.shape.join() === shape.join()) return [];
    const before = saved ? `it had [${saved.shape}]` : "it is new";
    return [`the weights of ${name}, whose shape is [${shape}]: ${before}`];
  });
  const gone = Object.entries(parameters).filter(([name]) => !own.has(name));
  return [...changed, ...gone.map(([name]) => `the weights of ${name}: there is no such parameter`)];
}

/**
 * The parts that fit. A parameter of another shape, or a new one, is not among the weights: it keeps those that this
 * version began with, and its moments begin at zero.
 */
export function fittingParts(
  { parameters, moments, gradients }: HeadMemory,
  own: ReadonlyMap<string, tf.Tensor>,
): { readonly weights: Tensors; readonly moments: Tensors; readonly gradients: Tensors } {
  const parts = { weights: new Map(), moments: new Map(), gradients: new Map() };
  for (const [name, { shape }] of own) {
    const weights = fitting(parameters, name, shape);
    if (weights) parts.weights.set(name, weights);
    for (const key of [`${name}.first`, `${name}.second`]) {
      parts.moments.set(key, fitting(moments, key, shape) ?? zeros(shape));
    }
    const gradient = fitting(gradients, name, shape);
    if (gradient) parts.gradients.set(name, gradient);
  }
  return parts;
}

/** A tensor of zeros for the wall. */
export function zeros(shape: readonly number[]): HostTensor {
  const size = shape.reduce((product, dimension) => product * dimension, 1);
  return { dtype: "float32", shape, data: new Float32Array(size) };
}

function fitting(
  saved: Readonly<Record<string, HostTensor>>,
  name: string,
  shape: readonly number[],
): HostTensor | undefined {
  const found = Object.hasOwn(saved, name) ? saved[name] : undefined;
  return found?.shape.join() === shape.join() ? found : undefined;
}

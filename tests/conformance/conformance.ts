/**
 * One case of the suite: an operation on a backend and its float64 reference, and what differs.
 *
 * A tolerance is a number of roundings to float32. A result may be wrong by that many times 2^-24 of the
 * largest number of the expected tensor, or of 1, which is how large the numbers that go in are: where a small
 * result is the difference of numbers near 1, those were rounded.
 *
 * @module
 */
import * as tf from "../../core/deps/tfjs.ts";
import type { Backend, BackendName } from "../../core/tensor/backend.ts";
import { Random } from "../../core/tensor/random.ts";
import { Array64, sizeOf } from "./reference/array64.ts";

/** A tensor that goes in. */
export interface Input {
  readonly shape: readonly number[];
  readonly values: Float32Array | Int32Array;
}

/** How a case is computed twice. */
export interface Case {
  /** Says the shapes. */
  readonly name: string;
  /** float32 ones are differentiated by, unless `isConstant` says otherwise. */
  readonly inputs: readonly Input[];
  readonly isConstant?: readonly boolean[];
  /** The result has no gradient. */
  readonly isFlat?: boolean;
  readonly run: (...tensors: tf.Tensor[]) => tf.Tensor;
  readonly reference: (...arrays: Array64[]) => Array64;
  /** Roundings of the result, and of the gradients; the reason stands at the operation. */
  readonly roundings: number;
  readonly gradientRoundings?: number;
  /** Why a backend is left out. */
  readonly skip?: Partial<Readonly<Record<BackendName, string>>>;
}

/** An operation with its cases. */
export interface Operation {
  readonly name: string;
  readonly cases: readonly Case[];
}

/** One rounding to float32, as a share. */
export const ROUNDING = 2 ** -24;

/** Normally distributed numbers, the same for the same shape and seed. */
export function normal(shape: readonly number[], seed = 1, deviation = 1, mean = 0): Input {
  const random = Random.at(seed, ...shape);
  return {
    shape,
    values: Float32Array.from({ length: sizeOf(shape) }, () => mean + deviation * random.normal()),
  };
}

/** From `least` up, for roots, logarithms and divisors. */
export function positive(shape: readonly number[], seed = 1, least = 0.25): Input {
  const { values } = normal(shape, seed);
  return { shape, values: (values as Float32Array).map((value) => least + Math.abs(value)) };
}

/** At least 0.01 away from each of the corners, at which there is no derivative. */
export function besides(corners: readonly number[], shape: readonly number[], seed = 1): Input {
  const { values } = normal(shape, seed);
  const away = (value: number): number =>
    corners.some((corner) => Math.abs(value - corner) < 0.01) ? value + 0.03 : value;
  return { shape, values: (values as Float32Array).map(away) };
}

/** Whole numbers. */
export function whole(values: readonly number[], shape: readonly number[] = [values.length]): Input {
  return { shape, values: Int32Array.from(values) };
}

/** Of every operation, the reference of one case: the result, and the gradients for an upstream gradient. */
export function expectedOf(one: Case): { y: Array64; dy: Float32Array; gradients: Float64Array[] } {
  const arrays = one.inputs.map(({ shape, values }) => new Array64(shape, values));
  const y = one.reference(...arrays);
  const dy = normal(y.shape, 99).values as Float32Array;
  const xs = arrays.filter((_, index) => isDifferentiated(one, index));
  return { y, dy, gradients: one.isFlat ? [] : y.gradients(dy, xs) };
}

/** Whether a case asks for the gradient by this input. */
export function isDifferentiated({ inputs, isConstant, isFlat }: Case, index: number): boolean {
  return !isFlat && inputs[index]!.values instanceof Float32Array && !isConstant?.[index];
}

/** What a backend computes otherwise than the reference, one sentence each; nothing if it conforms. */
export async function problemsOf(one: Case, backend: Backend): Promise<string[]> {
  const before = tf.memory().numTensors;
  const { y, dy, gradients } = expectedOf(one);
  const inputs = one.inputs.map(({ shape, values }) => tf.tensor(values.slice(), [...shape]));
  const xs = inputs.filter((_, index) => isDifferentiated(one, index));
  const actual = tf.tidy(() => one.run(...inputs));
  const slopes = xs.length === 0 ? [] : gradientsOf(one, inputs, xs, dy, y.shape);
  const [value, ...found] = await Promise.all([actual, ...slopes].map((tensor) => tensor.data()));
  tf.dispose([...inputs, actual, ...slopes]);

  const problems = [shapeProblem(actual.shape, y.shape)];
  problems.push(difference("the result", value!, y.data, one.roundings));
  gradients.forEach((gradient, index) => {
    problems.push(shapeProblem(slopes[index]!.shape, xs[index]!.shape));
    const most = one.gradientRoundings ?? one.roundings;
    problems.push(difference(`gradient ${index}`, found[index]!, gradient, most));
  });
  const left = tf.memory().numTensors - before;
  if (left !== 0) problems.push(`${left} tensors are left behind`);
  backend.check();
  return problems.filter((problem) => problem !== undefined);
}

function gradientsOf(
  one: Case,
  inputs: readonly tf.Tensor[],
  xs: readonly tf.Tensor[],
  dy: Float32Array,
  shape: readonly number[],
): tf.Tensor[] {
  const upstream = tf.tensor(dy.slice(), [...shape]);
  const run = (...moved: tf.Tensor[]): tf.Tensor => {
    const rest = [...moved];
    return one.run(...inputs.map((input, index) => isDifferentiated(one, index) ? rest.shift()! : input));
  };
  const slopes = tf.grads(run)([...xs], upstream);
  upstream.dispose();
  return slopes;
}

function shapeProblem(actual: readonly number[], expected: readonly number[]): string | undefined {
  return actual.join() === expected.join() ? undefined : `the shape is [${actual}], expected [${expected}]`;
}

/** The place where two lists differ the most, if that is more than the roundings allow. */
export function difference(
  what: string,
  actual: ArrayLike<number>,
  expected: ArrayLike<number>,
  roundings: number,
): string | undefined {
  if (actual.length !== expected.length) {
    return `${what} has ${actual.length} numbers, not ${expected.length}`;
  }
  const size = Array.from(expected).reduce((largest, value) => Math.max(largest, Math.abs(value)), 1);
  let worst = 0;
  for (let at = 1; at < expected.length; at++) {
    // Written so that NaN is the worst.
    if (!(Math.abs(actual[at]! - expected[at]!) <= Math.abs(actual[worst]! - expected[worst]!))) worst = at;
  }
  if (expected.length === 0) return undefined;
  const error = Math.abs(actual[worst]! - expected[worst]!) / size / ROUNDING;
  if (error <= roundings) return undefined;
  return `${what} at ${worst} is ${actual[worst]}, expected ${expected[worst]}: ` +
    `${error.toFixed(1)} roundings of ${size.toPrecision(3)}, at most ${roundings}`;
}

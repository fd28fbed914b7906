/**
 * What kernels with a gradient have in common on every backend.
 *
 * @module
 */
import * as tf from "../../deps/tfjs.ts";
import { KBertError } from "../../wall/errors.ts";

/** One gradient per input, in order, which are the tape's then; `dy` and what was saved are only read. */
export type Gradient = (dy: tf.Tensor, saved: tf.Tensor[]) => tf.Tensor[];
/** Keeps tensors until the gradient is computed or the tape is gone. */
export type Save = (tensors: tf.Tensor[]) => void;

/**
 * A kernel as an operation with a gradient: `tf.customGrad` with the save function first. Needs no tidy
 * inside, the engine runs both parts in one.
 *
 * @example A cube, with its slope of 3 x²
 * ```ts
 * import { differentiable } from "./differentiable.ts";
 * import * as tf from "../../deps/tfjs.ts";
 * import { assertEquals } from "../../deps/assert.ts";
 *
 * await tf.setBackend("cpu");
 * const cube = differentiable((save, x) => {
 *   save([x!]);
 *   return [tf.pow(x!, 3), (dy, [x]) => [tf.mul(dy, tf.mul(tf.square(x!), 3))]];
 * });
 * const x = tf.scalar(2);
 *
 * const slope = tf.grad(cube)(x);
 *
 * assertEquals(slope.dataSync()[0], 12);
 * tf.dispose([x, slope]);
 * ```
 */
export function differentiable(
  compute: (save: Save, ...inputs: tf.Tensor[]) => [y: tf.Tensor, gradient: Gradient],
): (...inputs: tf.Tensor[]) => tf.Tensor {
  return tf.customGrad((...all) => {
    const save = all.pop() as Save;
    const [value, gradFunc] = compute(save, ...all as tf.Tensor[]);
    return { value, gradFunc };
  });
}

/**
 * How many rows of that width x has.
 *
 * @throws {KBertError} `tensor/shape` if its rows have another width
 */
export function rowsOf(x: tf.Tensor, width: number): number {
  requireShape(x, [...x.shape.slice(0, -1), width]);
  return x.size / width;
}

/**
 * A kernel believes what it is told: another shape would read, or write over, other tensors.
 *
 * @throws {KBertError} `tensor/shape`
 */
export function requireShape({ shape: actual }: tf.Tensor, expected: readonly number[]): void {
  if (actual.join() === expected.join()) return;
  const message = `Cannot compute with a tensor of the shape [${actual}], expected [${expected}]`;
  throw new KBertError("tensor/shape", message, { expected, actual });
}

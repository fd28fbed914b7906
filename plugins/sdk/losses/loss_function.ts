/**
 * What a loss function is, and what all of them refuse: settings that make no loss, and shapes that do not fit.
 *
 * The shapes are checked because tfjs would not: it broadcasts `[4, 1]` against `[4]` to `[4, 4]`, and the
 * training goes on with a loss that means nothing.
 *
 * @module
 */
import * as tf from "../../../core/deps/tfjs.ts";

/**
 * `(logits, labels)` → scalar, float32. Owns nothing: the arguments stay the caller's, and so is the result.
 * Differentiable by the logits, and not by the labels.
 */
export type LossFunction = (logits: tf.Tensor, labels: tf.Tensor) => tf.Scalar;

/** Which numbers a setting may be, and how a sentence says it. */
interface Limit {
  readonly holds: (value: number) => boolean;
  readonly words: string;
}

export const AT_LEAST_0: Limit = { holds: (value) => value >= 0, words: "at least 0" };
export const ABOVE_0: Limit = { holds: (value) => value > 0, words: "above 0" };
export const A_SHARE: Limit = { holds: (value) => value >= 0 && value < 1, words: "at least 0 and below 1" };

/** @throws {RangeError} if the setting of a loss is not finite, or not within its limit */
export function requireSetting(name: string, value: number, { holds, words }: Limit): void {
  if (Number.isFinite(value) && holds(value)) return;
  throw new RangeError(`Cannot make a loss whose ${name} is ${value}; it has to be ${words}`);
}

/** @throws {RangeError} if one of the weights is less than nothing or not finite */
export function requireWeights(name: string, weights: readonly number[] | undefined): void {
  weights?.forEach((weight, index) => requireSetting(`${name}[${index}]`, weight, AT_LEAST_0));
}

/**
 * The weights as a tensor, or ones if there are none.
 *
 * @returns `[count]`, float32
 * @throws {RangeError} if there are more or fewer than `count`, the width of the logits
 */
export function weightsFor(name: string, weights: readonly number[] | undefined, count: number): tf.Tensor1D {
  if (weights === undefined) return tf.ones([count]);
  if (weights.length === count) return tf.tensor1d([...weights]);
  throw new RangeError(
    `Cannot weigh ${count} labels with ${weights.length} ${name}; give one for each label`,
  );
}

/** @throws {RangeError} if the labels have another shape than these logits need */
export function requireLabels(labels: tf.Tensor, shape: readonly number[], logits: tf.Tensor): void {
  if (labels.shape.join() === shape.join()) return;
  const message = `Cannot compare logits [${logits.shape}] with labels [${labels.shape}]; ` +
    `the labels have to be [${shape}]`;
  throw new RangeError(message);
}

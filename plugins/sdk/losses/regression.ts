/**
 * Losses of quantities: the means of squares, of absolute values, and of something between the two.
 *
 * Labels are taken as they are; a head that learns prices in millions needs a learning rate for millions.
 *
 * | tensor   | shape             | dtype   |
 * | -------- | ----------------- | ------- |
 * | `logits` | `[batch, labels]` | float32 |
 * | `labels` | `[batch, labels]` | float32 |
 * | returns  | `[]`              | float32 |
 *
 * @module
 */
import * as tf from "../../../core/deps/tfjs.ts";
import { ABOVE_0, type LossFunction, requireLabels, requireSetting } from "./loss_function.ts";

/**
 * `(z - t)^2`, the mean over all places of the batch, in the unit of the labels squared.
 *
 * @throws {RangeError} for labels of another shape
 * @example
 * ```ts
 * import { meanSquaredError } from "./regression.ts";
 * import * as tf from "../../../core/deps/tfjs.ts";
 * import { assertEquals } from "../../../core/deps/assert.ts";
 *
 * await tf.setBackend("cpu");
 * assertEquals(meanSquaredError(tf.tensor2d([[1], [5]]), tf.tensor2d([[1], [2]])).dataSync()[0], 9 / 2);
 * ```
 */
export const meanSquaredError: LossFunction = (logits, labels) =>
  tf.tidy(() => tf.mean(tf.square(errors(logits, labels))) as tf.Scalar);

/**
 * `|z - t|`, the mean over all places of the batch, in the unit of the labels. Where z is t, the gradient is 0.
 *
 * @throws {RangeError} for labels of another shape
 * @example
 * ```ts
 * import { meanAbsoluteError } from "./regression.ts";
 * import * as tf from "../../../core/deps/tfjs.ts";
 * import { assertEquals } from "../../../core/deps/assert.ts";
 *
 * await tf.setBackend("cpu");
 * assertEquals(meanAbsoluteError(tf.tensor2d([[1], [5]]), tf.tensor2d([[1], [2]])).dataSync()[0], 3 / 2);
 * ```
 */
export const meanAbsoluteError: LossFunction = (logits, labels) =>
  tf.tidy(() => {
    const error = errors(logits, labels);
    // Not tf.abs, whose gradient at 0 is -1 and would pull at what is already right.
    return tf.mean(tf.add(tf.relu(error), tf.relu(tf.neg(error)))) as tf.Scalar;
  });

/**
 * Huber's loss: `d^2 / 2` of errors d up to `delta`, and `delta (|d| - delta / 2)` of larger ones, so that one
 * label that is far off cannot pull at everything. The mean is over all places of the batch, in the unit of the
 * labels squared.
 *
 * @param delta in the unit of the labels, above 0
 * @throws {RangeError} for a delta that is not above 0; its function, for labels of another shape
 * @see Huber 1964, "Robust estimation of a location parameter"
 * @example
 * ```ts
 * import { huber } from "./regression.ts";
 * import * as tf from "../../../core/deps/tfjs.ts";
 * import { assertEquals } from "../../../core/deps/assert.ts";
 *
 * await tf.setBackend("cpu");
 * const loss = huber(1)(tf.tensor2d([[0.5], [4]]), tf.tensor2d([[0], [0]]));
 * assertEquals(loss.dataSync()[0], (0.5 ** 2 / 2 + (4 - 1 / 2)) / 2);
 * ```
 */
export function huber(delta = 1): LossFunction {
  requireSetting("delta", delta, ABOVE_0);
  return (logits, labels) =>
    tf.tidy(() => {
      const error = errors(logits, labels);
      // With c the error cut off at delta, both branches are c (d - c / 2).
      const cut = tf.clipByValue(error, -delta, delta);
      return tf.mean(tf.mul(cut, tf.sub(error, tf.mul(cut, 0.5)))) as tf.Scalar;
    });
}

function errors(logits: tf.Tensor, labels: tf.Tensor): tf.Tensor {
  requireLabels(labels, logits.shape, logits);
  return tf.sub(logits, labels);
}

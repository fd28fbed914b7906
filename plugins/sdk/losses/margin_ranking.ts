/**
 * The loss of scores that are only compared: of two texts, the better one is to have the higher score.
 *
 * Which is the better one, the order of the rows says; the labels repeat it for those who look at one text alone.
 *
 * @module
 */
import * as tf from "../../../core/deps/tfjs.ts";
import { AT_LEAST_0, type LossFunction, requireSetting } from "./loss_function.ts";

/**
 * `max(0, margin - (better - worse))`, the mean over the pairs, in the unit of the scores. A pair whose distance is
 * the margin or more has no gradient.
 *
 * | tensor   | shape    | dtype                                          |
 * | -------- | -------- | ---------------------------------------------- |
 * | `logits` | `[2n, 1]` | float32, the scores: better, worse, better, … |
 * | `labels` | any      | any, is not looked at                          |
 * | returns  | `[]`     | float32                                        |
 *
 * @param margin how far apart two scores have to be, at least 0
 * @throws {RangeError} for a margin below 0; its function, for rows that are not pairs
 * @example
 * ```ts
 * import { marginRanking } from "./margin_ranking.ts";
 * import * as tf from "../../../core/deps/tfjs.ts";
 * import { assertEquals } from "../../../core/deps/assert.ts";
 *
 * await tf.setBackend("cpu");
 * const scores = tf.tensor2d([[3], [1], [0.5], [0.25]]); // far enough apart, and not
 * assertEquals(marginRanking(1)(scores, tf.tensor1d([1, 0, 1, 0])).dataSync()[0], (0 + 0.75) / 2);
 * ```
 */
export function marginRanking(margin = 1): LossFunction {
  requireSetting("margin", margin, AT_LEAST_0);
  return (logits) =>
    tf.tidy(() => {
      const rows = logits.shape[0]!;
      if (logits.size !== rows || rows % 2 !== 0) {
        throw new RangeError(
          `Cannot rank logits [${logits.shape}]; they have to be pairs of scores, [2n, 1]`,
        );
      }
      const pairs = tf.reshape(logits, [rows / 2, 2]);
      const lead = tf.sum(tf.mul(pairs, tf.tensor1d([1, -1])), 1); // better - worse, [n]
      return tf.mean(tf.relu(tf.sub(margin, lead))) as tf.Scalar;
    });
}

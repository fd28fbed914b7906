/**
 * The loss of ranks: of K ranks, K - 1 questions whether a text is higher than each.
 *
 * With one weight for all questions and a bias for each, as CORAL has it, the answers cannot contradict each other:
 * what is higher than rank 3 is also higher than rank 2. The loss itself takes any logits.
 *
 * @module
 */
import * as tf from "../../../core/deps/tfjs.ts";
import { logisticLosses } from "./binary_cross_entropy.ts";
import { type LossFunction, requireLabels } from "./loss_function.ts";

/**
 * CORAL's loss: binary cross-entropy of "the rank is above k", in nats, added up over the K - 1 questions, the mean
 * over the texts.
 *
 * | tensor   | shape            | dtype                   |
 * | -------- | ---------------- | ----------------------- |
 * | `logits` | `[batch, K - 1]` | float32                 |
 * | `labels` | `[batch]`        | int32, a rank, 0 to K - 1 |
 * | returns  | `[]`             | float32                 |
 *
 * @throws {RangeError} for labels of another shape
 * @see Cao, Mirjalili and Raschka 2020, "Rank consistent ordinal regression", https://arxiv.org/abs/1901.07884
 * @example Of three ranks, a head that knows nothing answers two questions like a coin
 * ```ts
 * import { ordinal } from "./ordinal.ts";
 * import * as tf from "../../../core/deps/tfjs.ts";
 * import { assertAlmostEquals } from "../../../core/deps/assert.ts";
 *
 * await tf.setBackend("cpu");
 * const loss = ordinal(tf.zeros([4, 2]), tf.tensor1d([0, 1, 2, 2], "int32"));
 * assertAlmostEquals(loss.dataSync()[0]!, 2 * Math.log(2), 1e-6);
 * ```
 */
export const ordinal: LossFunction = (logits, labels) =>
  tf.tidy(() => {
    const [batch, questions] = logits.shape as [number, number];
    requireLabels(labels, [batch], logits);
    const ranks = tf.range(0, questions, 1, "int32");
    const isAbove = tf.cast(tf.greater(tf.reshape(labels, [batch, 1]), ranks), "float32");
    return tf.div(tf.sum(logisticLosses(logits, isAbove, 1)), batch) as tf.Scalar;
  });

/**
 * Binary cross-entropy, for texts that may have several labels or none: each place is a question of its own.
 *
 * It is computed from softplus, `log(1 + e^x)`, because the logarithm of a sigmoid is -Infinity for logits that
 * training reaches.
 *
 * @module
 */
import * as tf from "../../../core/deps/tfjs.ts";
import { type LossFunction, requireLabels, requireWeights, weightsFor } from "./loss_function.ts";

/** Settings of {@linkcode binaryCrossEntropyWith}. */
export interface BinaryCrossEntropyOptions {
  /**
   * How much a 1 of each label counts against a 0, at least 0, as many as there are labels: for labels that most
   * texts do not have. @default {all 1}
   */
  readonly positiveWeights?: readonly number[];
}

/**
 * Binary cross-entropy `-(t log s(z) + (1 - t) log(1 - s(z)))` of the sigmoid s, in nats, the mean over all places
 * of the batch.
 *
 * | tensor                | shape             | dtype               |
 * | --------------------- | ----------------- | ------------------- |
 * | `logits`, z           | `[batch, labels]` | float32             |
 * | `labels`, t           | `[batch, labels]` | float32, 0 to 1     |
 * | returns               | `[]`              | float32             |
 *
 * @throws {RangeError} for labels of another shape
 * @example A head that knows nothing
 * ```ts
 * import { binaryCrossEntropy } from "./binary_cross_entropy.ts";
 * import * as tf from "../../../core/deps/tfjs.ts";
 * import { assertAlmostEquals } from "../../../core/deps/assert.ts";
 *
 * await tf.setBackend("cpu");
 * const loss = binaryCrossEntropy(tf.zeros([1, 3]), tf.tensor2d([[1, 0, 1]]));
 * assertAlmostEquals(loss.dataSync()[0]!, Math.log(2), 1e-6);
 * ```
 */
export const binaryCrossEntropy: LossFunction = binaryCrossEntropyWith();

/**
 * {@linkcode binaryCrossEntropy} with weights of the positives: `-(w t log s(z) + (1 - t) log(1 - s(z)))`. The mean
 * is over all places, and the weights are not in its denominator, as in PyTorch's `pos_weight`.
 *
 * @throws {RangeError} for weights below 0; its function, for another number of weights than there are labels
 * @example To miss the second label costs four times as much
 * ```ts
 * import { binaryCrossEntropyWith } from "./binary_cross_entropy.ts";
 * import * as tf from "../../../core/deps/tfjs.ts";
 * import { assertAlmostEquals } from "../../../core/deps/assert.ts";
 *
 * await tf.setBackend("cpu");
 * const loss = binaryCrossEntropyWith({ positiveWeights: [1, 4] })(tf.zeros([1, 2]), tf.tensor2d([[0, 1]]));
 * assertAlmostEquals(loss.dataSync()[0]!, (1 + 4) / 2 * Math.log(2), 1e-6);
 * ```
 */
export function binaryCrossEntropyWith({ positiveWeights }: BinaryCrossEntropyOptions = {}): LossFunction {
  requireWeights("positiveWeights", positiveWeights);
  return (logits, labels) =>
    tf.tidy(() => {
      requireLabels(labels, logits.shape, logits);
      const weights = weightsFor("positiveWeights", positiveWeights, logits.shape.at(-1)!);
      return tf.mean(logisticLosses(logits, labels, weights)) as tf.Scalar;
    });
}

/**
 * `w t softplus(-z) + (1 - t) softplus(z)` of each place; all float32, and z and t of one shape.
 *
 * @param weights of the positives, `[labels]`
 */
export function logisticLosses(
  logits: tf.Tensor,
  targets: tf.Tensor,
  weights: tf.Tensor | number,
): tf.Tensor {
  const positive = tf.mul(tf.mul(targets, weights), tf.softplus(tf.neg(logits)));
  return tf.add(positive, tf.mul(tf.sub(1, targets), tf.softplus(logits)));
}

/**
 * Softmax cross-entropy, for texts and for tokens that have one label each.
 *
 * With weights it is PyTorch's weighted mean, in which the weights are in the denominator too: a weight of 2 is
 * the same as having every example of that class twice.
 *
 * @module
 */
import * as tf from "../../../core/deps/tfjs.ts";
import { classTargets, weightedMean } from "./class_targets.ts";
import { A_SHARE, type LossFunction, requireSetting, requireWeights } from "./loss_function.ts";

/** Settings of {@linkcode crossEntropyWith}. */
export interface CrossEntropyOptions {
  /** How much an example of each class counts, at least 0, as many as there are classes. @default {all 1} */
  readonly classWeights?: readonly number[];
  /** Share of each target that is spread evenly over all classes, at least 0 and below 1. @default {0} */
  readonly labelSmoothing?: number;
}

/**
 * Softmax cross-entropy `-log softmax(logits)[label]`, in nats, the mean over the examples: the texts, or in
 * tagging all tokens of the batch that have a label. `IGNORED` and any other number that is no class
 * does not count; where nothing counts, the loss is 0 and so are its gradients.
 *
 * | tensor   | shape             | or, in tagging         | dtype   |
 * | -------- | ----------------- | ---------------------- | ------- |
 * | `logits` | `[batch, labels]` | `[batch, seq, labels]` | float32 |
 * | `labels` | `[batch]`         | `[batch, seq]`         | int32   |
 * | returns  | `[]`              | `[]`                   | float32 |
 *
 * @throws {RangeError} for labels of another shape
 * @example An untrained head is as surprised as a coin
 * ```ts
 * import { crossEntropy } from "./cross_entropy.ts";
 * import * as tf from "../../../core/deps/tfjs.ts";
 * import { assertAlmostEquals } from "../../../core/deps/assert.ts";
 *
 * await tf.setBackend("cpu");
 * const loss = crossEntropy(tf.zeros([3, 2]), tf.tensor1d([0, 1, 1], "int32"));
 * assertAlmostEquals(loss.dataSync()[0]!, Math.log(2), 1e-6);
 * ```
 */
export const crossEntropy: LossFunction = crossEntropyWith();

/**
 * {@linkcode crossEntropy} with weights `w` and smoothing `e`, as PyTorch has it since 1.10. Of C classes and N
 * examples with the label `y`:
 *
 * `-sum_n sum_c w[c] ((1 - e) [c = y_n] + e / C) log softmax(logits_n)[c] / sum_n w[y_n]`
 *
 * The mean is over the examples by the weights of their labels.
 *
 * @throws {RangeError} for a smoothing outside [0, 1) and for weights below 0; its function, for another number of
 * weights than there are classes
 * @see Szegedy et al. 2016, "Rethinking the Inception architecture", https://arxiv.org/abs/1512.00567, of smoothing
 * @example A rare class counts three times as much
 * ```ts
 * import { crossEntropyWith } from "./cross_entropy.ts";
 * import * as tf from "../../../core/deps/tfjs.ts";
 * import { assertAlmostEquals } from "../../../core/deps/assert.ts";
 *
 * await tf.setBackend("cpu");
 * const logits = tf.tensor2d([[0, 0], [0, Math.log(3)]]); // says 1/2, and 3/4
 * const loss = crossEntropyWith({ classWeights: [1, 3] })(logits, tf.tensor1d([0, 1], "int32"));
 * assertAlmostEquals(loss.dataSync()[0]!, (Math.log(2) + 3 * Math.log(4 / 3)) / 4, 1e-6);
 * ```
 */
export function crossEntropyWith(options: CrossEntropyOptions = {}): LossFunction {
  const { classWeights, labelSmoothing = 0 } = options;
  requireWeights("classWeights", classWeights);
  requireSetting("labelSmoothing", labelSmoothing, A_SHARE);
  return (logits, labels) =>
    tf.tidy(() => {
      const targets = classTargets(logits, labels, classWeights);
      const losses = tf.neg(tf.mul(smoothed(targets.isLabel, labelSmoothing), tf.logSoftmax(targets.logits)));
      return weightedMean(tf.mul(losses, targets.weights), targets);
    });
}

/** `(1 - share) isLabel + share / C`; rows of zeros stay. */
function smoothed(isLabel: tf.Tensor2D, share: number): tf.Tensor {
  if (share === 0) return isLabel;
  const counts = tf.sum(isLabel, 1, true); // [N, 1], 1 or 0
  return tf.add(tf.mul(isLabel, 1 - share), tf.mul(counts, share / isLabel.shape[1]));
}

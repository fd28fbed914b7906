/**
 * Labels of classes as numbers to multiply by: what cross-entropy and focal loss have in common.
 *
 * The rows of a batch of texts and the tokens of a batch of texts are one and the same here, a list of examples.
 * A label that is no class is not an error but one that does not count: that is how tagging leaves out padding.
 *
 * @module
 */
import * as tf from "../../../core/deps/tfjs.ts";
import { requireLabels, weightsFor } from "./loss_function.ts";

/** N examples, C classes; all float32. */
export interface ClassTargets {
  /** `[N, C]` */
  readonly logits: tf.Tensor2D;
  /** `[N, C]`, 1 at the label; a row of zeros where the example does not count. */
  readonly isLabel: tf.Tensor2D;
  /** `[C]` */
  readonly weights: tf.Tensor1D;
}

/**
 * @param logits `[batch, C]` or `[batch, seq, C]`
 * @param labels int32, without the last axis
 * @throws {RangeError} for labels of another shape, or another number of weights
 */
export function classTargets(
  logits: tf.Tensor,
  labels: tf.Tensor,
  classWeights: readonly number[] | undefined,
): ClassTargets {
  requireLabels(labels, logits.shape.slice(0, -1), logits);
  const classes = logits.shape.at(-1)!;
  const column = tf.reshape(labels, [-1, 1]);
  return {
    logits: tf.reshape(logits, [-1, classes]) as tf.Tensor2D,
    // Not tf.oneHot, which refuses a single class.
    isLabel: tf.cast(tf.equal(column, tf.range(0, classes, 1, "int32")), "float32") as tf.Tensor2D,
    weights: weightsFor("classWeights", classWeights, classes),
  };
}

/**
 * `sum(losses) / sum of the weights of all labels`; 0, with zero gradients, if those weigh nothing.
 *
 * @param losses `[N, C]`, zeros where an example does not count
 */
export function weightedMean(losses: tf.Tensor, { isLabel, weights }: ClassTargets): tf.Scalar {
  const total = tf.sum(tf.mul(isLabel, weights));
  const weighsNothing = tf.cast(tf.equal(total, 0), "float32");
  // Not tf.divNoNan, which has no gradient.
  const mean = tf.div(tf.sum(losses), tf.add(total, weighsNothing));
  return tf.mul(mean, tf.sub(1, weighsNothing)) as tf.Scalar;
}

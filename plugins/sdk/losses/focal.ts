/**
 * Focal loss: cross-entropy that turns away from what the head is already sure of.
 *
 * The probability of the other classes is a sum and not `1 - p`: of that difference, float32 keeps no digit where
 * an example is nearly learned.
 *
 * @module
 */
import * as tf from "../../../core/deps/tfjs.ts";
import { classTargets, weightedMean } from "./class_targets.ts";
import { AT_LEAST_0, type LossFunction, requireSetting, requireWeights } from "./loss_function.ts";

/** Settings of {@linkcode focal}. */
export interface FocalOptions {
  /** How fast it turns away, at least 0. Of 0, it is cross-entropy. @default {2} */
  readonly gamma?: number;
  /** How much an example of each class counts, at least 0, as many as there are classes. @default {all 1} */
  readonly classWeights?: readonly number[];
}

/** Keeps a power below 1 and its derivative finite where the other classes have no probability left. */
const TINY = 1e-30;

/**
 * Focal loss `-w[y] (1 - p)^gamma log p`, where p is the softmax probability of the label y, in nats.
 *
 * The mean is that of {@linkcode crossEntropyWith}: over the examples that count, by the weights of their labels;
 * shapes, dtypes and what does not count are those too.
 *
 * @throws {RangeError} for a gamma below 0 and for weights below 0; its function, for another number of weights
 * than there are classes, and for labels of another shape
 * @see Lin et al. 2017, "Focal loss for dense object detection", https://arxiv.org/abs/1708.02002
 * @example Of what is 9/10 sure, a hundredth of the cross-entropy is left
 * ```ts
 * import { focal } from "./focal.ts";
 * import * as tf from "../../../core/deps/tfjs.ts";
 * import { assertAlmostEquals } from "../../../core/deps/assert.ts";
 *
 * await tf.setBackend("cpu");
 * const loss = focal({ gamma: 2 })(tf.tensor2d([[Math.log(9), 0]]), tf.tensor1d([0], "int32"));
 * assertAlmostEquals(loss.dataSync()[0]!, -0.01 * Math.log(0.9), 1e-8);
 * ```
 */
export function focal({ gamma = 2, classWeights }: FocalOptions = {}): LossFunction {
  requireSetting("gamma", gamma, AT_LEAST_0);
  requireWeights("classWeights", classWeights);
  return (logits, labels) =>
    tf.tidy(() => {
      const targets = classTargets(logits, labels, classWeights);
      const { isLabel, weights } = targets;
      const logProbabilities = tf.logSoftmax(targets.logits);
      const others = tf.sum(tf.mul(tf.sub(1, isLabel), tf.exp(logProbabilities)), 1, true); // [N, 1]
      const doubts = tf.pow(tf.add(others, TINY), gamma);
      const losses = tf.neg(tf.mul(doubts, tf.mul(isLabel, logProbabilities)));
      return weightedMean(tf.mul(losses, weights), targets);
    });
}

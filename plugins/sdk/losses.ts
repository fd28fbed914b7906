/**
 * Loss functions for heads. Each answers the mean over the examples, a float32 scalar.
 *
 * @module
 */
import * as tf from "../../core/deps/tfjs.ts";

/** `(logits, labels)` → scalar. */
export type LossFunction = (logits: tf.Tensor, labels: tf.Tensor) => tf.Scalar;

/**
 * Softmax cross-entropy: `-mean(log softmax(logits)[b, labels[b]])`, in nats per example.
 *
 * | tensor   | shape             | dtype   |
 * | -------- | ----------------- | ------- |
 * | `logits` | `[batch, labels]` | float32 |
 * | `labels` | `[batch]`         | int32   |
 * | returns  | `[]`              | float32 |
 *
 * Owns nothing: the arguments stay yours, and so does the result.
 *
 * @example An untrained head is as surprised as a coin
 * ```ts
 * import { crossEntropy } from "./losses.ts";
 * import * as tf from "../../core/deps/tfjs.ts";
 * import { assertAlmostEquals } from "../../core/deps/assert.ts";
 *
 * await tf.setBackend("cpu");
 * const loss = crossEntropy(tf.zeros([3, 2]), tf.tensor1d([0, 1, 1], "int32"));
 * assertAlmostEquals(loss.dataSync()[0]!, Math.log(2), 1e-6);
 * ```
 */
export const crossEntropy: LossFunction = (logits, labels) =>
  tf.tidy(() => {
    // Cast apart: oneHot's own float32 type gives garbage on wasm (the kernel writes whole numbers).
    const targets = tf.cast(tf.oneHot(labels as tf.Tensor1D, logits.shape.at(-1)!), "float32");
    return tf.neg(tf.mean(tf.sum(tf.mul(targets, tf.logSoftmax(logits)), -1))) as tf.Scalar;
  });

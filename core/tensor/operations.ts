/**
 * The operations that the models are made of, where tfjs has none or has a wrong or slow one.
 *
 * @module
 */
import * as tf from "../deps/tfjs.ts";
import type { Random } from "./random.ts";

/**
 * Layer normalization over the last axis: `(x - mean) / sqrt(variance + epsilon) * gamma + beta`.
 *
 * `x`: `[…, n]`; `gamma`, `beta`: `[n]`; all float32. The result has x's shape and is the caller's.
 *
 * @see Ba et al. 2016, "Layer normalization", https://arxiv.org/abs/1607.06450
 */
export function layerNorm(x: tf.Tensor, gamma: tf.Tensor, beta: tf.Tensor, epsilon: number): tf.Tensor {
  return tf.tidy(() => {
    const centred = tf.sub(x, tf.mean(x, -1, true));
    const variance = tf.mean(tf.square(centred), -1, true);
    return tf.add(tf.mul(tf.mul(centred, tf.rsqrt(tf.add(variance, epsilon))), gamma), beta);
  });
}

/**
 * The exact Gaussian error linear unit `x * (1 + erf(x / sqrt(2))) / 2`, as in the published BERT.
 *
 * @see Hendrycks and Gimpel 2016, https://arxiv.org/abs/1606.08415
 */
export function gelu(x: tf.Tensor): tf.Tensor {
  return tf.tidy(() => tf.mul(tf.mul(x, 0.5), tf.add(tf.erf(tf.mul(x, Math.SQRT1_2)), 1)));
}

/**
 * Inverted dropout: zeros with probability `rate`, the rest divided by `1 - rate`.
 *
 * The noise is made on the host from `random`, so that it is the same on every backend.
 */
export function dropout(x: tf.Tensor, rate: number, random: Random): tf.Tensor {
  if (rate === 0) return tf.clone(x);
  return tf.tidy(() => tf.mul(x, tf.tensor(dropoutMask(x.size, rate, random), x.shape)));
}

function dropoutMask(size: number, rate: number, random: Random): Float32Array {
  const mask = new Float32Array(size);
  const threshold = rate * 2 ** 32;
  const kept = 1 / (1 - rate);
  for (let index = 0; index < size; index++) mask[index] = random.uint32() < threshold ? 0 : kept;
  return mask;
}

/**
 * The operations that the models are made of, where tfjs has none or has a wrong or slow one.
 *
 * Each is differentiable, and is computed by the current backend's kernel where it has one and as a
 * composition of tfjs operations elsewhere; see kernels/table.ts.
 *
 * @module
 */
import * as tf from "../deps/tfjs.ts";
import { kernelOf } from "./kernels/table.ts";
import type { Random } from "./random.ts";

/**
 * A linear layer, `x weightᵀ + bias`.
 *
 * `x`: `[rows, inputs]`; `weight`: `[outputs, inputs]`; `bias`: `[outputs]`; all float32. The result is
 * `[rows, outputs]` and the caller's.
 */
export function linear(x: tf.Tensor, weight: tf.Tensor, bias: tf.Tensor): tf.Tensor {
  return kernelOf("linear")(x, weight, bias);
}

/**
 * Layer normalization over the last axis: `(x - mean) / sqrt(variance + epsilon) * gamma + beta`.
 *
 * `x`: `[…, n]`; `gamma`, `beta`: `[n]`; all float32. The result has x's shape and is the caller's.
 *
 * @see Ba et al. 2016, "Layer normalization", https://arxiv.org/abs/1607.06450
 */
export function layerNorm(x: tf.Tensor, gamma: tf.Tensor, beta: tf.Tensor, epsilon: number): tf.Tensor {
  return kernelOf("layerNorm")(x, gamma, beta, epsilon);
}

/**
 * The exact Gaussian error linear unit `x * (1 + erf(x / sqrt(2))) / 2`, as in the published BERT.
 *
 * @see Hendrycks and Gimpel 2016, https://arxiv.org/abs/1606.08415
 */
export function gelu(x: tf.Tensor): tf.Tensor {
  return kernelOf("gelu")(x);
}

/**
 * `softmax(scale * scores + bias)` over the last axis, the heart of attention.
 *
 * `scores`: `[B, A, S, T]`; `bias`: `[B, 1, 1, T]`, very negative where nothing may be attended to, and
 * without a gradient; both float32.
 */
export function maskedSoftmax(scores: tf.Tensor, bias: tf.Tensor, scale: number): tf.Tensor {
  return kernelOf("maskedSoftmax")(scores, bias, scale);
}

/**
 * Inverted dropout: zeros with probability `rate`, the rest divided by `1 - rate`.
 *
 * The noise comes from four streams of its own, whose states are 16 draws from `random`: the same on every
 * backend, and another one at the next call.
 *
 * @param rate from 0 to below 1
 */
export function dropout(x: tf.Tensor, rate: number, random: Random): tf.Tensor {
  if (rate === 0) return tf.clone(x);
  return kernelOf("dropout")(x, rate, Uint32Array.from({ length: 16 }, () => random.uint32()));
}

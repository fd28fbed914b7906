/**
 * The parts of a transformer by their formulas, on {@linkcode Array64}.
 *
 * @module
 */
import { Random } from "../../../core/tensor/random.ts";
import { Array64, each, scalar, sizeOf } from "./array64.ts";
import {
  add,
  div,
  exp,
  largest,
  log,
  mean,
  mul,
  normalShare,
  rsqrt,
  square,
  sub,
  sum,
  times,
} from "./numbers.ts";
import { matMul, reshape, transpose } from "./shapes.ts";

/** `x weightᵀ + bias` */
export function linear(x: Array64, weight: Array64, bias: Array64): Array64 {
  return add(matMul(x, weight, { b: true }), bias);
}

/** Over the last axis. @see Ba et al. 2016, https://arxiv.org/abs/1607.06450 */
export function layerNorm(x: Array64, gamma: Array64, beta: Array64, epsilon: number): Array64 {
  const centred = sub(x, mean(x, [-1], true));
  const variance = mean(square(centred), [-1], true);
  return add(mul(mul(centred, rsqrt(add(variance, scalar(epsilon)))), gamma), beta);
}

/** `x Φ(x)`. @see Hendrycks and Gimpel 2016, https://arxiv.org/abs/1606.08415 */
export function gelu(x: Array64): Array64 {
  const density = (x: number): number => Math.exp(-x * x / 2) / Math.sqrt(2 * Math.PI);
  return each(x, (x) => x * normalShare(x), (x) => normalShare(x) + x * density(x));
}

/** Over the last axis. */
export function softmax(x: Array64): Array64 {
  const powers = exp(sub(x, largest(x)));
  return div(powers, sum(powers, [-1], true));
}

/** Over the last axis. */
export function logSoftmax(x: Array64): Array64 {
  const centred = sub(x, largest(x));
  return sub(centred, log(sum(exp(centred), [-1], true)));
}

/**
 * `softmax(scale scores + bias)`. The sum is rounded to float32 on purpose: next to -1e9 nothing of a score is
 * left there, and all weights of a row that is nothing but padding are equal.
 */
export function maskedSoftmax(scores: Array64, bias: Array64, scale: number): Array64 {
  const isRounded = bias.data.some((value) => Math.abs(value) > 1e6);
  const logits = add(times(scores, scale), bias);
  return softmax(isRounded ? each(logits, Math.fround, () => 1) : logits);
}

/** Multiplies by 0 or by `1 / (1 - rate)`, by the noise that core/tensor/operations.ts describes. */
export function dropout(x: Array64, rate: number, random: Random): Array64 {
  const words = Array.from({ length: 16 }, () => random.uint32()); // the first of all four, then the second
  const streams = [0, 1, 2, 3].map((stream) =>
    Random.restore([words[stream]!, words[4 + stream]!, words[8 + stream]!, words[12 + stream]!])
  );
  const mask = Array.from(
    { length: sizeOf(x.shape) },
    (_, at) => streams[at % 4]!.uniform() < rate ? 0 : 1 / (1 - rate),
  );
  return mul(x, new Array64(x.shape, mask));
}

/** Numbers that make an attention. */
export interface Heads {
  readonly batch: number;
  readonly heads: number;
  /** 0 for none. */
  readonly rate: number;
}

/** @see Vaswani et al. 2017, https://arxiv.org/abs/1706.03762 */
export function attention(
  query: Array64,
  key: Array64,
  value: Array64,
  bias: Array64,
  { batch, heads, rate }: Heads,
  random: Random,
): Array64 {
  const [rows, hidden] = query.shape as [number, number];
  const [length, width] = [rows / batch, hidden / heads];
  const split = (x: Array64): Array64 => transpose(reshape(x, [batch, length, heads, width]), [0, 2, 1, 3]);
  const scores = matMul(split(query), split(key), { b: true });
  const weights = maskedSoftmax(scores, bias, 1 / Math.sqrt(width));
  const context = matMul(rate > 0 ? dropout(weights, rate, random) : weights, split(value));
  return reshape(transpose(context, [0, 2, 1, 3]), [rows, hidden]);
}

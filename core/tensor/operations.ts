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
import type { RandomStates } from "./kernels/composed.ts";
import type { Random } from "./random.ts";
import type { Varying } from "./varying.ts";

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
 * `gelu(x weightᵀ + bias)`, the first half of a transformer's feed-forward layer: {@linkcode linear} and
 * {@linkcode gelu} in one, so that a kernel need not read its own result again. Shapes as in `linear`.
 */
export function linearGelu(x: tf.Tensor, weight: tf.Tensor, bias: tf.Tensor): tf.Tensor {
  return kernelOf("linearGelu")(x, weight, bias);
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
 * @param random or a function that makes the same one each time that it is asked in one run (capture.ts): the
 * gradient asks again
 */
export function dropout(x: tf.Tensor, rate: number, random: Varying<Random>): tf.Tensor {
  if (rate === 0) return tf.clone(x);
  return kernelOf("dropout")(x, rate, statesFrom(random));
}

/** Settings of {@linkcode attention}. */
export interface AttentionOptions {
  /** How many heads the hidden axis is cut into; has to divide it. */
  heads: number;
  /** What scores are multiplied by. @default {1 / Math.sqrt(hidden / heads)} */
  scale?: number;
  /** Probability of dropping a weight, as in {@linkcode dropout}. @default {0} */
  rate?: number;
  /** Noise of the dropout; nothing is dropped without it. */
  random?: Varying<Random> | undefined;
}

/**
 * Multi-head attention without its linear layers: per head
 * `dropout(softmax(scale query keyᵀ + bias)) value`.
 *
 * `query`, `key`, `value`: `[batch * length, hidden]`, head after head along a row; `bias`: `[batch, 1, 1,
 * length]`, very negative where nothing may be attended to, and without a gradient; all float32. The result
 * is `[batch * length, hidden]` and the caller's. Memory between the passes is that of the weights, `batch *
 * heads * length * length` numbers.
 *
 * @see Vaswani et al. 2017, "Attention is all you need", https://arxiv.org/abs/1706.03762
 *
 * @example Two tokens that are equally near to the query: the mean of their values
 * ```ts
 * import { attention } from "./operations.ts";
 * import * as tf from "../deps/tfjs.ts";
 * import { assertEquals } from "../deps/assert.ts";
 *
 * await tf.setBackend("cpu");
 * const [query, value] = [tf.zeros([2, 1]), tf.tensor([1, 3], [2, 1])];
 *
 * const context = attention(query, query, value, tf.zeros([1, 1, 1, 2]), { heads: 1 });
 *
 * assertEquals([...context.dataSync()], [2, 2]);
 * tf.dispose([query, value, context]);
 * ```
 */
export function attention(
  query: tf.Tensor,
  key: tf.Tensor,
  value: tf.Tensor,
  bias: tf.Tensor,
  { heads, scale = 1 / Math.sqrt(query.shape.at(-1)! / heads), rate = 0, random }: AttentionOptions,
): tf.Tensor {
  const isDropping = random !== undefined && rate > 0;
  return kernelOf("attention")(query, key, value, bias, {
    ...{ heads, scale, rate: isDropping ? rate : 0 },
    states: isDropping ? statesFrom(random) : NO_STATES,
  });
}

/**
 * Rows of a table, `table[ids]`, with the gradient of the table.
 *
 * `table`: `[rows, width]` float32, or several of the same width, which are one below the other (rows of a
 * table that no device could hold in one piece); `ids`: whole numbers from 0 to below `rows`, in ordinary
 * memory because kernels sort them. Instead of ids there may be a function that answers them, the same ones
 * until the gradient is computed: whoever repeats a recorded step asks it again for others, as many as at
 * first. The result is `[ids.length, width]` and the caller's; the gradient is as large as the table.
 *
 * @example
 * ```ts
 * import { embed } from "./operations.ts";
 * import * as tf from "../deps/tfjs.ts";
 * import { assertEquals } from "../deps/assert.ts";
 *
 * await tf.setBackend("cpu");
 * const table = tf.tensor([[1, 2], [3, 4]]);
 *
 * const rows = embed(table, Int32Array.of(1, 1, 0));
 *
 * assertEquals([...rows.dataSync()], [3, 4, 3, 4, 1, 2]);
 * tf.dispose([table, rows]);
 * ```
 */
export function embed(
  table: tf.Tensor | readonly tf.Tensor[],
  ids: Int32Array | (() => Int32Array),
): tf.Tensor {
  const parts = table instanceof tf.Tensor ? [table] : table;
  return kernelOf("embed")(parts, typeof ids === "function" ? ids : () => ids);
}

const NO_STATES = new Uint32Array(16);

function statesFrom(random: Varying<Random>): Varying<RandomStates> {
  if (typeof random === "function") return () => drawStates(random());
  return drawStates(random);
}

function drawStates(random: Random): RandomStates {
  return Uint32Array.from({ length: 16 }, () => random.uint32());
}

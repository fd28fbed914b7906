/**
 * What can have a kernel of our own, and each of it as a composition of tfjs' operations: the fallback of
 * every backend, and the reference that kernels are compared with.
 *
 * @module
 */
import * as tf from "../../deps/tfjs.ts";
import { Random } from "../random.ts";
import { now, type Varying } from "../varying.ts";
import { type ParameterUpdate, updateComposed, type UpdateRule } from "./adamw.ts";

/** Four streams of core/tensor/random.ts, word by word: `[a a a a b b b b c c c c d d d d]`. */
export type RandomStates = ArrayLike<number>;

/** What {@linkcode Operations.attention} needs beside its tensors. */
export interface AttentionRule {
  /** Heads that the hidden axis is cut into; divides it. */
  readonly heads: number;
  /** What scores are multiplied by, usually `1 / sqrt(hidden / heads)`. */
  readonly scale: number;
  /** Probability of dropping a weight, from 0 to below 1. */
  readonly rate: number;
  /** Of the dropout; not looked at with a rate of 0. */
  readonly states: Varying<RandomStates>;
}

/** The last three are explained in adamw.ts, the others in operations.ts; those are differentiable. */
export interface Operations {
  linear(x: tf.Tensor, weight: tf.Tensor, bias: tf.Tensor): tf.Tensor;
  linearGelu(x: tf.Tensor, weight: tf.Tensor, bias: tf.Tensor): tf.Tensor;
  layerNorm(x: tf.Tensor, gamma: tf.Tensor, beta: tf.Tensor, epsilon: number): tf.Tensor;
  gelu(x: tf.Tensor): tf.Tensor;
  maskedSoftmax(scores: tf.Tensor, bias: tf.Tensor, scale: number): tf.Tensor;
  dropout(x: tf.Tensor, rate: number, states: Varying<RandomStates>): tf.Tensor;
  attention(
    query: tf.Tensor,
    key: tf.Tensor,
    value: tf.Tensor,
    bias: tf.Tensor,
    rule: AttentionRule,
  ): tf.Tensor;
  embed(parts: readonly tf.Tensor[], ids: () => Int32Array): tf.Tensor;
  updateParameters(updates: readonly ParameterUpdate[], rule: UpdateRule): void;
  squaredNorm(gradients: Iterable<tf.Tensor>): Promise<number>;
}

/** Operation → composition. */
export const composed: Operations = {
  linear: (x, weight, bias) => tf.tidy(() => tf.add(tf.matMul(x, weight, false, true), bias)),

  linearGelu: (...call) => linearGeluOf(composed)(...call),

  layerNorm: (x, gamma, beta, epsilon) =>
    tf.tidy(() => {
      const centred = tf.sub(x, tf.mean(x, -1, true));
      const variance = tf.mean(tf.square(centred), -1, true);
      return tf.add(tf.mul(tf.mul(centred, tf.rsqrt(tf.add(variance, epsilon))), gamma), beta);
    }),

  gelu: (x) => tf.tidy(() => tf.mul(tf.mul(x, 0.5), tf.add(tf.erf(tf.mul(x, Math.SQRT1_2)), 1))),

  maskedSoftmax: (scores, bias, scale) => tf.tidy(() => tf.softmax(tf.add(tf.mul(scores, scale), bias))),

  dropout: (x, rate, states) =>
    tf.tidy(() => tf.mul(x, tf.tensor(dropoutMask(x.size, rate, now(states)), x.shape))),

  attention: (...call) => attentionOf(composed)(...call),

  embed: (parts, ids) =>
    tf.tidy(() => {
      const table = parts.length === 1 ? parts[0]! : tf.concat([...parts]);
      return tf.gather(table, tf.tensor1d(ids(), "int32"));
    }),

  updateParameters: updateComposed,

  async squaredNorm(gradients): Promise<number> {
    // One by one: tfjs' addN binds all of them at once on webgpu, where a device has room for 8 to 32.
    const total = tf.tidy(() =>
      [...gradients].map((gradient): tf.Tensor => tf.sum(tf.square(gradient)))
        .reduce((sum, one) => tf.add(sum, one))
    );
    const [value] = await total.data() as Float32Array;
    total.dispose();
    return value!;
  },
};

/** A linear layer and its GELU, with the kernels of a backend that has one for each and none for both. */
export function linearGeluOf(
  { linear, gelu }: Pick<Operations, "linear" | "gelu">,
): Operations["linearGelu"] {
  return (x, weight, bias) => tf.tidy(() => gelu(linear(x, weight, bias)));
}

/** Attention as a composition, with the softmax and the dropout of a backend that has kernels for those. */
export function attentionOf(
  { maskedSoftmax, dropout }: Pick<Operations, "maskedSoftmax" | "dropout">,
): Operations["attention"] {
  return (query, key, value, bias, { heads, scale, rate, states }) =>
    tf.tidy(() => {
      const [batch, length] = [bias.shape[0]!, bias.shape.at(-1)!];
      const hidden = query.shape[1]!;
      const split = (x: tf.Tensor): tf.Tensor =>
        tf.transpose(tf.reshape(x, [batch, length, heads, hidden / heads]), [0, 2, 1, 3]); // [B, A, S, D]
      const scores = tf.matMul(split(query), split(key), false, true); // [B, A, S, S]
      const weights = maskedSoftmax(scores, bias, scale);
      const kept = rate === 0 ? weights : dropout(weights, rate, states);
      const context = tf.transpose(tf.matMul(kept, split(value)), [0, 2, 1, 3]); // [B, S, A, D]
      return tf.reshape(context, [batch * length, hidden]);
    });
}

/** One draw per element, from the four streams in turn: a kernel does four at a time. */
function dropoutMask(size: number, rate: number, states: RandomStates): Float32Array {
  const streams = [0, 1, 2, 3].map((stream) => {
    const word = (index: number): number => states[index * 4 + stream]!;
    return Random.restore([word(0), word(1), word(2), word(3)]);
  });
  const mask = new Float32Array(size);
  const threshold = rate * 2 ** 32;
  const kept = 1 / (1 - rate);
  for (let index = 0; index < size; index++) {
    mask[index] = streams[index % 4]!.uint32() < threshold ? 0 : kept;
  }
  return mask;
}

/**
 * What can have a kernel of our own, and each of it as a composition of tfjs' operations: the fallback of
 * every backend, and the reference that kernels are compared with.
 *
 * @module
 */
import * as tf from "../../deps/tfjs.ts";
import { Random } from "../random.ts";
import { type Moments, updateComposed, type UpdateRule } from "./adamw.ts";

/** Four streams of core/tensor/random.ts, word by word: `[a a a a b b b b c c c c d d d d]`. */
export type RandomStates = ArrayLike<number>;

/** The first five are differentiable and explained in operations.ts, the others in adamw.ts. */
export interface Operations {
  linear(x: tf.Tensor, weight: tf.Tensor, bias: tf.Tensor): tf.Tensor;
  layerNorm(x: tf.Tensor, gamma: tf.Tensor, beta: tf.Tensor, epsilon: number): tf.Tensor;
  gelu(x: tf.Tensor): tf.Tensor;
  maskedSoftmax(scores: tf.Tensor, bias: tf.Tensor, scale: number): tf.Tensor;
  dropout(x: tf.Tensor, rate: number, states: RandomStates): tf.Tensor;
  /** Updates the parameter and replaces its moments. */
  updateParameter(parameter: tf.Variable, gradient: tf.Tensor, moments: Moments, rule: UpdateRule): void;
  squaredNorm(gradients: Iterable<tf.Tensor>): Promise<number>;
}

/** Operation → composition. */
export const composed: Operations = {
  linear: (x, weight, bias) => tf.tidy(() => tf.add(tf.matMul(x, weight, false, true), bias)),

  layerNorm: (x, gamma, beta, epsilon) =>
    tf.tidy(() => {
      const centred = tf.sub(x, tf.mean(x, -1, true));
      const variance = tf.mean(tf.square(centred), -1, true);
      return tf.add(tf.mul(tf.mul(centred, tf.rsqrt(tf.add(variance, epsilon))), gamma), beta);
    }),

  gelu: (x) => tf.tidy(() => tf.mul(tf.mul(x, 0.5), tf.add(tf.erf(tf.mul(x, Math.SQRT1_2)), 1))),

  maskedSoftmax: (scores, bias, scale) => tf.tidy(() => tf.softmax(tf.add(tf.mul(scores, scale), bias))),

  dropout: (x, rate, states) =>
    tf.tidy(() => tf.mul(x, tf.tensor(dropoutMask(x.size, rate, states), x.shape))),

  updateParameter: updateComposed,

  async squaredNorm(gradients): Promise<number> {
    const total = tf.tidy(() => tf.addN([...gradients].map((gradient) => tf.sum(tf.square(gradient)))));
    const [value] = await total.data() as Float32Array;
    total.dispose();
    return value!;
  },
};

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

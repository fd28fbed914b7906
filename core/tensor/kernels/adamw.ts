/**
 * One AdamW update of one parameter: what it is told, and the reference as a composition of tfjs operations.
 *
 * Composed, an update is 16 passes over memory, and half a training step of a small model; kernels do it
 * in one.
 *
 * @module
 */
import * as tf from "../../deps/tfjs.ts";

/** First and second moment of one parameter; same shape as the parameter. */
export interface Moments {
  first: tf.Tensor;
  second: tf.Tensor;
}

/** Everything about one update but the tensors. */
export interface UpdateRule {
  readonly learningRate: number;
  readonly decay: number;
  readonly beta1: number;
  readonly beta2: number;
  readonly epsilon: number;
  /** `1 - beta1^t`. */
  readonly correction1: number;
  /** `1 - beta2^t`. */
  readonly correction2: number;
  readonly scale: number;
}

/** Updates the parameter and replaces its moments. */
export function updateComposed(
  parameter: tf.Variable,
  gradient: tf.Tensor,
  moments: Moments,
  { learningRate, decay, beta1, beta2, epsilon, correction1, correction2, scale }: UpdateRule,
): void {
  const old = [moments.first, moments.second];
  const [first, second, updated] = tf.tidy(() => {
    const scaled = tf.mul(gradient, scale);
    const first = tf.add(tf.mul(moments.first, beta1), tf.mul(scaled, 1 - beta1));
    const second = tf.add(tf.mul(moments.second, beta2), tf.mul(tf.square(scaled), 1 - beta2));
    const root = tf.add(tf.sqrt(tf.div(second, correction2)), epsilon);
    const change = tf.add(tf.div(tf.div(first, correction1), root), tf.mul(parameter, decay));
    return [first, second, tf.sub(parameter, tf.mul(change, learningRate))] as const;
  });
  moments.first = first;
  moments.second = second;
  parameter.assign(updated);
  tf.dispose([...old, updated]);
}

/**
 * An AdamW update of all parameters: what it is told, and the reference as a composition of tfjs operations.
 *
 * Composed, an update is 16 passes over memory per parameter, and half a training step of a small model;
 * kernels do it in one, and all parameters together where starting a kernel is dear.
 *
 * @module
 */
import * as tf from "../../deps/tfjs.ts";

/** First and second moment of one parameter; same shape as the parameter. */
export interface Moments {
  first: tf.Tensor;
  second: tf.Tensor;
}

/** What is updated. */
export interface ParameterUpdate {
  readonly parameter: tf.Variable;
  /** Same shape; only read. */
  readonly gradient: tf.Tensor;
  /** Replaced, or changed in place. */
  readonly moments: Moments;
  /** Share of the parameter that is taken off per unit of learning rate. */
  readonly decay: number;
}

/** What all parameters of one update share. */
export interface UpdateRule {
  readonly learningRate: number;
  readonly beta1: number;
  readonly beta2: number;
  readonly epsilon: number;
  /** `1 - beta1^t`. */
  readonly correction1: number;
  /** `1 - beta2^t`. */
  readonly correction2: number;
  /** What gradients are multiplied by. */
  readonly scale: number;
}

/** Updates the parameters and replaces their moments. */
export function updateComposed(updates: readonly ParameterUpdate[], rule: UpdateRule): void {
  for (const update of updates) updateOne(update, rule);
}

function updateOne(
  { parameter, gradient, moments, decay }: ParameterUpdate,
  { learningRate, beta1, beta2, epsilon, correction1, correction2, scale }: UpdateRule,
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

/**
 * One AdamW update of one parameter: fused on the wasm heap, composed of tfjs operations elsewhere.
 *
 * Composed, an update is 16 passes over memory, and half a training step of a small model.
 *
 * @module
 */
import * as tf from "../../deps/tfjs.ts";
import { wasmHeap } from "./wasm_heap.ts";

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
export function updateParameter(
  parameter: tf.Variable,
  gradient: tf.Tensor,
  moments: { first: tf.Tensor; second: tf.Tensor },
  rule: UpdateRule,
): void {
  if (tf.getBackend() === "wasm") updateOnHeap(parameter, gradient, moments, rule);
  else updateComposed(parameter, gradient, moments, rule);
}

/** The reference: what the fused kernels are compared with. */
export function updateComposed(
  parameter: tf.Variable,
  gradient: tf.Tensor,
  moments: { first: tf.Tensor; second: tf.Tensor },
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

function updateOnHeap(
  parameter: tf.Variable,
  gradient: tf.Tensor,
  moments: { first: tf.Tensor; second: tf.Tensor },
  { learningRate, decay, beta1, beta2, epsilon, correction1, correction2, scale }: UpdateRule,
): void {
  // The moments change in place. The parameter must not: the backend packs the weights of a matMul once
  // per tensor, and would go on with the old ones.
  const updated = wasmHeap.allocate(parameter.shape);
  const p = wasmHeap.view(parameter);
  const g = wasmHeap.view(gradient);
  const m = wasmHeap.view(moments.first);
  const v = wasmHeap.view(moments.second);
  const out = wasmHeap.view(updated);
  const kept = 1 - learningRate * decay;
  const rate = learningRate / correction1;
  const rootScale = 1 / Math.sqrt(correction2);
  for (let index = 0; index < out.length; index++) {
    const gradientHere = g[index]! * scale;
    const first = beta1 * m[index]! + (1 - beta1) * gradientHere;
    const second = beta2 * v[index]! + (1 - beta2) * gradientHere * gradientHere;
    m[index] = first;
    v[index] = second;
    out[index] = p[index]! * kept - rate * first / (Math.sqrt(second) * rootScale + epsilon);
  }
  parameter.assign(updated);
  updated.dispose();
}

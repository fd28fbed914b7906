/**
 * The gradients of four operations whose inputs were broadcast.
 *
 * tfjs answers a gradient with the shape of the result and not of the input, and throws then; `matMul` of a
 * batch with one matrix is the case that a transformer meets. Added up over what was broadcast, it is right.
 *
 * @module
 */
import * as tf from "../../deps/tfjs.ts";

/** Kernels with the inputs `a` and `b`. */
const BROADCASTING = ["BatchMatMul", "Maximum", "Minimum", "SquaredDifference"];

/** Replaces the four in the registry of gradients, for all backends. */
export function repairBroadcastGradients(): void {
  for (const kernelName of BROADCASTING) {
    const { gradFunc, ...config } = tf.getGradient(kernelName);
    tf.unregisterGradient(kernelName);
    tf.registerGradient({
      ...config,
      kernelName,
      gradFunc: (dy, saved, attributes) => {
        const [a, b] = saved as [tf.Tensor, tf.Tensor];
        const gradients = gradFunc(dy, saved, attributes);
        return {
          a: () => summedTo(gradients["a"]!(), a.shape),
          b: () => summedTo(gradients["b"]!(), b.shape),
        };
      },
    });
  }
}

/** Adds up along every axis that was repeated. Called in the tidy of the backward pass. */
function summedTo(gradient: tf.Tensor, shape: number[]): tf.Tensor {
  if (gradient.shape.join() === shape.join()) return gradient;
  const axes = tf.broadcast_util.getReductionAxes(shape, gradient.shape);
  return tf.reshape(tf.sum(gradient, axes), shape);
}

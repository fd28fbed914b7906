/**
 * Gradient checkpointing: memory for time.
 *
 * A part of a model that is computed so keeps only its input between the passes, and computes the rest again
 * when its gradient is due. The numbers are those of the plain computation to the last bit, because the same
 * kernels see the same inputs; what is random in it has to depend on the place only, as dropout here does.
 *
 * @see Chen et al. 2016, "Training deep nets with sublinear memory cost", https://arxiv.org/abs/1604.06174
 *
 * @module
 */
import * as tf from "../deps/tfjs.ts";
import { differentiable } from "./kernels/differentiable.ts";
import { gradientsOf } from "./tape.ts";

/**
 * Computes `part(x, ...constants)` without keeping what is in between. The result is the caller's.
 *
 * @param part differentiable, and a function of what it is given and the parameters alone: it is called twice
 * @param x kept until the gradient is computed, and so are the constants
 * @param parameters what is also differentiated by; they must not change between the passes
 * @param constants what is not differentiated by. @default {[]}
 *
 * @example The gradient of a cube, which is computed once more for it
 * ```ts
 * import { checkpointed } from "./checkpointing.ts";
 * import { gradientsOf } from "./tape.ts";
 * import * as tf from "../deps/tfjs.ts";
 * import { assertEquals } from "../deps/assert.ts";
 *
 * await tf.setBackend("cpu");
 * const x = tf.scalar(2);
 * let calls = 0;
 * const cube = (x: tf.Tensor): tf.Tensor => {
 *   calls++;
 *   return tf.mul(tf.square(x), x);
 * };
 *
 * const [gradient] = gradientsOf(() => checkpointed(cube, x, []), [x]);
 *
 * assertEquals([gradient!.dataSync()[0], calls], [12, 2]);
 * ```
 */
export function checkpointed(
  part: (x: tf.Tensor, ...constants: tf.Tensor[]) => tf.Tensor,
  x: tf.Tensor,
  parameters: readonly tf.Variable[],
  constants: readonly tf.Tensor[] = [],
): tf.Tensor {
  const run = differentiable((save) => {
    save([x, ...constants]);
    return [part(x, ...constants), (dy, [x, ...constants]) => {
      const by = [x!, ...parameters];
      const found = gradientsOf(() => part(x!, ...constants), by, dy);
      return found.map((gradient, index) => gradient ?? tf.zerosLike(by[index]!));
    }];
  });
  return run(x, ...parameters);
}

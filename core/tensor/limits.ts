/**
 * What does not fit on a device, said before anything is built.
 *
 * A GPU binds a tensor as a whole, so its limit is one of each tensor and not of all together. tfjs makes the
 * buffer at the first use, so the same error would otherwise come in the first step of a training. A table
 * can be cut (sharded_table.ts); what is multiplied cannot.
 *
 * @module
 */
import * as tf from "../deps/tfjs.ts";
import { KBertError } from "../wall/errors.ts";
import { sizeOf } from "../wall/tensor.ts";

/** The largest tensor of the current backend, in bytes; infinite where only the memory is a limit. */
export function largestTensorBytes(): number {
  if (tf.getBackend() !== "webgpu") return Infinity;
  const { limits } = (tf.backend() as unknown as { readonly device: GPUDevice }).device;
  return Math.min(limits.maxStorageBufferBindingSize, limits.maxBufferSize);
}

/**
 * Refuses a model with a float32 parameter that the current backend cannot hold.
 *
 * @param shapes names and shapes of all parameters
 * @param limitBytes of one tensor. @default {largestTensorBytes()}
 * @throws {KBertError} `tensor/too-large`, naming the largest one
 *
 * @example
 * ```ts
 * import { requireFittingParameters } from "./limits.ts";
 * import { assertThrows } from "../deps/assert.ts";
 *
 * const shapes = [["table", [1_000, 64]], ["bias", [64]]] as const;
 *
 * requireFittingParameters(shapes, 256_000);
 * assertThrows(() => requireFittingParameters(shapes, 255_999), Error, "table of 1000 × 64 numbers takes 256000");
 * ```
 */
export function requireFittingParameters(
  shapes: Iterable<readonly [name: string, shape: readonly number[]]>,
  limitBytes: number = largestTensorBytes(),
): void {
  const all = [...shapes].map(([name, shape]) => ({ name, shape, bytes: 4 * sizeOf(shape) }));
  const { name, shape, bytes } = all.reduce((one, other) => other.bytes > one.bytes ? other : one);
  if (bytes <= limitBytes) return;
  const message =
    `The parameter ${name} of ${shape.join(" × ")} numbers takes ${bytes} bytes, and this GPU ` +
    `binds at most ${limitBytes} bytes at once; use a smaller model or another backend`;
  throw new KBertError("tensor/too-large", message, { limitBytes, bytes });
}

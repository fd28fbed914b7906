/**
 * Tensors between a backend and ordinary memory.
 *
 * @module
 */
import * as tf from "../deps/tfjs.ts";
import type { HostTensor } from "../wall/tensor.ts";
import { gpu } from "./kernels/webgpu/gpu.ts";
import { useBlockingReads } from "./readback.ts";

/** A tensor on the current backend with these numbers; the caller disposes of it. */
export function upload({ data, shape, dtype }: HostTensor): tf.Tensor {
  return tf.tensor(data, [...shape], dtype);
}

/**
 * The numbers of a float32 tensor. Copied: tfjs may answer a view on its own memory, and what crosses the
 * wall is moved.
 *
 * @example There and back
 * ```ts
 * import { download, upload } from "./transfer.ts";
 * import * as tf from "../deps/tfjs.ts";
 * import { assertEquals } from "../deps/assert.ts";
 *
 * await tf.setBackend("cpu");
 * const host = { dtype: "float32", shape: [2], data: new Float32Array([1, 2]) } as const;
 * assertEquals(await download(upload(host)), host);
 * ```
 */
export async function download(tensor: tf.Tensor): Promise<HostTensor> {
  if (tf.getBackend() === "webgpu") await useBlockingReads(tf.backend());
  return { dtype: "float32", shape: tensor.shape, data: (await tensor.data()).slice() as Float32Array };
}

/** The same numbers, which stay when the tensor's memory is written to in place; the caller disposes of them. */
export function withOwnMemory(tensor: tf.Tensor): tf.Tensor {
  return tf.getBackend() === "webgpu" ? gpu().copy(tensor) : tf.clone(tensor); // elsewhere nothing is
}

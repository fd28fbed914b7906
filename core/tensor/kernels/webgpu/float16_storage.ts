/**
 * Tensors whose numbers are stored as float16: half the memory, for adapters with `shader-f16`.
 *
 * tfjs has no such type. For its engine, and so for tapes, shapes and gradients, such a tensor is one of
 * float32; only the backend's own record of it says `float16` and has a buffer of half the bytes. Our programs
 * read it as `f16` and compute in `f32`; those of tfjs, which would take two numbers for one, are refused
 * (guards/webgpu_float16.ts).
 *
 * @module
 */
import type * as tf from "../../../deps/tfjs.ts";
import type { TensorData, WebGpuBackend } from "./program_backend.ts";

/** What a record says of its numbers. tfjs' own types leave this one out. */
const FLOAT16 = "float16" as tf.DataType;

/** tfjs' buffer pool; semi-private, pinned with tfjs. */
interface BufferOwner {
  readonly bufferManager: { acquireBuffer(bytes: number, usage: number): GPUBuffer };
}

/** Whether the numbers in the buffer are of float16. */
export function isFloat16({ dtype }: Pick<TensorData, "dtype">): boolean {
  return dtype === FLOAT16;
}

/** Gives a tensor that has no numbers yet a buffer of float16; it goes back to the pool as any other. */
export function storeAsFloat16(backend: WebGpuBackend, { dataId, shape }: tf.TensorInfo): void {
  const { bufferManager } = backend as unknown as BufferOwner;
  const usage = GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_SRC | GPUBufferUsage.COPY_DST;
  const resource = bufferManager.acquireBuffer(float16Bytes(shape), usage);
  Object.assign(backend.tensorMap.get(dataId), { dtype: FLOAT16, resource });
}

/** Of a buffer, which has whole words: an odd count has a number more, which nobody reads. */
function float16Bytes(shape: readonly number[]): number {
  return 4 * Math.ceil(shape.reduce((product, size) => product * size, 1) / 2);
}

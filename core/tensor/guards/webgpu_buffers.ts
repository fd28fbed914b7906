/**
 * No tensor that the device cannot bind: it is refused before it is made, a parameter when its model is built.
 *
 * tfjs makes the buffer, the device reports an error that nobody reads, and every number of the tensor is zero.
 *
 * @module
 */
import type * as tf from "../../deps/tfjs.ts";
import { KBertError } from "../../wall/errors.ts";
import type { WebGpuBackend } from "./webgpu_program.ts";

/** tfjs' buffer pool, through which every tensor of the backend gets its memory. */
interface BufferOwner {
  bufferManager: { acquireBuffer(bytes: number, ...rest: unknown[]): GPUBuffer };
  /** Every tensor begins here, with or without numbers. */
  write(values: unknown, shape: readonly number[], dtype: tf.DataType): object;
}

/** On the device; a bool takes as much as a number. */
const BYTES_PER_ELEMENT = 4;

/** Guards one backend. */
export function guardWebGpuBuffers(backend: WebGpuBackend): void {
  const owner = backend as unknown as BufferOwner;
  const { bufferManager } = owner;
  const { maxStorageBufferBindingSize, maxBufferSize } = backend.device.limits;
  const acquire = bufferManager.acquireBuffer.bind(bufferManager);
  const limitBytes = Math.min(maxStorageBufferBindingSize, maxBufferSize);
  bufferManager.acquireBuffer = (bytes, ...rest) => {
    if (bytes > limitBytes) throw tooLarge(bytes, limitBytes);
    return acquire(bytes, ...rest);
  };
  const write = owner.write.bind(owner);
  owner.write = (values, shape, dtype) => {
    const bytes = shape.reduce((product, size) => product * size, BYTES_PER_ELEMENT);
    if (bytes > limitBytes) throw tooLarge(bytes, limitBytes);
    return write(values, shape, dtype);
  };
}

function tooLarge(bytes: number, limitBytes: number): KBertError<"tensor/too-large"> {
  const message =
    `A tensor of ${bytes} bytes does not fit: this GPU binds at most ${limitBytes} bytes at once; ` +
    `use a smaller batch, vocabulary or sequence`;
  return new KBertError("tensor/too-large", message, { limitBytes, bytes });
}

/**
 * The memory of tfjs' wasm backend: addresses of tensors, and room for new ones.
 *
 * An address is valid as long as its tensor. A view of the memory is valid only until the next allocation,
 * which may move it all; so kernels of our own take addresses.
 *
 * @module
 */
import * as tf from "../../deps/tfjs.ts";
import { KBertError } from "../../wall/errors.ts";

/** The part of the backend that kernels use; semi-private, pinned with tfjs. */
export interface WasmBackend {
  makeOutput(shape: readonly number[], dtype: tf.DataType): tf.TensorInfo;
  typedArrayFromHeap(tensor: tf.TensorInfo): Float32Array | Int32Array;
  disposeData(dataId: object): boolean;
  incRef(dataId: object): void;
  /** Looking up a tensor of another backend moves it to this one. */
  dataIdMap: { get(dataId: object): { memoryOffset: number } };
  wasm: {
    _malloc(bytes: number): number;
    _free(address: number): void;
    HEAPU8: Uint8Array;
    asm: Record<string, unknown>;
  };
}

/** Direct access to tensors of the wasm backend, which has to be the current one. */
export const wasmHeap = {
  /** An uninitialized float32 tensor; the caller disposes of it. */
  allocate(shape: readonly number[]): tf.Tensor {
    return tf.engine().makeTensorFromTensorInfo(backend().makeOutput(shape, "float32"));
  },
  /** Where a float32 tensor lies, in bytes. Valid as long as the tensor is. */
  address(tensor: tf.TensorInfo): number {
    if (tensor.dtype !== "float32") {
      throw new TypeError(`Cannot compute with ${tensor.dtype}, only with float32`);
    }
    return backend().dataIdMap.get(tensor.dataId).memoryOffset;
  },
  /** Writes unsigned integers to an address. */
  write(at: number, words: ArrayLike<number>): void {
    new Uint32Array(backend().wasm.HEAPU8.buffer, at, words.length).set(words);
  },
};

const guarded = new WeakSet<object>();

/** Where 32-bit addresses end: a larger size would wrap around and be granted as a small one. */
const MEMORY_BYTES = 2 ** 32;

/** Makes a failed allocation an error. The backend would take the address 0 and write over other tensors. */
export function guardWasmMemory(): void {
  const { wasm } = backend();
  if (guarded.has(wasm)) return;
  guarded.add(wasm);
  wasm._malloc(4); // the first call puts the real function in the place of a stub, and would do so with ours
  const allocate = wasm._malloc.bind(wasm);
  wasm._malloc = (bytes) => {
    const address = bytes < MEMORY_BYTES ? allocate(bytes) >>> 0 : 0; // signed, above 2 GiB it is negative
    if (address === 0 && bytes > 0) {
      const message =
        `The wasm backend has no room for a tensor of ${bytes} bytes (it holds ${MEMORY_BYTES} ` +
        `in all); use a smaller batch, model or sequence`;
      throw new KBertError("tensor/too-large", message, { limitBytes: MEMORY_BYTES, bytes });
    }
    return address;
  };
}

function backend(): WasmBackend {
  return tf.backend() as unknown as WasmBackend;
}

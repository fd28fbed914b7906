/**
 * Products on wasm with the weights as they are now.
 *
 * XNNPACK packs the right side of a product once per tensor and keeps the packed copy: of a tensor that changed
 * in place since, the old numbers would be used. So it never sees the same tensor twice. It is asked only where
 * the engine has no relaxed SIMD; our own products read the memory itself.
 *
 * @module
 */
import type * as tf from "../../deps/tfjs.ts";
import type { WasmBackend } from "../kernels/wasm_heap.ts";
import { guardKernel } from "./kernel_calls.ts";

/** Guards tfjs' `BatchMatMul`; before it is repaired and replaced, so that both call it. */
export function repairWasmWeights(): void {
  guardKernel("BatchMatMul", "wasm", (original) => (call) => {
    const backend = call.backend as unknown as WasmBackend;
    const b = copyOf(call.inputs["b"]!, backend);
    const product = original({ ...call, inputs: { a: call.inputs["a"]!, b } });
    backend.disposeData(b.dataId);
    return product;
  });
}

function copyOf(x: tf.TensorInfo, backend: WasmBackend): tf.TensorInfo {
  const copy = backend.makeOutput(x.shape, x.dtype);
  backend.typedArrayFromHeap(copy).set(backend.typedArrayFromHeap(x)); // after the allocation, which may move all
  return copy;
}

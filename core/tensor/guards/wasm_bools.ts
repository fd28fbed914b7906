/**
 * Two kernels of wasm that are wrong about one-byte numbers.
 *
 * `Cast` to bool cuts to a whole byte: 0.5 and 256 become 0, which means no. `OneHot` writes the bits of whole
 * numbers, four bytes each, whatever type was asked for: float32 becomes 1e-45, and bool writes behind its end
 * over other tensors.
 *
 * @module
 */
import type * as tf from "../../deps/tfjs.ts";
import type { WasmBackend } from "../kernels/wasm_heap.ts";
import { guardKernel } from "./kernel_calls.ts";

interface OneHot {
  readonly dtype: tf.DataType;
  readonly depth: number;
  readonly onValue: number;
  readonly offValue: number;
}

/** Replaces both, where they are wrong. */
export function repairWasmBools(): void {
  guardKernel<{ dtype: tf.DataType }>("Cast", "wasm", (original) => (call) => {
    const x = call.inputs["x"]!;
    if (call.attrs.dtype !== "bool" || x.dtype === "bool") return original(call);
    const backend = call.backend as unknown as WasmBackend;
    const bools = backend.makeOutput(x.shape, "bool");
    const to = backend.typedArrayFromHeap(bools);
    backend.typedArrayFromHeap(x).forEach((value, index) => to[index] = value !== 0 ? 1 : 0);
    return bools;
  });
  guardKernel<OneHot>("OneHot", "wasm", (original) => (call) => {
    const { dtype, depth, onValue, offValue } = call.attrs;
    const indices = call.inputs["indices"]!;
    if (dtype === "int32") return original(call);
    const backend = call.backend as unknown as WasmBackend;
    const rows = backend.makeOutput([...indices.shape, depth], dtype);
    const to = backend.typedArrayFromHeap(rows).fill(offValue);
    backend.typedArrayFromHeap(indices).forEach((id, row) => {
      if (id >= 0 && id < depth) to[row * depth + id] = onValue;
    });
    return rows;
  });
}

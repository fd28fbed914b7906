/**
 * Dropout on our own wasm module, forwards and, called with the gradient, backwards.
 *
 * @module
 */
import type * as tf from "../../deps/tfjs.ts";
import type { RandomStates } from "./composed.ts";
import { wasmHeap } from "./wasm_heap.ts";
import type { WasmKernels } from "./wasm_functions.ts";

/** A new tensor with what is left of x; the caller's. */
export function dropped(kernels: WasmKernels, x: tf.Tensor, rate: number, states: RandomStates): tf.Tensor {
  // `draw < rate 2^32` with a whole draw is `draw <= last`, which is a whole number too.
  const last = Math.ceil(rate * 2 ** 32) - 1;
  const y = wasmHeap.allocate(x.shape);
  kernels.dropout(wasmHeap.address(x), wasmHeap.address(y), y.size, states, last, 1 / (1 - rate));
  return y;
}

/**
 * Dropout on our own wasm module, forwards and, called with the gradient, backwards; and where its streams are
 * at the start of each stripe that it is cut into.
 *
 * @module
 */
import type * as tf from "../../deps/tfjs.ts";
import { now, type Varying } from "../varying.ts";
import type { RandomStates } from "./composed.ts";
import { wasmHeap } from "./wasm_heap.ts";
import type { WasmKernels } from "./wasm_functions.ts";
import { jump, jumpTables } from "./dropout_jumps.ts";

/** A new tensor with what is left of x; the caller's. */
export function dropped(
  kernels: WasmKernels,
  x: tf.Tensor,
  rate: number,
  states: Varying<RandomStates>,
): tf.Tensor {
  // `draw < rate 2^32` with a whole draw is `draw <= last`, which is a whole number too.
  const last = Math.ceil(rate * 2 ** 32) - 1;
  const y = wasmHeap.allocate(x.shape);
  kernels.dropout(wasmHeap.address(x), wasmHeap.address(y), y.size, now(states), last, 1 / (1 - rate));
  return y;
}

/** Made at the first dropout that is cut; 5 ms. */
let tables: Uint32Array<ArrayBuffer> | undefined;

/** The four streams at the start of each stripe, `[stripes, 4, 4]`, each 2^level draws after the one before. */
export function streamStarts(states: RandomStates, stripes: number, level: number): Uint32Array {
  if (stripes <= 1) return Uint32Array.from(states);
  const all = new Uint32Array(stripes * 16);
  all.set(Array.from(states));
  tables ??= jumpTables();
  const tableSize = 32 * 16 * 4;
  const table = tables.subarray(level * tableSize, (level + 1) * tableSize);
  for (let at = 16; at < all.length; at += 16) {
    for (let stream = 0; stream < 4; stream++) {
      const before = [0, 4, 8, 12].map((word) => all[at - 16 + word + stream]!);
      jump(table, before).forEach((word, index) => all[at + index * 4 + stream] = word);
    }
  }
  return all;
}

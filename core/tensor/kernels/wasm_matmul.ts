/**
 * Matrix products by our own wasm module, in place of tfjs' `BatchMatMul`.
 *
 * tfjs reaches its fast routine (XNNPACK) with plain products of two matrices only, and that routine packs
 * the right side once per tensor: one that changes in place would be used stale. Neither is so here.
 *
 * @module
 */
import * as tf from "../../deps/tfjs.ts";
import { type WasmBackend, wasmHeap } from "./wasm_heap.ts";
import type { WasmKernels } from "./wasm_functions.ts";

/** A call of tfjs' kernel. */
export interface MatMulCall {
  inputs: { a: tf.TensorInfo; b: tf.TensorInfo };
  attrs: { transposeA: boolean; transposeB: boolean };
  backend: WasmBackend;
}

/** One product, by addresses: `c = a b (+ bias)`. */
export interface Product {
  readonly a: number;
  readonly b: number;
  readonly c: number;
  /** Address of one number per column; 0 for none. */
  readonly bias?: number;
  /** Address of what gets the GELU of c; 0 for none. */
  readonly y?: number;
  /** Of c. */
  readonly rows: number;
  /** Of c. */
  readonly columns: number;
  readonly inner: number;
  /** a is stored as `[inner, rows]`. */
  readonly transposeA?: boolean;
  /** b is stored as `[columns, inner]`. */
  readonly transposeB?: boolean;
}

/** Computes a product on the wasm memory. */
export function multiply(kernels: WasmKernels, product: Product): void {
  const { a, b, c, bias = 0, y = 0, rows, columns, inner, transposeA = false, transposeB = false } = product;
  // A sum of nothing: the routine would write no number, and the memory is not empty.
  if (inner === 0 && bias === 0) return wasmHeap.write(c, new Uint32Array(rows * columns));
  const [aRow, aInner] = transposeA ? [4, rows * 4] : [inner * 4, 4];
  const [bInner, bColumn] = transposeB ? [4, inner * 4] : [columns * 4, 4];
  kernels.gemm(a, aRow, aInner, b, bInner, bColumn, c, columns * 4, bias, y, rows, columns, inner);
}

/** The kernel. Batches are broadcast as in NumPy; tfjs' own takes the wrong matrices for `[2, 1]` by `[2, 3]`. */
export function matMulWith(kernels: WasmKernels): (call: MatMulCall) => tf.TensorInfo {
  return ({ inputs: { a, b }, attrs: { transposeA, transposeB }, backend }) => {
    const [batchA, batchB] = [a.shape.slice(0, -2), b.shape.slice(0, -2)];
    const batch = tf.broadcast_util.assertAndGetBroadcastShape(batchA, batchB);
    const rows = a.shape.at(transposeA ? -1 : -2)!;
    const inner = a.shape.at(transposeA ? -2 : -1)!;
    const columns = b.shape.at(transposeB ? -2 : -1)!;
    const product = backend.makeOutput([...batch, rows, columns], "float32");
    const [fromA, fromB, to] = [wasmHeap.address(a), wasmHeap.address(b), wasmHeap.address(product)];
    const indicesB = matricesFor(batch, batchB);
    matricesFor(batch, batchA).forEach((indexA, index) =>
      multiply(kernels, {
        a: fromA + indexA * rows * inner * 4,
        b: fromB + indicesB[index]! * inner * columns * 4,
        c: to + index * rows * columns * 4,
        ...{ rows, columns, inner, transposeA, transposeB },
      })
    );
    return product;
  };
}

/** Which matrix of `own` goes into each product of `batch`; along an axis of one it is always the same. */
function matricesFor(batch: readonly number[], own: readonly number[]): number[] {
  const missing = batch.length - own.length;
  return batch.reduce((indices, size, axis) => {
    const ownSize = own[axis - missing] ?? 1;
    const steps = Array.from({ length: size }, (_, step) => ownSize === 1 ? 0 : step);
    return indices.flatMap((index) => steps.map((step) => index * ownSize + step));
  }, [0]);
}

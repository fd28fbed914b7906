/**
 * The matrix product of our wasm module, computed by a native BLAS on the same memory.
 *
 * It has the signature of the wasm one, so every kernel that multiplies (linear layers, attention, tfjs'
 * matMul, their gradients) takes it without knowing. The views are made for each call: growing the memory
 * invalidates every older one, and making three costs a tenth of a microsecond. A view that would reach
 * past the memory is a RangeError, where an address would be written to.
 *
 * @module
 */
import type { WasmKernels } from "../kernels/wasm_module.ts";
import { type BlasLibrary, CBLAS } from "./blas_library.ts";

type Gemm = WasmKernels["gemm"];

/** How BLAS is told of a matrix; `span` is how many numbers there are from its first to its last. */
interface Layout {
  readonly order: number;
  /** Numbers from one stored row to the next. */
  readonly leading: number;
  readonly span: number;
}

/**
 * Makes the product.
 *
 * @param heap the memory as it is now; asked for at every call
 * @param otherwise takes what BLAS cannot express, such as a matrix with gaps in both directions
 */
export function blasGemm({ sgemm }: BlasLibrary, heap: () => ArrayBuffer, otherwise: Gemm): Gemm {
  return (...call) => {
    const [a, aRow, aInner, b, bInner, bColumn, c, bias, rows, columns, inner] = call;
    const left = layoutOf(rows, inner, aRow, aInner);
    const right = layoutOf(inner, columns, bInner, bColumn);
    if (!left || !right || rows === 0 || columns === 0 || inner === 0) return otherwise(...call);
    const buffer = heap();
    const product = new Float32Array(buffer, c, rows * columns);
    if (bias !== 0) fillRows(product, new Float32Array(buffer, bias, columns));
    sgemm(
      ...[CBLAS.rowMajor, left.order, right.order, rows, columns, inner, 1] as const,
      ...[new Float32Array(buffer, a, left.span), left.leading] as const,
      ...[new Float32Array(buffer, b, right.span), right.leading] as const,
      ...[bias === 0 ? 0 : 1, product, columns] as const,
    );
  };
}

/**
 * The layout of a matrix with these steps, in bytes, from row to row and from column to column. Along an axis
 * of one there are no steps, so whatever is said of them is not looked at.
 */
function layoutOf(rows: number, columns: number, rowStep: number, columnStep: number): Layout | undefined {
  if (columnStep === 4 || columns === 1) {
    const leading = rows === 1 ? columns : rowStep / 4;
    if (leading >= columns) return { order: CBLAS.plain, leading, span: (rows - 1) * leading + columns };
  }
  if (rowStep === 4 || rows === 1) {
    const leading = columns === 1 ? rows : columnStep / 4;
    if (leading >= rows) return { order: CBLAS.transposed, leading, span: (columns - 1) * leading + rows };
  }
  return undefined;
}

/** Writes `row` over and over, by copies of what is already there: each is twice as long as the one before. */
function fillRows(all: Float32Array, row: Float32Array): void {
  all.set(row);
  for (let filled = row.length; filled < all.length; filled *= 2) all.copyWithin(filled, 0, filled);
}

/**
 * The matrix products of our wasm module, computed by a native BLAS on the same memory.
 *
 * They have the signatures of the wasm ones, so every kernel that multiplies (linear layers, attention, tfjs'
 * matMul, their gradients) takes them without knowing. The views are made for each call: growing the memory
 * invalidates every older one, and making three costs a tenth of a microsecond. A view that would reach
 * past the memory is a RangeError, where an address would be written to.
 *
 * @module
 */
import type { WasmKernels } from "../kernels/wasm_functions.ts";
import { type BlasLibrary, CBLAS } from "./blas_library.ts";

type Products = Pick<WasmKernels, "gemm" | "products">;

/** How BLAS is told of a matrix; `span` is how many numbers there are from its first to its last. */
interface Layout {
  readonly order: number;
  /** Numbers from one stored row to the next. */
  readonly leading: number;
  readonly span: number;
}

/**
 * Makes the products.
 *
 * @param heap the memory as it is now; asked for at every call
 * @param wasm takes what BLAS cannot express, such as a matrix with gaps in both directions, and what comes
 * behind a product
 */
export function blasProducts(
  { sgemm }: BlasLibrary,
  heap: () => ArrayBufferLike,
  wasm: WasmKernels,
): Products {
  const gemm: WasmKernels["gemm"] = (...call) => {
    const [a, aRow, aInner, b, bInner, bColumn, c, cRow, bias, y, rows, columns, inner] = call;
    const left = layoutOf(rows, inner, aRow, aInner);
    const right = layoutOf(inner, columns, bInner, bColumn);
    if (!left || !right || rows === 0 || columns === 0 || inner === 0) return wasm.gemm(...call);
    const view = (at: number, span: number): Float32Array<ArrayBuffer> =>
      new Float32Array(heap() as ArrayBuffer, at, span); // shared or not is the same to the library
    const product = view(c, (rows - 1) * cRow / 4 + columns);
    const addsBias = bias !== 0 && y === 0;
    if (addsBias) fillRows(product, view(bias, columns));
    sgemm(
      ...[CBLAS.rowMajor, left.order, right.order, rows, columns, inner, 1] as const,
      ...[view(a, left.span), left.leading, view(b, right.span), right.leading] as const,
      ...[addsBias ? 1 : 0, product, cRow / 4] as const,
    );
    if (y !== 0) wasm.biasGelu(c, bias, y, rows, columns);
  };
  return {
    gemm,
    products(count, share, ...call): void {
      const [a, aRow, aInner, aOuter, aShare, b, bInner, bColumn, bOuter, bShare, c, ...others] = call;
      const [cRow, cOuter, cShare, rows, columns, inner] = others;
      for (let index = 0; index < count; index++) {
        const [outer, within] = [Math.floor(index / share), index % share];
        gemm(
          ...[a + outer * aOuter + within * aShare, aRow, aInner] as const,
          ...[b + outer * bOuter + within * bShare, bInner, bColumn] as const,
          ...[c + outer * cOuter + within * cShare, cRow, 0, 0, rows, columns, inner] as const,
        );
      }
    },
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

/**
 * Many products of the same shape: the heads of an attention layer, which lie between one another in memory.
 *
 * @module
 */
import { gemm } from "./gemm";

/**
 * `C[i] = A[i] B[i]` for i from `first`, `count` of them. Matrix i of A is at `a + i / share * aOuter + i %
 * share * aShare`, and so are those of B and C; the rest is as in {@linkcode gemm}.
 */
export function products(
  first: usize,
  count: usize,
  share: usize,
  a: usize,
  aRow: usize,
  aInner: usize,
  aOuter: usize,
  aShare: usize,
  b: usize,
  bInner: usize,
  bColumn: usize,
  bOuter: usize,
  bShare: usize,
  c: usize,
  cRow: usize,
  cOuter: usize,
  cShare: usize,
  rows: usize,
  columns: usize,
  inner: usize,
): void {
  for (let index = first; index < first + count; index++) {
    const outer = index / share, within = index % share;
    gemm(
      a + outer * aOuter + within * aShare,
      aRow,
      aInner,
      b + outer * bOuter + within * bShare,
      bInner,
      bColumn,
      c + outer * cOuter + within * cShare,
      cRow,
      0,
      0,
      rows,
      columns,
      inner,
    );
  }
}

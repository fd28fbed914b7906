/**
 * Which of the matrix products' programs one is: what its code depends on, as sizes are told at every run.
 *
 * @module
 */

import type { FloatType } from "./program.ts";

/** What a program is made for. */
export interface MatMulKind {
  /** How the matrices are stored; sums and the bias are `f32`, and what GELU is written to is as c is. */
  readonly types: Readonly<Record<"a" | "b" | "c", FloatType>>;
  /** Numbers along each side of a tile in workgroup memory; 0 for tiles in registers. */
  readonly side: 0 | 32 | 64;
  /** a is stored as `[inner, rows]`: neighbours in memory are neighbours along a column of it. */
  readonly transposeA: boolean;
  /** b is stored as `[columns, inner]`. */
  readonly transposeB: boolean;
  /** All sizes and strides are multiples of 4, so that four numbers are read at once. Only for registers. */
  readonly quads: boolean;
  /** One number per column is added. */
  readonly bias: boolean;
  /** GELU of the result is written beside it. */
  readonly gelu: boolean;
}

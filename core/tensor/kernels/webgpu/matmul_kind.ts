/**
 * Which of the matrix products' programs one is: what its code depends on, as sizes are told at every run.
 *
 * @module
 */

/** What a program is made for. */
export interface MatMulKind {
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

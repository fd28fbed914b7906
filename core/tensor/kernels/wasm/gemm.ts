/**
 * Matrix product `C = A B (+ bias)` of float32, for any strides: a transposed matrix is one whose strides
 * are swapped, and packing makes both forms the same.
 *
 * As in GotoBLAS: B is packed in blocks that stay in the second cache, A in panels that stay in the first,
 * and a tile of 4 x 8 results stays in registers. Every load costs a check of its address, because Deno has no
 * guard pages around the memory: 4 numbers of A are loaded at once and shuffled, 3 loads for 8 vectors of
 * products. A tile of 6 x 8 with a load for each number is a fourth slower, as is the loop written out twice.
 *
 * A tile that hangs over the edge is computed whole in the workspace, and what counts of it is copied; so a
 * number has the same bits wherever a product is cut into stripes.
 *
 * @see Goto and van de Geijn 2008, "Anatomy of high-performance matrix multiplication"
 *
 * @module
 */
import { gelu } from "./gelu";
import { pack } from "./pack";
import { workspace } from "./workspace";

/** Rows and columns of a tile. */
const TILE_ROWS: usize = 4;
const TILE_COLUMNS: usize = 8;
/** Longest stretch of the inner dimension, and most columns of B, that are packed at once. */
const BLOCK_INNER: usize = 256;
const BLOCK_COLUMNS: usize = 512;

/** Offsets in the workspace, in bytes: zeros, one tile, a panel of A, a block of B. */
const ZEROS: usize = 0;
const TILE: usize = ZEROS + 64;
const PANEL: usize = TILE + TILE_ROWS * TILE_COLUMNS * 4;
const BLOCK: usize = PANEL + TILE_ROWS * BLOCK_INNER * 4;

/** Where what {@linkcode gemm} writes to ends. */
// @ts-ignore: decorator
@inline
export function packedEnd(): usize {
  return BLOCK + BLOCK_INNER * BLOCK_COLUMNS * 4;
}

/**
 * A: `[rows, inner]`, B: `[inner, columns]`, C: `[rows, columns]` with its columns side by side and not
 * overlapping A or B; bias: `[columns]`, or 0 for none. Strides are in bytes.
 *
 * @param y gets the GELU of C, as long as a panel of rows is in the cache; laid out as C, or 0 for none
 */
export function gemm(
  a: usize,
  aRow: usize,
  aInner: usize,
  b: usize,
  bInner: usize,
  bColumn: usize,
  c: usize,
  cRow: usize,
  bias: usize,
  y: usize,
  rows: usize,
  columns: usize,
  inner: usize,
): void {
  const block = workspace() + BLOCK;
  const zeros = workspace() + ZEROS;
  memory.fill(zeros, 0, TILE - ZEROS);
  for (let column: usize = 0; column < columns; column += BLOCK_COLUMNS) {
    const width = min(BLOCK_COLUMNS, columns - column);
    for (let from: usize = 0; from < inner; from += BLOCK_INNER) {
      const depth = min(BLOCK_INNER, inner - from);
      pack(b + column * bColumn + from * bInner, bColumn, bInner, width, depth, block, TILE_COLUMNS);
      // A sum starts at the bias or at zero, and goes on from what the stretch before has left in C.
      const start = from > 0 ? c + column * 4 : bias ? bias + column * 4 : zeros;
      const startRow: usize = from > 0 ? cRow : 0;
      const startColumn: usize = from > 0 || bias ? 4 : 0;
      const isLast = from + depth == inner;
      multiplyBlock(
        a + from * aInner,
        aRow,
        aInner,
        c + column * 4,
        cRow,
        start,
        startRow,
        startColumn,
        isLast && y ? y + column * 4 : 0,
        rows,
        width,
        depth,
      );
    }
  }
}

function multiplyBlock(
  a: usize,
  aRow: usize,
  aInner: usize,
  c: usize,
  cRow: usize,
  start: usize,
  startRow: usize,
  startColumn: usize,
  y: usize,
  rows: usize,
  columns: usize,
  inner: usize,
): void {
  const tile = workspace() + TILE;
  const panel = workspace() + PANEL;
  for (let row: usize = 0; row < rows; row += TILE_ROWS) {
    const height = min(TILE_ROWS, rows - row);
    pack(a + row * aRow, aRow, aInner, height, inner, panel, TILE_ROWS);
    let block = workspace() + BLOCK;
    for (let column: usize = 0; column < columns; column += TILE_COLUMNS) {
      const width = min(TILE_COLUMNS, columns - column);
      const to = c + row * cRow + column * 4;
      const first = start + row * startRow + column * startColumn;
      if (height == TILE_ROWS && width == TILE_COLUMNS) {
        multiplyTile(panel, block, inner, first, startRow, to, cRow);
      } else {
        copyTile(first, startRow, startColumn, tile, TILE_COLUMNS * 4, height, width);
        multiplyTile(panel, block, inner, tile, TILE_COLUMNS * 4, tile, TILE_COLUMNS * 4);
        copyTile(tile, TILE_COLUMNS * 4, 4, to, cRow, height, width);
      }
      block += inner * TILE_COLUMNS * 4;
    }
    if (y == 0) continue;
    for (let one = row; one < row + height; one++) gelu(c + one * cRow, y + one * cRow, columns);
  }
}

function copyTile(
  from: usize,
  fromRow: usize,
  fromColumn: usize,
  to: usize,
  toRow: usize,
  rows: usize,
  columns: usize,
): void {
  for (let row: usize = 0; row < rows; row++) {
    for (let column: usize = 0; column < columns; column++) {
      store<f32>(to + row * toRow + column * 4, load<f32>(from + row * fromRow + column * fromColumn));
    }
  }
}

/** One tile: `to = start + panel block`. */
function multiplyTile(
  panel: usize,
  block: usize,
  inner: usize,
  start: usize,
  startRow: usize,
  to: usize,
  toRow: usize,
): void {
  let c00 = v128.load(start), c01 = v128.load(start, 16);
  start += startRow;
  let c10 = v128.load(start), c11 = v128.load(start, 16);
  start += startRow;
  let c20 = v128.load(start), c21 = v128.load(start, 16);
  start += startRow;
  let c30 = v128.load(start), c31 = v128.load(start, 16);
  for (const end = block + inner * 32; block != end; block += 32) {
    const b0 = v128.load(block);
    const b1 = v128.load(block, 16);
    const four = v128.load(panel);
    let a = v128.shuffle<f32>(four, four, 0, 0, 0, 0);
    c00 = f32x4.relaxed_madd(a, b0, c00);
    c01 = f32x4.relaxed_madd(a, b1, c01);
    a = v128.shuffle<f32>(four, four, 1, 1, 1, 1);
    c10 = f32x4.relaxed_madd(a, b0, c10);
    c11 = f32x4.relaxed_madd(a, b1, c11);
    a = v128.shuffle<f32>(four, four, 2, 2, 2, 2);
    c20 = f32x4.relaxed_madd(a, b0, c20);
    c21 = f32x4.relaxed_madd(a, b1, c21);
    a = v128.shuffle<f32>(four, four, 3, 3, 3, 3);
    c30 = f32x4.relaxed_madd(a, b0, c30);
    c31 = f32x4.relaxed_madd(a, b1, c31);
    panel += 16;
  }
  v128.store(to, c00), v128.store(to, c01, 16);
  to += toRow;
  v128.store(to, c10), v128.store(to, c11, 16);
  to += toRow;
  v128.store(to, c20), v128.store(to, c21, 16);
  to += toRow;
  v128.store(to, c30), v128.store(to, c31, 16);
}

/**
 * Sums over rows: the gradient of a bias, the gradient of an embedding, and the norm of a gradient.
 *
 * @module
 */
import { addRow, loadSome, storeSome } from "./vector";

/** Rows that are summed in a register before the sum so far is touched: faster, and rounds less. */
const STRETCH: usize = 32;

/** `out = sum(x)` over the rows; x: `[rows, width]` with `step` bytes from row to row, out: `[width]`. */
export function columnSums(x: usize, step: usize, out: usize, rows: usize, width: usize): void {
  memory.fill(out, 0, width * 4);
  for (let row: usize = 0; row < rows; row += STRETCH) {
    const from = x + row * step;
    const end = from + min(STRETCH, rows - row) * step;
    for (let at: usize = 0; at < width; at += 4) {
      const left = width - at, byte = at * 4;
      let sum = f32x4.splat(0);
      for (let here = from + byte; here < end; here += step) sum = f32x4.add(sum, loadSome(here, left, 0));
      storeSome(out + byte, left, f32x4.add(loadSome(out + byte, left, 0), sum));
    }
  }
}

/**
 * Adds the rows of x that share a segment; x: `[rows, width]`, ids: int32 `[rows]`, out: `[segments, width]`.
 * As in TensorFlow a negative id drops the row; one past the end would write over other tensors, and is
 * dropped too.
 */
export function segmentSum(x: usize, ids: usize, out: usize, rows: usize, width: usize, segments: usize): void {
  memory.fill(out, 0, segments * width * 4);
  for (let row: usize = 0; row < rows; row++) {
    const segment = load<u32>(ids + row * 4); // as unsigned, a negative id is past the end
    if (segment < <u32> segments) addRow(x + row * width * 4, out + <usize> segment * width * 4, width);
  }
}

/** Copies row `ids[i]` of x to row i of out; the ids are in range. */
export function gatherRows(x: usize, ids: usize, out: usize, rows: usize, width: usize): void {
  for (let row: usize = 0; row < rows; row++) {
    memory.copy(out + row * width * 4, x + <usize> load<u32>(ids + row * 4) * width * 4, width * 4);
  }
}

/** `sum(x^2)` in double precision; x: `[size]`. */
export function sumOfSquares(x: usize, size: usize): f64 {
  let low = f64x2.splat(0), high = f64x2.splat(0);
  for (let at: usize = 0; at < size; at += 4) {
    const four = loadSome(x + at * 4, size - at, 0);
    const first = f64x2.promote_low_f32x4(four);
    const second = f64x2.promote_low_f32x4(v128.shuffle<f32>(four, four, 2, 3, 2, 3));
    low = f64x2.add(low, f64x2.mul(first, first));
    high = f64x2.add(high, f64x2.mul(second, second));
  }
  const sum = f64x2.add(low, high);
  return f64x2.extract_lane(sum, 0) + f64x2.extract_lane(sum, 1);
}

/**
 * Softmax over rows of attention scores, with scale and mask in the same pass.
 *
 * @module
 */
import { expOfNegative, loadSome, maxOfLanes, storeSome, sumOfLanes } from "./vector";

/**
 * `y = softmax(scale x + bias)` over the last axis; x, y: `[rows, width]`, which may be the same; bias:
 * `[rows / share, width]`, each row of which serves `share` rows of x. The rows are the ones from `first`.
 */
export function softmax(
  first: usize,
  x: usize,
  bias: usize,
  y: usize,
  rows: usize,
  width: usize,
  share: usize,
  scale: f32,
): void {
  const factor = f32x4.splat(scale);
  x += first * width * 4;
  y += first * width * 4;
  for (let row = first; row < first + rows; row++) {
    const offset = bias + row / share * width * 4;
    let highest = f32x4.splat(-Infinity);
    for (let at: usize = 0; at < width; at += 4) {
      const left = width - at, byte = at * 4;
      // The filling is far below every mask, and not infinite: infinity minus infinity is NaN.
      const score = f32x4.relaxed_madd(
        loadSome(x + byte, left, 0),
        factor,
        loadSome(offset + byte, left, -3.4e38),
      );
      highest = f32x4.max(highest, score);
      storeSome(y + byte, left, score);
    }
    const top = f32x4.splat(maxOfLanes(highest));
    let sum = f32x4.splat(0);
    for (let at: usize = 0; at < width; at += 4) {
      const left = width - at, byte = at * 4;
      const power = expOfNegative(f32x4.sub(loadSome(y + byte, left, -Infinity), top));
      sum = f32x4.add(sum, power);
      storeSome(y + byte, left, power);
    }
    const share1 = f32x4.splat(<f32> 1 / sumOfLanes(sum));
    for (let at: usize = 0; at < width; at += 4) {
      const left = width - at, byte = at * 4;
      storeSome(y + byte, left, f32x4.mul(loadSome(y + byte, left, 0), share1));
    }
    x += width * 4;
    y += width * 4;
  }
}

/** `dx = scale y (dy - sum(dy y))`, the sum over the row. */
export function softmaxGradient(y: usize, dy: usize, dx: usize, rows: usize, width: usize, scale: f32): void {
  const factor = f32x4.splat(scale);
  for (let row: usize = 0; row < rows; row++) {
    let sum = f32x4.splat(0);
    for (let at: usize = 0; at < width; at += 4) {
      const left = width - at, byte = at * 4;
      sum = f32x4.relaxed_madd(loadSome(y + byte, left, 0), loadSome(dy + byte, left, 0), sum);
    }
    const mean = f32x4.splat(sumOfLanes(sum));
    for (let at: usize = 0; at < width; at += 4) {
      const left = width - at, byte = at * 4;
      const value = f32x4.mul(loadSome(y + byte, left, 0), factor);
      storeSome(dx + byte, left, f32x4.mul(value, f32x4.sub(loadSome(dy + byte, left, 0), mean)));
    }
    y += width * 4;
    dy += width * 4;
    dx += width * 4;
  }
}

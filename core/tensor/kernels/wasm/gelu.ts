/**
 * The exact Gaussian error linear unit and its gradient.
 *
 * With `P(x)` the normal distribution and `t = 1 / (1 + 0.26 |x|)`: `P(-|x|) = e^(-x^2 / 2) t poly(t)`. The
 * polynomial is a minimax fit for |x| <= 14 (relative error 2.5e-8, below float32's rounding), fitted for
 * this file; beyond that the exponential is zero. The gradient needs the same exponential. Below 1 the
 * rounding of t would show, and P is the Taylor series of `1/2 + x (...)`, whose ninth term is 2e-9.
 *
 * @module
 */
import { DENSITY_AT_0, FAR_0, FAR_1, FAR_2, FAR_3, FAR_4, FAR_5, FAR_6, FAR_7, FAR_8, HALF, MINUS_HALF, NEAR_1, NEAR_2, NEAR_3, NEAR_4, NEAR_5, NEAR_6, NEAR_7, ONE, T_FACTOR } from "./constants";
import { addRow, expOfNegative, loadSome, storeSome } from "./vector";

/** `y = x P(x)`; x, y: `[size]`. */
export function gelu(x: usize, y: usize, size: usize): void {
  for (let at: usize = 0; at < size; at += 4) {
    const left = size - at, byte = at * 4;
    const value = loadSome(x + byte, left, 0);
    storeSome(y + byte, left, f32x4.mul(value, normalShare(value, bell(value))));
  }
}

/** `dx = dy (P(x) + x p(x))`, p the density; x, dy, dx: `[size]`. */
export function geluGradient(x: usize, dy: usize, dx: usize, size: usize): void {
  for (let at: usize = 0; at < size; at += 4) {
    const left = size - at, byte = at * 4;
    const value = loadSome(x + byte, left, 0);
    const height = bell(value);
    const density = f32x4.mul(height, DENSITY_AT_0);
    const slope = f32x4.relaxed_madd(value, density, normalShare(value, height));
    storeSome(dx + byte, left, f32x4.mul(loadSome(dy + byte, left, 0), slope));
  }
}

/**
 * The gradient of `gelu(x + bias)`: `dx` as above, and `sums`, `dx` summed over the rows. x, dy, dx: `[rows,
 * width]`; sums: `[width]`.
 */
export function geluGradientSums(x: usize, dy: usize, dx: usize, sums: usize, rows: usize, width: usize): void {
  memory.fill(sums, 0, width * 4);
  const step = width * 4;
  for (let row: usize = 0; row < rows; row++) {
    geluGradient(x, dy, dx, width);
    addRow(dx, sums, width);
    x += step;
    dy += step;
    dx += step;
  }
}

/** `z += bias` and `y = gelu(z)`; z, y: `[rows, width]`, bias: `[width]`. */
export function biasGelu(z: usize, bias: usize, y: usize, rows: usize, width: usize): void {
  for (let row: usize = 0; row < rows; row++) {
    addRow(bias, z, width);
    gelu(z, y, width);
    z += width * 4;
    y += width * 4;
  }
}

/** `e^(-x^2 / 2)`. */
// @ts-ignore: decorator
@inline
function bell(x: v128): v128 {
  return expOfNegative(f32x4.mul(f32x4.mul(x, x), MINUS_HALF));
}

/** P(x). */
// @ts-ignore: decorator
@inline
function normalShare(x: v128, height: v128): v128 {
  const one = ONE;
  const t = f32x4.div(one, f32x4.relaxed_madd(f32x4.abs(x), T_FACTOR, one));
  const square = f32x4.mul(t, t);
  const fourth = f32x4.mul(square, square);
  const p01 = f32x4.relaxed_madd(FAR_1, t, FAR_0);
  const p23 = f32x4.relaxed_madd(FAR_3, t, FAR_2);
  const p45 = f32x4.relaxed_madd(FAR_5, t, FAR_4);
  const p67 = f32x4.relaxed_madd(FAR_7, t, FAR_6);
  const low = f32x4.relaxed_madd(p23, square, p01);
  const high = f32x4.relaxed_madd(p67, square, p45);
  const most = f32x4.relaxed_madd(FAR_8, fourth, high);
  const p = f32x4.relaxed_madd(most, fourth, low);
  const below = f32x4.mul(height, f32x4.mul(p, t)); // P(-|x|)
  const far = i32x4.relaxed_laneselect(below, f32x4.sub(one, below), f32x4.lt(x, f32x4.splat(0)));
  return i32x4.relaxed_laneselect(nearZero(x), far, f32x4.lt(f32x4.abs(x), one));
}

/** `1/2 + sum((-1)^n x^(2n + 1) / (2^n n! (2n + 1))) / sqrt(2 pi)`, n from 0 to 7. */
// @ts-ignore: decorator
@inline
function nearZero(x: v128): v128 {
  const square = f32x4.mul(x, x);
  const fourth = f32x4.mul(square, square);
  const p01 = f32x4.relaxed_madd(NEAR_1, square, ONE);
  const p23 = f32x4.relaxed_madd(NEAR_3, square, NEAR_2);
  const p45 = f32x4.relaxed_madd(NEAR_5, square, NEAR_4);
  const p67 = f32x4.relaxed_madd(NEAR_7, square, NEAR_6);
  const low = f32x4.relaxed_madd(p23, fourth, p01);
  const high = f32x4.relaxed_madd(p67, fourth, p45);
  const p = f32x4.relaxed_madd(high, f32x4.mul(fourth, fourth), low);
  return f32x4.relaxed_madd(f32x4.mul(x, DENSITY_AT_0), p, HALF);
}

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
import { expOfNegative, loadSome, storeSome } from "./vector";

/** `1 / sqrt(2 pi)`. */
const DENSITY_AT_0: f32 = 0.3989422804014327;

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
    const density = f32x4.mul(height, f32x4.splat(DENSITY_AT_0));
    const slope = f32x4.relaxed_madd(value, density, normalShare(value, height));
    storeSome(dx + byte, left, f32x4.mul(loadSome(dy + byte, left, 0), slope));
  }
}

/** `e^(-x^2 / 2)`. */
// @ts-ignore: decorator
@inline
function bell(x: v128): v128 {
  return expOfNegative(f32x4.mul(f32x4.mul(x, x), f32x4.splat(-0.5)));
}

/** P(x). */
// @ts-ignore: decorator
@inline
function normalShare(x: v128, height: v128): v128 {
  const one = f32x4.splat(1);
  const t = f32x4.div(one, f32x4.relaxed_madd(f32x4.abs(x), f32x4.splat(0.26), one));
  let p = f32x4.splat(0.030504941881135932);
  p = f32x4.relaxed_madd(p, t, f32x4.splat(-0.15282910094989058));
  p = f32x4.relaxed_madd(p, t, f32x4.splat(0.25149185756939574));
  p = f32x4.relaxed_madd(p, t, f32x4.splat(-0.15094960662903797));
  p = f32x4.relaxed_madd(p, t, f32x4.splat(0.16094829124358315));
  p = f32x4.relaxed_madd(p, t, f32x4.splat(0.051027501629742504));
  p = f32x4.relaxed_madd(p, t, f32x4.splat(0.1030302981877357));
  p = f32x4.relaxed_madd(p, t, f32x4.splat(0.10301674453019122));
  p = f32x4.relaxed_madd(p, t, f32x4.splat(0.10375906016373845));
  const below = f32x4.mul(height, f32x4.mul(p, t)); // P(-|x|)
  const far = v128.bitselect(below, f32x4.sub(one, below), f32x4.lt(x, f32x4.splat(0)));
  return v128.bitselect(nearZero(x), far, f32x4.lt(f32x4.abs(x), one));
}

/** `1/2 + sum((-1)^n x^(2n + 1) / (2^n n! (2n + 1))) / sqrt(2 pi)`, n from 0 to 7. */
// @ts-ignore: decorator
@inline
function nearZero(x: v128): v128 {
  const square = f32x4.mul(x, x);
  let p = f32x4.splat(-1.0 / 9676800.0);
  p = f32x4.relaxed_madd(p, square, f32x4.splat(1.0 / 599040.0));
  p = f32x4.relaxed_madd(p, square, f32x4.splat(-1.0 / 42240.0));
  p = f32x4.relaxed_madd(p, square, f32x4.splat(1.0 / 3456.0));
  p = f32x4.relaxed_madd(p, square, f32x4.splat(-1.0 / 336.0));
  p = f32x4.relaxed_madd(p, square, f32x4.splat(1.0 / 40.0));
  p = f32x4.relaxed_madd(p, square, f32x4.splat(-1.0 / 6.0));
  p = f32x4.relaxed_madd(p, square, f32x4.splat(1));
  return f32x4.relaxed_madd(f32x4.mul(x, f32x4.splat(DENSITY_AT_0)), p, f32x4.splat(0.5));
}

/**
 * What the kernels share: four float32 at a time, the odd end of a row, sums over lanes, and `e^x`.
 *
 * The odd end is a vector too, filled up with a number that does not change the result: one code path, and
 * an element's value does not depend on where in the row it stands.
 *
 * @module
 */
import { EXP_3, EXP_4, EXP_5, EXP_6, EXP_7, EXP_LEAST, HALF, LN2_HIGH, LN2_LOW, LOG2_E, MAGIC, ONE } from "./constants";

/** Four numbers from `at`, or the `left` (1 to 3) that there are and `fill` for the others. */
// @ts-ignore: decorator
@inline
export function loadSome(at: usize, left: usize, fill: f32): v128 {
  if (left >= 4) return v128.load(at);
  let some = f32x4.replace_lane(f32x4.splat(fill), 0, load<f32>(at));
  if (left > 1) some = f32x4.replace_lane(some, 1, load<f32>(at, 4));
  if (left > 2) some = f32x4.replace_lane(some, 2, load<f32>(at, 8));
  return some;
}

/** The counterpart of {@linkcode loadSome}: nothing behind the end is written. */
// @ts-ignore: decorator
@inline
export function storeSome(at: usize, left: usize, some: v128): void {
  if (left >= 4) {
    v128.store(at, some);
    return;
  }
  store<f32>(at, f32x4.extract_lane(some, 0));
  if (left > 1) store<f32>(at, f32x4.extract_lane(some, 1), 4);
  if (left > 2) store<f32>(at, f32x4.extract_lane(some, 2), 8);
}

/** Adds a row of numbers to another. */
// @ts-ignore: decorator
@inline
export function addRow(from: usize, to: usize, width: usize): void {
  for (let at: usize = 0; at < width; at += 4) {
    const left = width - at, byte = at * 4;
    storeSome(to + byte, left, f32x4.add(loadSome(to + byte, left, 0), loadSome(from + byte, left, 0)));
  }
}

// @ts-ignore: decorator
@inline
export function sumOfLanes(x: v128): f32 {
  return (f32x4.extract_lane(x, 0) + f32x4.extract_lane(x, 1)) +
    (f32x4.extract_lane(x, 2) + f32x4.extract_lane(x, 3));
}

// @ts-ignore: decorator
@inline
export function maxOfLanes(x: v128): f32 {
  return max(
    max(f32x4.extract_lane(x, 0), f32x4.extract_lane(x, 1)),
    max(f32x4.extract_lane(x, 2), f32x4.extract_lane(x, 3)),
  );
}

/**
 * `e^x` for `x <= 0`, to about 1e-7 relative; 0 below -87, NaN for NaN.
 *
 * `x = n ln 2 + r` with `|r| <= ln 2 / 2`; the Taylor series of `e^r` to `r^7` leaves 5e-9. ln 2 is taken
 * off in two parts, the first of which has few bits, so that nothing is lost where madd is not fused. Added to
 * 1.5 * 2^23, `x / ln 2` is rounded to n, which then stands in the lowest bits, ready to be an exponent.
 */
// @ts-ignore: decorator
@inline
export function expOfNegative(x: v128): v128 {
  const magic = MAGIC;
  const turns = f32x4.relaxed_madd(x, LOG2_E, magic);
  const n = f32x4.sub(turns, magic);
  let r = f32x4.relaxed_nmadd(n, LN2_HIGH, x);
  r = f32x4.relaxed_nmadd(n, LN2_LOW, r);
  // By Estrin's scheme: in pairs, which do not wait for each other.
  const one = ONE;
  const square = f32x4.mul(r, r);
  const p01 = f32x4.add(r, one);
  const p23 = f32x4.relaxed_madd(EXP_3, r, HALF);
  const p45 = f32x4.relaxed_madd(EXP_5, r, EXP_4);
  const p67 = f32x4.relaxed_madd(EXP_7, r, EXP_6);
  const low = f32x4.relaxed_madd(p23, square, p01);
  const high = f32x4.relaxed_madd(p67, square, p45);
  const p = f32x4.relaxed_madd(high, f32x4.mul(square, square), low);
  const power = i32x4.shl(i32x4.add(turns, i32x4.splat(127)), 23);
  return v128.andnot(f32x4.mul(p, power), f32x4.lt(x, EXP_LEAST));
}

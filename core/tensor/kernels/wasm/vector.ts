/**
 * What the kernels share: four float32 at a time, the odd end of a row, sums over lanes, and `e^x`.
 *
 * The odd end is a vector too, filled up with a number that does not change the result: one code path, and
 * an element's value does not depend on where in the row it stands.
 *
 * @module
 */
import { constants, EXP, EXP_LEAST, HALF, LN2_HIGH, LN2_LOW, LOG2_E, MAGIC, ONE } from "./constants";

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
  const table = constants();
  const magic = v128.load32_splat(table, MAGIC);
  const turns = f32x4.relaxed_madd(x, v128.load32_splat(table, LOG2_E), magic);
  const n = f32x4.sub(turns, magic);
  let r = f32x4.relaxed_nmadd(n, v128.load32_splat(table, LN2_HIGH), x);
  r = f32x4.relaxed_nmadd(n, v128.load32_splat(table, LN2_LOW), r);
  let p = v128.load32_splat(table, EXP);
  p = f32x4.relaxed_madd(p, r, v128.load32_splat(table, EXP + 4));
  p = f32x4.relaxed_madd(p, r, v128.load32_splat(table, EXP + 8));
  p = f32x4.relaxed_madd(p, r, v128.load32_splat(table, EXP + 12));
  p = f32x4.relaxed_madd(p, r, v128.load32_splat(table, EXP + 16));
  p = f32x4.relaxed_madd(p, r, v128.load32_splat(table, HALF));
  p = f32x4.relaxed_madd(p, r, v128.load32_splat(table, ONE));
  p = f32x4.relaxed_madd(p, r, v128.load32_splat(table, ONE));
  const power = i32x4.shl(i32x4.add(turns, i32x4.splat(127)), 23);
  return v128.andnot(f32x4.mul(p, power), f32x4.lt(x, v128.load32_splat(table, EXP_LEAST)));
}

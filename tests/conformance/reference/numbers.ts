/**
 * Functions of numbers and sums along axes, on {@linkcode Array64}.
 *
 * @module
 */
import { Array64, both, collect, coordinates, each, move, scalar } from "./array64.ts";

/** `a + b` */
export const add = (a: Array64, b: Array64): Array64 => both(a, b, (a, b) => a + b, () => [1, 1]);
/** `a - b` */
export const sub = (a: Array64, b: Array64): Array64 => both(a, b, (a, b) => a - b, () => [1, -1]);
/** `a b` */
export const mul = (a: Array64, b: Array64): Array64 => both(a, b, (a, b) => a * b, (a, b) => [b, a]);
/** `a / b` */
export const div = (a: Array64, b: Array64): Array64 =>
  both(a, b, (a, b) => a / b, (a, b) => [1 / b, -a / (b * b)]);
/** `a^b`, for a above 0 */
export const pow = (a: Array64, b: Array64): Array64 =>
  both(a, b, (a, b) => a ** b, (a, b) => [b * a ** (b - 1), a ** b * Math.log(a)]);
/** The larger; of two that are equal, the first is taken. */
export const maximum = (a: Array64, b: Array64): Array64 =>
  both(a, b, (a, b) => Math.max(a, b), (a, b) => a >= b ? [1, 0] : [0, 1]);
/** The smaller; of two that are equal, the first is taken. */
export const minimum = (a: Array64, b: Array64): Array64 =>
  both(a, b, (a, b) => Math.min(a, b), (a, b) => a <= b ? [1, 0] : [0, 1]);

/** `c x` */
export const times = (x: Array64, c: number): Array64 => mul(x, scalar(c));
/** `x^2` */
export const square = (x: Array64): Array64 => each(x, (x) => x * x, (x) => 2 * x);
/** `e^x` */
export const exp = (x: Array64): Array64 => each(x, Math.exp, (_, y) => y);
/** `ln x` */
export const log = (x: Array64): Array64 => each(x, Math.log, (x) => 1 / x);
/** `1 / sqrt(x)` */
export const rsqrt = (x: Array64): Array64 => each(x, (x) => 1 / Math.sqrt(x), (x, y) => -y / (2 * x));
/** `max(x, 0)` */
export const relu = (x: Array64): Array64 => each(x, (x) => Math.max(x, 0), (x) => x > 0 ? 1 : 0);
/** `ln(1 + e^x)`, without an overflow */
export const softplus = (x: Array64): Array64 =>
  each(x, (x) => Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x))), (x) => 1 / (1 + Math.exp(-x)));

/** Sum along axes; all of them without any. */
export function sum(x: Array64, axes?: readonly number[], keepDims = false): Array64 {
  const gone = (axes ?? [...x.shape.keys()]).map((axis) => axis < 0 ? axis + x.shape.length : axis);
  const kept = x.shape.map((size, axis) => gone.includes(axis) ? 1 : size);
  const shape = keepDims ? kept : x.shape.filter((_, axis) => !gone.includes(axis));
  const to = coordinates(x.shape).map((at) =>
    kept.reduce((place, size, axis) => place * size + (size === 1 ? 0 : at[axis]!), 0)
  );
  return collect(x, shape, to);
}

/** Mean along axes. */
export function mean(x: Array64, axes?: readonly number[], keepDims = false): Array64 {
  const total = sum(x, axes, keepDims);
  return times(total, total.data.length / x.data.length);
}

/** Largest along the last axis, which stays with the size 1. */
export function largest(x: Array64): Array64 {
  const width = x.shape.at(-1)!;
  const from = Array.from({ length: x.data.length / width }, (_, row) => {
    const values = [...x.data.subarray(row * width, (row + 1) * width)];
    return row * width + values.indexOf(Math.max(...values));
  });
  return move(x, [...x.shape.slice(0, -1), 1], from);
}

/** The share of the normal distribution below x, by a series of positive terms: exact to 1e-15 for |x| <= 8.5. */
export function normalShare(x: number): number {
  if (Math.abs(x) > 8.5) return x < 0 ? 0 : 1;
  let [term, sum] = [x, x];
  for (let odd = 3; odd < 400; odd += 2) sum += term *= x * x / odd;
  return 0.5 + sum * Math.exp(-x * x / 2) / Math.sqrt(2 * Math.PI);
}

/** The error function. */
export const erf = (x: Array64): Array64 =>
  each(
    x,
    (x) => 2 * normalShare(x * Math.SQRT2) - 1,
    (x) => 2 / Math.sqrt(Math.PI) * Math.exp(-x * x),
  );

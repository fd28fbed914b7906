/**
 * Statistics of one window, as pandas defines them: deviation, skew and kurtosis are estimates for what the
 * window is a sample of. All take the window as it is and need O(window) time, the median O(window × log
 * window).
 *
 * Moments are of distances from the mean, not of powers of the values: those would lose everything in values
 * that are far from 0.
 *
 * @module
 */
import { mean, std } from "k-bert/sdk/tables";

/** The name of a statistic in the settings, and in the names of new columns. */
export type StatisticName = "mean" | "std" | "min" | "max" | "median" | "skew" | "kurtosis";

/** A number for a window; NaN if it has none. */
export type Statistic = (window: Float64Array) => number;

/** Every statistic that there is. The median puts the window into order. */
export const STATISTICS: Readonly<Record<StatisticName, Statistic>> = {
  mean,
  std,
  min: (window) => window.reduce((least, value) => Math.min(least, value)),
  max: (window) => window.reduce((most, value) => Math.max(most, value)),
  median,
  skew,
  kurtosis,
};

/** The middle of the values in their order, or between the two in the middle. */
function median(window: Float64Array): number {
  window.sort();
  const middle = window.length >> 1;
  return window.length % 2 === 1 ? window[middle]! : (window[middle - 1]! + window[middle]!) / 2;
}

/**
 * `G1 = √(n(n - 1)) / (n - 2) · m3 / m2^(3/2)`; NaN for less than three values, or if all are the same.
 *
 * @see Joanes and Gill 1998, "Comparing Measures of Sample Skewness and Kurtosis"
 * @example
 * ```ts
 * import { skew } from "./statistics.ts";
 * import { assertAlmostEquals } from "@std/assert";
 *
 * assertAlmostEquals(skew(Float64Array.of(0, 0, 0, 4)), 2, 1e-12);
 * ```
 */
export function skew(window: Float64Array): number {
  const { length: count } = window;
  const [second, third] = centralMoments(window);
  if (count < 3 || second === 0) return NaN;
  return Math.sqrt(count * (count - 1)) / (count - 2) * third / second ** 1.5;
}

/**
 * `G2 = (n - 1) / ((n - 2)(n - 3)) · ((n + 1)(m4 / m2² - 3) + 6)`, which is 0 for a normal distribution; NaN
 * for less than four values, or if all are the same.
 *
 * @see Joanes and Gill 1998, as above
 * @example
 * ```ts
 * import { kurtosis } from "./statistics.ts";
 * import { assertAlmostEquals } from "@std/assert";
 *
 * assertAlmostEquals(kurtosis(Float64Array.of(0, 0, 0, 4)), 4, 1e-12);
 * ```
 */
export function kurtosis(window: Float64Array): number {
  const { length: count } = window;
  const [second, , fourth] = centralMoments(window);
  if (count < 4 || second === 0) return NaN;
  const excess = fourth / second ** 2 - 3;
  return (count - 1) / ((count - 2) * (count - 3)) * ((count + 1) * excess + 6);
}

/** `mean((x - mean)^k)` for k of 2, 3 and 4. All are exactly 0 if all values are the same. */
function centralMoments(window: Float64Array): [second: number, third: number, fourth: number] {
  // What is added up are differences from the first value: so equal values have the very same mean.
  const first = window[0]!;
  let sum = 0;
  for (const value of window) sum += value - first;
  const center = sum / window.length;
  let [second, third, fourth] = [0, 0, 0];
  for (const value of window) {
    const distance = value - first - center;
    const square = distance * distance;
    second += square;
    third += square * distance;
    fourth += square * square;
  }
  return [second / window.length, third / window.length, fourth / window.length];
}

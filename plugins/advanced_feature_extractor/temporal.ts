/**
 * What the order of the rows tells: slopes, seasons, and what was before.
 *
 * Nothing looks ahead: a row's features are made of it and of earlier rows only, so that they are the same
 * when the row is the last that is known.
 *
 * @module
 */
import { rolling, type Series } from "k-bert/sdk/tables";

/**
 * The slope of the line of least squares through each window of `size` rows, per row:
 * `Σ(t - t̄)·x / Σ(t - t̄)²`. Null where a window is not full, or a value of it is missing.
 *
 * @example
 * ```ts
 * import { trend } from "./temporal.ts";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(trend([1, 3, 5, 4], 3), [null, null, 2, 0.5]);
 * ```
 */
export function trend(series: Series, size: number): Series {
  const middle = (size - 1) / 2;
  const spread = size * (size * size - 1) / 12; // Σ(t - t̄)²
  return rolling(series, size, (window) => {
    const first = window[0]!; // Σ(t - t̄) is 0, so this changes nothing but the rounding
    let sum = 0;
    for (let at = 0; at < size; at++) sum += (at - middle) * (window[at]! - first);
    return sum / spread;
  });
}

/**
 * Each value minus the mean of the values at its place in earlier seasons: of the rows so many whole seasons
 * before. Null in the first season, and where there is no value.
 *
 * @param length rows of a season
 * @example
 * ```ts
 * import { seasonality } from "./temporal.ts";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(seasonality([1, 10, 3, 10, 8, 13], 2), [null, null, 2, 0, 6, 3]);
 * ```
 */
export function seasonality(series: Series, length: number): Series {
  const means = new Float64Array(length);
  const counts = new Uint32Array(length);
  return series.map((value, row) => {
    const place = row % length;
    if (value === null) return null;
    const distance = value - means[place]!;
    const count = ++counts[place]!;
    means[place]! += distance / count; // Welford's: no sum that grows
    return count === 1 ? null : distance;
  });
}

/** The value so many rows before; null where there is none. */
export function lagged(series: Series, rows: number): Series {
  return series.map((_, row) => series[row - rows] ?? null);
}

/**
 * The change against so many rows before, as a share of what was there: `x / before - 1`. Null where one of
 * them is missing, or there was 0.
 *
 * @example
 * ```ts
 * import { relativeChange } from "./temporal.ts";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(relativeChange([4, 5, 0, 7], 1), [null, 0.25, -1, null]);
 * ```
 */
export function relativeChange(series: Series, rows: number): Series {
  return series.map((value, row) => {
    const before = series[row - rows] ?? null;
    if (value === null || before === null) return null;
    const change = (value - before) / before;
    return Number.isFinite(change) ? change : null;
  });
}

/**
 * What a number is among all numbers of its column: how far from the mean, and in which part.
 *
 * The parts have names, because a model of texts reads names: "the bill is lowest" says more to it than
 * -1.37.
 *
 * @module
 */
import { mean, type Series } from "k-bert/sdk/tables";

/** What four parts are called; of another number of them, each is called by its place. */
const NAMES_OF_FOUR = ["lowest", "low", "high", "highest"] as const;

/**
 * Distances from the mean in deviations: `(x - mean) / √(Σ(x - mean)² / n)`. Null where there is no number,
 * and everywhere if all numbers are the same.
 *
 * @example
 * ```ts
 * import { zScores } from "./numbers.ts";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(zScores([1, null, 5]), [-1, null, 1]);
 * ```
 */
export function zScores(series: Series): Series {
  const numbers = presentOf(series);
  const center = mean(numbers);
  let squares = 0;
  for (const value of numbers) squares += (value - center) ** 2;
  const deviation = Math.sqrt(squares / numbers.length);
  return series.map((value) => value === null || deviation === 0 ? null : (value - center) / deviation);
}

/**
 * The name of the part that each number is in, of so many parts with about the same number of rows. A number
 * on the edge of two parts is in the lower one, so equal numbers are in the same. Null where there is no
 * number.
 *
 * @example
 * ```ts
 * import { binNames } from "./numbers.ts";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(binNames([40, 10, null, 20, 30], 4), ["highest", "lowest", null, "low", "high"]);
 * assertEquals(binNames([1, 2, 9], 2), ["bin 1 of 2", "bin 1 of 2", "bin 2 of 2"]);
 * ```
 */
export function binNames(series: Series, count: number): (string | null)[] {
  const edges = innerEdges(presentOf(series).sort(), count);
  const names = count === NAMES_OF_FOUR.length
    ? NAMES_OF_FOUR
    : edges.concat(NaN).map((_, bin) => `bin ${bin + 1} of ${count}`);
  return series.map((value) => value === null ? null : names[edgesBelow(edges, value)]!);
}

/**
 * The quantiles `1/count`, `2/count` and so on, between two numbers on the line between them, as NumPy's
 * `quantile` has them: its default, type 7 of Hyndman and Fan 1996, "Sample Quantiles in Statistical
 * Packages".
 *
 * @param sorted at least one number
 * @example
 * ```ts
 * import { innerEdges } from "./numbers.ts";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(innerEdges(Float64Array.of(0, 10, 20), 4), [5, 10, 15]);
 * ```
 */
export function innerEdges(sorted: Float64Array, count: number): number[] {
  return Array.from({ length: count - 1 }, (_, index) => {
    const place = (sorted.length - 1) * (index + 1) / count;
    const below = Math.floor(place);
    const left = sorted[below]!;
    const right = sorted[Math.min(below + 1, sorted.length - 1)]!;
    return left + (place - below) * (right - left);
  });
}

/** There are at most 99, and few numbers are looked up in more than three. */
function edgesBelow(edges: readonly number[], value: number): number {
  let bin = 0;
  while (bin < edges.length && value > edges[bin]!) bin++;
  return bin;
}

function presentOf(series: Series): Float64Array {
  return Float64Array.from(series.filter((value) => value !== null));
}

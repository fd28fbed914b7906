/**
 * Columns of numbers as lists with gaps: taken out of a table, computed over in windows, and put back.
 *
 * Each window is computed anew. arquero's own rolling aggregates take away what leaves a window, which is faster, but
 * rounding adds up in them: a standard deviation of prices near 10^9 is wrong in the sixth digit after 20,000 rows.
 *
 * @module
 */
import type { ColumnTable } from "../../core/deps/arquero.ts";
import type { ColumnLists } from "../../core/table/table.ts";

/** Numbers, and null where there is none. */
export type Series = readonly (number | null)[];

/**
 * A column of numbers. What is not finite counts as missing.
 *
 * @throws {TypeError} if there is no such column, with those that there are, or it has anything but numbers
 * @example
 * ```ts
 * import { seriesOf } from "./series.ts";
 * import { table } from "../../core/deps/arquero.ts";
 * import { assertEquals } from "../../core/deps/assert.ts";
 *
 * assertEquals(seriesOf(table({ price: [1, null, NaN, 4] }), "price"), [1, null, null, 4]);
 * ```
 */
export function seriesOf(data: ColumnTable, column: string): (number | null)[] {
  const names = data.columnNames();
  if (!names.includes(column)) {
    const known = names.join(", ").slice(0, 500) || "none";
    throw new TypeError(`There is no column ${column}; there are ${known}`);
  }
  return Array.from(data.array(column) as ArrayLike<unknown>, (cell, row) => {
    if (cell === null || cell === undefined) return null;
    if (typeof cell === "number") return Number.isFinite(cell) ? cell : null;
    throw new TypeError(`The column ${column} has to be numbers; row ${row + 1} is a ${typeof cell}`);
  });
}

/**
 * Names of the columns whose first value is a number. What is not finite counts as missing.
 *
 * @example
 * ```ts
 * import { numberColumns } from "./series.ts";
 * import { table } from "../../core/deps/arquero.ts";
 * import { assertEquals } from "../../core/deps/assert.ts";
 *
 * assertEquals(numberColumns(table({ price: [NaN, 4], day: ["2008-10-14", null] })), ["price"]);
 * ```
 */
export function numberColumns(data: ColumnTable): string[] {
  return data.columnNames().filter((name) => {
    const cells: ArrayLike<unknown> = data.array(name);
    for (let row = 0; row < cells.length; row++) {
      if (Number.isFinite(cells[row])) return true;
      if (typeof cells[row] === "string" || typeof cells[row] === "boolean") return false;
    }
    return false;
  });
}

/**
 * A function of each window of `size` values: `[row - size + 1, row]` for each row. Null where there are not so many
 * yet, where one of them is missing, and where the result is not finite; so pandas has its `rolling(size)`.
 *
 * @param compute is given the same array each time, with the next window in it
 * @throws {RangeError} if `size` is not a whole number above 0
 * @example
 * ```ts
 * import { mean, rolling } from "./series.ts";
 * import { assertEquals } from "../../core/deps/assert.ts";
 *
 * assertEquals(rolling([1, 3, null, 4, 8], 2, mean), [null, 2, null, null, 6]);
 * ```
 */
export function rolling(
  series: Series,
  size: number,
  compute: (window: Float64Array) => number,
): (number | null)[] {
  if (!(Number.isInteger(size) && size > 0)) throw new RangeError(`A window cannot have ${size} rows`);
  const window = new Float64Array(size);
  return series.map((_, last) => {
    const first = last + 1 - size;
    if (first < 0) return null;
    for (let at = 0; at < size; at++) {
      const value = series[first + at]!;
      if (value === null) return null;
      window[at] = value;
    }
    const result = compute(window);
    return Number.isFinite(result) ? result : null;
  });
}

/**
 * `Σx / n`; NaN of nothing. What is added up are differences from the first value: near 10^9 they keep their digits,
 * and equal values have exactly that mean.
 */
export function mean(values: ArrayLike<number>): number {
  return (values[0] ?? NaN) + meanDistance(values);
}

/** The standard deviation of a sample, `√(Σ(x - mean)² / (n - 1))`; NaN of less than two. pandas has the same. */
export function std(values: ArrayLike<number>): number {
  if (values.length < 2) return NaN;
  const center = meanDistance(values);
  let sum = 0;
  for (let at = 0; at < values.length; at++) sum += (values[at]! - values[0]! - center) ** 2;
  return Math.sqrt(sum / (values.length - 1));
}

/**
 * The table with further columns behind its own.
 *
 * @throws {TypeError} if there is a column of such a name already
 * @example
 * ```ts
 * import { addColumns } from "./series.ts";
 * import { table } from "../../core/deps/arquero.ts";
 * import { assertEquals } from "../../core/deps/assert.ts";
 *
 * assertEquals(addColumns(table({ a: [1, 2] }), { b: [null, 3] }).columnNames(), ["a", "b"]);
 * ```
 */
export function addColumns(
  data: ColumnTable,
  columns: ColumnLists,
): ColumnTable {
  const names = Object.keys(columns);
  const twice = names.find((name) => data.columnNames().includes(name));
  if (twice !== undefined) {
    throw new TypeError(`There is a column ${twice} already; set another output_prefix`);
  }
  return names.length === 0 ? data : data.assign(columns);
}

/** From the first value to the mean. */
function meanDistance(values: ArrayLike<number>): number {
  let sum = 0;
  for (let at = 0; at < values.length; at++) sum += values[at]! - values[0]!;
  return sum / values.length;
}

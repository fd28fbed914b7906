/**
 * Day of the week and month of ISO dates. Only the date that is written counts: a time behind it, and the
 * zone that it is in, change nothing.
 *
 * @module
 */
import type { ColumnTable } from "k-bert/sdk/tables";
import { FeatureExtractionError } from "./extraction_error.ts";

/** Whole numbers; a list with null where a date is missing. */
type WholeNumbers = Int32Array | (number | null)[];

/** What a date is, and perhaps a time of which nothing is read. */
const ISO_DATE = /^(\d{4})-(\d{2})-(\d{2})(?:[T ].*)?$/;

/**
 * Days of the week, from 0 for Monday as pandas counts them, and months, from 1.
 *
 * @throws {FeatureExtractionError} if there is no such column, or a row of it holds no date
 * @example
 * ```ts
 * import { calendarOf } from "./calendar.ts";
 * import { aq } from "k-bert/sdk/tables";
 * import { assertEquals } from "@std/assert";
 *
 * const { day_of_week, month } = calendarOf(aq.table({ day: ["2008-10-14", "2024-02-29"] }), "day");
 * assertEquals([[...day_of_week], [...month]], [[1, 3], [10, 2]]);
 * ```
 */
export function calendarOf(
  data: ColumnTable,
  column: string,
): { day_of_week: WholeNumbers; month: WholeNumbers } {
  if (!data.columnNames().includes(column)) {
    const message = `There is no column ${column}; there are ${data.columnNames().join(", ")}; ` +
      "name one of them in date_column";
    throw new FeatureExtractionError(column, message);
  }
  const dates = Array.from(data.array(column) as ArrayLike<unknown>, (cell, row) => {
    if (cell === null || cell === undefined) return null;
    const date = parseDate(cell);
    if (date) return date;
    const message =
      `The column ${column} holds ${JSON.stringify(cell)} in row ${row + 1}, expected a date such ` +
      "as 2008-10-14; change it, or name another column in date_column";
    throw new FeatureExtractionError(column, message);
  });
  return {
    day_of_week: wholeNumbers(dates.map((date) => date && (date.getUTCDay() + 6) % 7)),
    month: wholeNumbers(dates.map((date) => date && date.getUTCMonth() + 1)),
  };
}

/** Midnight of that day; undefined for what is no date, such as the 30th of February. */
function parseDate(cell: unknown): Date | undefined {
  const parts = typeof cell === "string" ? ISO_DATE.exec(cell) : null;
  if (!parts) return undefined;
  const [year, month, day] = parts.slice(1).map(Number) as [number, number, number];
  const date = new Date(0);
  date.setUTCFullYear(year, month - 1, day);
  return date.getUTCMonth() === month - 1 && date.getUTCDate() === day ? date : undefined;
}

/** Without a gap they are a column of whole numbers. */
function wholeNumbers(cells: (number | null)[]): WholeNumbers {
  return cells.includes(null) ? cells : Int32Array.from(cells as number[]);
}

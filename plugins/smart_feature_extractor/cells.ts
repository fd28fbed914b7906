/**
 * Columns of a table as lists, by what is in them. A column may come from any plugin before this one, so its
 * kind is found out from its values, and every value is looked at.
 *
 * @module
 */
import type { ColumnTable } from "k-bert/sdk/tables";

/**
 * What the first value of a column is; undefined if there is none. NaN and infinity count as missing.
 *
 * @example
 * ```ts
 * import { kindOf } from "./cells.ts";
 * import { aq } from "k-bert/sdk/tables";
 * import { assertEquals } from "@std/assert";
 *
 * const data = aq.table({ mass: [null, 3_750], species: ["Adelie", null], none: [null, NaN] });
 * assertEquals(data.columnNames().map((name) => kindOf(data, name)), ["number", "string", undefined]);
 * ```
 */
export function kindOf(data: ColumnTable, name: string): string | undefined {
  const cells: ArrayLike<unknown> = data.array(name);
  for (let row = 0; row < cells.length; row++) {
    const cell = cells[row];
    const isMissing = isNone(cell) || typeof cell === "number" && !Number.isFinite(cell);
    if (!isMissing) return typeof cell;
  }
  return undefined;
}

/** A column of texts. @throws {TypeError} if a value is something else */
export function textsOf(data: ColumnTable, name: string): (string | null)[] {
  return cellsOf(data, name, (cell) => typeof cell === "string", "text");
}

/** A column of booleans. @throws {TypeError} if a value is something else */
export function booleansOf(data: ColumnTable, name: string): (boolean | null)[] {
  return cellsOf(data, name, (cell) => typeof cell === "boolean", "boolean");
}

/**
 * A whole number for each cell, and null where there is none. Without a gap they are a column of whole
 * numbers.
 *
 * @example
 * ```ts
 * import { wholeNumbers } from "./cells.ts";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(wholeNumbers([true, false], Number), Int32Array.of(1, 0));
 * assertEquals(wholeNumbers([true, null], Number), [1, null]);
 * ```
 */
export function wholeNumbers<Cell>(
  cells: readonly (Cell | null)[],
  count: (cell: Cell) => number,
): Int32Array | (number | null)[] {
  const numbers = cells.map((cell) => cell === null ? null : count(cell));
  return numbers.includes(null) ? numbers : Int32Array.from(numbers as number[]);
}

function cellsOf<Cell>(
  data: ColumnTable,
  name: string,
  is: (cell: unknown) => cell is Cell,
  expected: string,
): (Cell | null)[] {
  return Array.from(data.array(name) as ArrayLike<unknown>, (cell, row) => {
    if (isNone(cell)) return null;
    if (is(cell)) return cell;
    throw new TypeError(
      `The column ${name} holds a ${typeof cell} in row ${row + 1}, expected a ${expected}`,
    );
  });
}

function isNone(cell: unknown): boolean {
  return cell === null || cell === undefined;
}

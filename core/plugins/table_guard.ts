/**
 * What the table of a feature extractor has to be besides its form: the columns as they were, with a bounded
 * number of new ones, and finite numbers and texts of a sane length in them.
 *
 * Whether a column is as it was can be seen only where the sender kept it: one whose bytes were moved away is gone.
 *
 * @module
 */
import { cellAt, type Column, isNull, viewsOf } from "../table/column.ts";
import type { Table } from "../table/table.ts";
import { fromWire, keptColumns, type WireTable } from "../table/wire.ts";
import { GUARD_LIMITS, type GuardProblem, quoted, textProblem } from "./guards.ts";

/**
 * A table with features against the one that the extractor was given.
 *
 * @example
 * ```ts
 * import { guardTable } from "./table_guard.ts";
 * import { Table } from "../table/table.ts";
 * import { toWire } from "../table/wire.ts";
 * import { assertEquals } from "../deps/assert.ts";
 *
 * const wire = (lists: Record<string, number[]>) => toWire(Table.from(lists));
 * assertEquals(guardTable(wire({ a: [1, 2] }), wire({ a: [1, 2], feature_b: [3, 4] })), undefined);
 * assertEquals(guardTable(wire({ a: [1, 2] }), wire({ a: [1, 7] }))?.reason, "changed");
 * ```
 */
export function guardTable(given: WireTable, answer: WireTable): GuardProblem | undefined {
  if (answer.rows !== given.rows) {
    const problem = `it gave ${answer.rows} rows for ${given.rows}; give a row for each row`;
    return { reason: "count", problem, limit: given.rows, value: answer.rows };
  }
  const table = fromWire(answer);
  const before = keptColumns(given);
  for (const { name, type } of given.columns) {
    const problem = givenColumnProblem(name, type, table, before);
    if (problem) return problem;
  }
  const names = new Set(given.columns.map(({ name }) => name));
  const added = table.names.filter((name) => !names.has(name));
  if (added.length > GUARD_LIMITS.newColumns) {
    const limit = GUARD_LIMITS.newColumns;
    const problem = `it gave ${added.length} new columns, and the limit is ${limit}; give fewer`;
    return { reason: "count", problem, limit, value: added.length };
  }
  for (const name of added) {
    const problem = newColumnProblem(name, table.column(name));
    if (problem) return problem;
  }
  return undefined;
}

function givenColumnProblem(
  name: string,
  type: string,
  answer: Table,
  before: Table,
): GuardProblem | undefined {
  const shown = quoted(name);
  if (!answer.has(name)) {
    return { reason: "changed", problem: `the column ${shown} is missing; give back all that were given` };
  }
  const column = answer.column(name);
  if (column.type !== type) {
    return { reason: "changed", problem: `the column ${shown} was ${type} and is ${column.type} now` };
  }
  const row = before.has(name) ? firstDifference(before.column(name), column) : -1;
  if (row < 0) return undefined;
  const problem = `row ${row + 1} of the column ${shown} was changed; put what is new in a new column`;
  return { reason: "changed", problem, value: row + 1 };
}

/** Of two columns of one type and length; -1 if there is none. */
function firstDifference(a: Column, b: Column): number {
  const [views, others] = [viewsOf(a), viewsOf(b)];
  const areSame = views.length === others.length &&
    views.every((view, index) => sameBytes(view, others[index]!));
  if (areSame) return -1;
  // Not `===`: a NaN that was given is to come back, and 0 is not -0.
  for (let row = 0; row < a.length; row++) if (!Object.is(cellAt(a, row), cellAt(b, row))) return row;
  return -1;
}

function sameBytes(a: ArrayBufferView, b: ArrayBufferView): boolean {
  if (a.byteLength !== b.byteLength) return false;
  const [x, y] = [wordsOf(a), wordsOf(b)];
  if (x === undefined || y === undefined) return sameItems(bytesOf(a), bytesOf(b));
  return sameItems(x, y) && sameItems(bytesOf(a, x.byteLength), bytesOf(b, y.byteLength));
}

/** Not `every()`: a column may have millions of them. */
function sameItems(a: Int32Array | Uint8Array, b: Int32Array | Uint8Array): boolean {
  for (let at = 0; at < a.length; at++) if (a[at] !== b[at]) return false;
  return true;
}

/** Four bytes at a time, where they begin at such a place. */
function wordsOf({ buffer, byteOffset, byteLength }: ArrayBufferView): Int32Array | undefined {
  return byteOffset % 4 === 0 ? new Int32Array(buffer, byteOffset, byteLength >> 2) : undefined;
}

function bytesOf({ buffer, byteOffset, byteLength }: ArrayBufferView, from = 0): Uint8Array {
  return new Uint8Array(buffer, byteOffset + from, byteLength - from);
}

function newColumnProblem(name: string, column: Column): GuardProblem | undefined {
  const named = textProblem("the name of a new column", name, GUARD_LIMITS.columnName);
  if (named) return named;
  if (name === "") {
    const problem = "the name of a new column is empty; give it one";
    return { reason: "length", problem, limit: 1, value: 0 };
  }
  switch (column.type) {
    case "float64":
    case "float32":
      return numberProblem(name, column);
    case "utf8":
      return cellTextProblem(name, column);
    case "int32":
    case "bool":
      return undefined;
  }
}

function numberProblem(name: string, column: Column): GuardProblem | undefined {
  for (let row = 0; row < column.length; row++) {
    const value = column.values[row]!;
    if (Number.isFinite(value) || isNull(column, row)) continue;
    const problem = `${
      place(name, row)
    } is ${value}, expected a finite number; give null where there is none`;
    return { reason: "not-finite", problem, value };
  }
  return undefined;
}

function cellTextProblem(name: string, column: Column): GuardProblem | undefined {
  for (let row = 0; row < column.length; row++) {
    const text = isNull(column, row) ? "" : decodedText(column, row);
    if (text === undefined) {
      const problem = `${place(name, row)} is no UTF-8; cut texts between characters only`;
      return { reason: "text", problem };
    }
    const problem = textProblem(place(name, row), text, GUARD_LIMITS.cellText);
    if (problem) return problem;
  }
  return undefined;
}

const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** Undefined if its bytes are none. */
function decodedText({ values, offsets }: Column, row: number): string | undefined {
  try {
    return decoder.decode((values as Uint8Array).subarray(offsets![row], offsets![row + 1]));
  } catch {
    return undefined;
  }
}

function place(name: string, row: number): string {
  return `row ${row + 1} of the column ${quoted(name)}`;
}

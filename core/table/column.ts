/**
 * A column of a table, in the memory layout of Apache Arrow: values one behind the other, bits for what is
 * missing, and offsets for texts. So a column crosses the wall as buffers that are moved, and an Arrow file as
 * it is.
 *
 * @see https://arrow.apache.org/docs/format/Columnar.html
 * @module
 */
import { KBertError } from "../wall/errors.ts";

/** A value of a table. */
export type Cell = number | string | boolean | null;

/** What a column is made of. */
export type ColumnType = "float64" | "float32" | "int32" | "bool" | "utf8";

/** See the module's text. Shared by whoever holds it: to be read, not to be changed. */
export interface Column {
  readonly type: ColumnType;
  readonly length: number;
  /** Numbers; for `bool` bits, the least significant first; for `utf8` the bytes of all texts. */
  readonly values: Float64Array | Float32Array | Int32Array | Uint8Array;
  /** For `utf8`: where each text begins, and where the last one ends. */
  readonly offsets?: Int32Array;
  /** Bits that are 1 where there is a value; absent if there is one everywhere. */
  readonly validity?: Uint8Array;
}

/** Numbers that are a column already. */
export type NumberArray = Float64Array | Float32Array | Int32Array;

/** Most bytes that the texts of one column may have: offsets are of 32 bits. */
const MOST_TEXT_BYTES = 2 ** 31 - 1;

/**
 * Makes a column of cells, or takes numbers as they are, without a copy.
 *
 * Lists are of one kind, with `null` where there is nothing: texts become `utf8`, booleans `bool`, and numbers
 * what `preferred` says.
 *
 * @param name for errors
 * @param preferred what a list of numbers, or of nothing but `null`, becomes; numbers are rounded to it. Where it
 * is of another kind than the list, it counts for nothing
 * @throws {KBertError} `input/invalid` for a list of several kinds, half of a character, or too many texts
 * @example
 * ```ts
 * import { cellAt, makeColumn } from "./column.ts";
 * import { assertEquals } from "../deps/assert.ts";
 *
 * const column = makeColumn("city", ["Ulm", null, "Kraków"]);
 * assertEquals([column.type, column.length, cellAt(column, 1), cellAt(column, 2)], ["utf8", 3, null, "Kraków"]);
 * ```
 */
export function makeColumn(
  name: string,
  cells: readonly Cell[] | NumberArray,
  preferred: ColumnType = "float64",
): Column {
  if (cells instanceof Float64Array) return { type: "float64", length: cells.length, values: cells };
  if (cells instanceof Float32Array) return { type: "float32", length: cells.length, values: cells };
  if (cells instanceof Int32Array) return { type: "int32", length: cells.length, values: cells };
  const kind = kindOf(name, cells) ?? KINDS[preferred];
  const validity = validityOf(cells);
  const shared = { length: cells.length, ...(validity && { validity }) };
  switch (kind) {
    case "number": {
      const type = preferred === "float32" || preferred === "int32" ? preferred : "float64";
      const values = new NUMBERS[type](cells.length);
      for (let row = 0; row < cells.length; row++) values[row] = Number(cells[row] ?? 0);
      return { type, ...shared, values };
    }
    case "boolean":
      return { type: "bool", ...shared, values: bits(cells.length, (row) => cells[row] === true) };
    case "string":
      return { type: "utf8", ...shared, ...textsOf(name, cells as readonly (string | null)[]) };
  }
}

/** Whether there is nothing in a row, from 0. */
export function isNull({ validity }: Column, row: number): boolean {
  return validity !== undefined && (validity[row >> 3]! & 1 << (row & 7)) === 0;
}

/** The value in a row, from 0. Bytes that are no UTF-8 are read as U+FFFD. */
export function cellAt(column: Column, row: number): Cell {
  if (isNull(column, row)) return null;
  const { type, values, offsets } = column;
  switch (type) {
    case "utf8":
      return decoder.decode((values as Uint8Array).subarray(offsets![row], offsets![row + 1]));
    case "bool":
      return ((values as Uint8Array)[row >> 3]! & 1 << (row & 7)) !== 0;
    default:
      return values[row]!;
  }
}

/** All values of a column. */
export function cellsOf(column: Column): Cell[] {
  return Array.from({ length: column.length }, (_, row) => cellAt(column, row));
}

/** The views that a column consists of, in a fixed order: what is moved, hashed and compared. */
export function viewsOf({ values, offsets, validity }: Column): (NumberArray | Uint8Array)[] {
  return [values, ...(offsets ? [offsets] : []), ...(validity ? [validity] : [])];
}

/** Bytes of a bitmap for so many rows. */
export function bitmapBytes(rows: number): number {
  return Math.ceil(rows / 8); // a shift would take the rows for a number of 32 bits
}

/** What the cells of a column are. */
type Kind = "number" | "string" | "boolean";

const KINDS: Readonly<Record<ColumnType, Kind>> = {
  ...{ float64: "number", float32: "number", int32: "number", bool: "boolean", utf8: "string" },
};
const WORDS: Readonly<Record<Kind, string>> = { number: "number", string: "text", boolean: "boolean" };
const NUMBERS = { float64: Float64Array, float32: Float32Array, int32: Int32Array };

// A text that begins with U+FEFF keeps it.
const decoder = new TextDecoder("utf-8", { ignoreBOM: true });
const encoder = new TextEncoder();

/** Undefined if there is nothing but `null`. */
function kindOf(name: string, cells: readonly Cell[]): Kind | undefined {
  let kind: Kind | undefined;
  for (const [row, cell] of cells.entries()) {
    if (cell === null) continue;
    const found = typeof cell;
    if (found !== "number" && found !== "string" && found !== "boolean") {
      throw wrongCell(name, row, `a value of the type ${found}, expected a number, text, boolean or null`);
    }
    if (kind !== undefined && found !== kind) {
      throw wrongCell(name, row, `a ${WORDS[found]} in a column of ${WORDS[kind]}s`);
    }
    kind = found;
  }
  return kind;
}

function wrongCell(name: string, row: number, problem: string): KBertError<"input/invalid"> {
  const message = `Row ${row + 1} of the column ${JSON.stringify(name)} holds ${problem}`;
  return new KBertError("input/invalid", message, { name, value: row + 1 });
}

function validityOf(cells: readonly Cell[]): Uint8Array | undefined {
  return cells.includes(null) ? bits(cells.length, (row) => cells[row] !== null) : undefined;
}

function bits(length: number, isSet: (row: number) => boolean): Uint8Array {
  const bytes = new Uint8Array(bitmapBytes(length));
  for (let row = 0; row < length; row++) if (isSet(row)) bytes[row >> 3]! |= 1 << (row & 7);
  return bytes;
}

function textsOf(
  name: string,
  texts: readonly (string | null)[],
): { values: Uint8Array; offsets: Int32Array } {
  const offsets = new Int32Array(texts.length + 1);
  const parts = texts.map((text, row) => {
    if (text === null || text.isWellFormed()) return encoder.encode(text ?? "");
    // UTF-8 has no such thing: it would come back as another text.
    throw wrongCell(name, row, "half of a character; cut texts between characters only");
  });
  const bytes = parts.reduce((sum, { length }) => sum + length, 0);
  if (bytes > MOST_TEXT_BYTES) {
    const message = `The texts of the column ${JSON.stringify(name)} have ${bytes} bytes, and the limit is ` +
      `${MOST_TEXT_BYTES}; split the table`;
    throw new KBertError("input/invalid", message, { name, limit: MOST_TEXT_BYTES, value: bytes });
  }
  const values = new Uint8Array(bytes);
  let at = 0;
  for (const [row, part] of parts.entries()) {
    values.set(part, at);
    offsets[row + 1] = at += part.length;
  }
  return { values, offsets };
}

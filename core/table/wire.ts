/**
 * A table as it crosses the wall: a bounded head, and the columns' own buffers, which are moved. In the worker
 * tier no byte of a column is copied; the sender's table is empty afterwards.
 *
 * What arrives was written by somebody else. Sizes are compared with the number of rows before a view is made,
 * and texts have to be where their offsets say, in order.
 *
 * @module
 */
import type { WireValue } from "../wall/values.ts";
import { bitmapBytes, type Column, type ColumnType, type NumberArray } from "./column.ts";
import { Table } from "./table.ts";

/** A table as a value of the wall. */
export interface WireTable {
  readonly rows: number;
  readonly columns: readonly WireColumn[];
}

/** A column as bytes. */
export interface WireColumn {
  readonly name: string;
  readonly type: ColumnType;
  readonly values: Uint8Array;
  readonly offsets?: Uint8Array;
  readonly validity?: Uint8Array;
}

/**
 * The wire form of a table, over the same memory: whoever sends it gives the table away.
 *
 * @example
 * ```ts
 * import { fromWire, toWire } from "./wire.ts";
 * import { Table } from "./table.ts";
 * import { assertEquals } from "../deps/assert.ts";
 *
 * const table = Table.from({ word: ["ham", null], length: Int32Array.of(3, 0) });
 * assertEquals(fromWire(toWire(table)).toLists(), { word: ["ham", null], length: [3, 0] });
 * ```
 */
export function toWire(table: Table): WireTable {
  const columns = [...table.columns].map(([name, { type, values, offsets, validity }]) => ({
    ...{ name, type, values: bytesOf(values) },
    ...(offsets && { offsets: bytesOf(offsets) }),
    ...(validity && { validity: bytesOf(validity) }),
  }));
  return { rows: table.rows, columns };
}

/**
 * Reads a wire form, without a copy.
 *
 * @throws {TypeError} saying what is wrong with it
 */
export function fromWire(value: WireTable | WireValue): Table {
  const { rows, columns } = (isRecord(value) ? value : {}) as Partial<WireTable>;
  if (!Number.isSafeInteger(rows) || rows! < 0 || !Array.isArray(columns)) {
    throw new TypeError("it is no table");
  }
  const found = new Map<string, Column>();
  for (const column of columns as readonly unknown[]) {
    const { name } = (isRecord(column) ? column : {}) as Partial<WireColumn>;
    if (typeof name !== "string" || found.has(name)) throw new TypeError("a column has no name of its own");
    found.set(name, columnOf(column as WireColumn, rows!));
  }
  return new Table(found);
}

function columnOf({ name, type, values, offsets, validity }: WireColumn, rows: number): Column {
  const wrong = (problem: string): TypeError =>
    new TypeError(`the column ${JSON.stringify(name)} ${problem}`);
  if (!(values instanceof Uint8Array)) throw wrong("has no values");
  if (validity !== undefined && !(validity instanceof Uint8Array && validity.length === bitmapBytes(rows))) {
    throw wrong(`says of another number of rows what is missing`);
  }
  const shared = { length: rows, ...(validity && { validity }) };
  switch (type) {
    case "float64":
    case "float32":
    case "int32": {
      const bytesPerRow = type === "float64" ? 8 : 4;
      if (values.byteLength !== rows * bytesPerRow) throw wrong(`has not ${rows} rows`);
      const { buffer, byteOffset } = values;
      if (type === "float64") return { type, ...shared, values: new Float64Array(buffer, byteOffset, rows) };
      if (type === "float32") return { type, ...shared, values: new Float32Array(buffer, byteOffset, rows) };
      return { type, ...shared, values: new Int32Array(buffer, byteOffset, rows) };
    }
    case "bool":
      if (values.length !== bitmapBytes(rows)) throw wrong(`has not ${rows} rows`);
      return { type, ...shared, values };
    case "utf8": {
      if (!(offsets instanceof Uint8Array) || offsets.byteLength !== (rows + 1) * 4) {
        throw wrong(`has not ${rows} rows`);
      }
      const places = new Int32Array(offsets.buffer, offsets.byteOffset, rows + 1);
      let before = 0;
      for (const place of places) {
        if (place < before) throw wrong("has texts that begin before the one ahead of them ends");
        before = place;
      }
      if (places[0] !== 0 || before !== values.length) throw wrong("has texts that lie outside of its bytes");
      return { type, ...shared, values, offsets: places };
    }
    default:
      throw wrong("is of no known type");
  }
}

function bytesOf({ buffer, byteOffset, byteLength }: NumberArray | Uint8Array): Uint8Array {
  return new Uint8Array(buffer, byteOffset, byteLength);
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null;
}

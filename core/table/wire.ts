/**
 * A table as it crosses the wall: a bounded head, and the columns' own buffers, which are moved. In the worker
 * tier no byte of a column is copied; the sender's table is empty afterwards. Only a table of so many columns
 * that their buffers do not fit into a frame is copied into a single one.
 *
 * What arrives was written by somebody else. Sizes are compared with the number of rows before a view is made,
 * and texts have to be where their offsets say, in order.
 *
 * @module
 */
import type { WireValue } from "../wall/values.ts";
import { bitmapBytes, type Column, type ColumnType, type NumberArray, viewsOf } from "./column.ts";
import { Table } from "./table.ts";

/** A table as a value of the wall. */
export interface WireTable {
  readonly rows: number;
  readonly columns: readonly WireColumn[];
  /** Of a table of many columns: the bytes of all, see {@linkcode WirePart}. */
  readonly packed?: Uint8Array;
}

/** A column as bytes. */
export interface WireColumn {
  readonly name: string;
  readonly type: ColumnType;
  readonly values: WirePart;
  readonly offsets?: WirePart;
  readonly validity?: WirePart;
}

/** Bytes; or how many of `packed` they are, behind those of the part before it, at the next multiple of 8. */
export type WirePart = Uint8Array | number;

/** A frame has room for 256, and a call has other arguments. */
const MOST_BUFFERS = 240;
/** Rows are counted in 32 bits, with a sign. */
const MOST_ROWS = 2 ** 31 - 1;

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
  const { rows } = table;
  const views = [...table.columns.values()].flatMap(viewsOf);
  if (views.length <= MOST_BUFFERS) return { rows, columns: columnsOf(table, bytesOf) };
  return { rows, columns: columnsOf(table, ({ byteLength }) => byteLength), packed: pack(views) };
}

/**
 * Reads a wire form, without a copy where the bytes are aligned, as all are that cross the wall.
 *
 * @throws {TypeError} saying what is wrong with it
 */
export function fromWire(value: WireTable | WireValue): Table {
  const { rows, columns, packed } = (isRecord(value) ? value : {}) as Partial<WireTable>;
  if (!Number.isSafeInteger(rows) || rows! < 0 || rows! > MOST_ROWS || !Array.isArray(columns)) {
    throw new TypeError("it is no table");
  }
  if (columns.length === 0 && rows !== 0) throw new TypeError(`it has ${rows} rows and no column`);
  const read = readerOf(packed);
  const found = new Map<string, Column>();
  for (const column of columns as readonly unknown[]) {
    const { name } = (isRecord(column) ? column : {}) as Partial<WireColumn>;
    if (typeof name !== "string" || found.has(name)) throw new TypeError("a column has no name of its own");
    found.set(name, columnOf(column as WireColumn, rows!, read));
  }
  return new Table(found);
}

/** The columns of a table that was sent whose bytes are still here, because they were copied and not moved. */
export function keptColumns({ rows, columns, packed }: WireTable): Table {
  if (packed) return isHere(packed) ? fromWire({ rows, columns, packed }) : new Table(new Map());
  const kept = columns.filter(({ values, offsets, validity }) => [values, offsets, validity].every(isHere));
  return kept.length === 0 ? new Table(new Map()) : fromWire({ rows, columns: kept });
}

function isHere(part: WirePart | undefined): boolean {
  return !(part instanceof Uint8Array && part.buffer instanceof ArrayBuffer && part.buffer.detached);
}

function columnsOf(table: Table, part: (view: NumberArray | Uint8Array) => WirePart): WireColumn[] {
  return [...table.columns].map(([name, { type, values, offsets, validity }]) => ({
    ...{ name, type, values: part(values) },
    ...(offsets && { offsets: part(offsets) }),
    ...(validity && { validity: part(validity) }),
  }));
}

function bytesOf({ buffer, byteOffset, byteLength }: NumberArray | Uint8Array): Uint8Array {
  return new Uint8Array(buffer, byteOffset, byteLength);
}

function pack(views: readonly (NumberArray | Uint8Array)[]): Uint8Array {
  const packed = new Uint8Array(views.reduce((end, { byteLength }) => nextPlace(end) + byteLength, 0));
  let at = 0;
  for (const view of views) {
    packed.set(bytesOf(view), at);
    at = nextPlace(at + view.byteLength);
  }
  return packed;
}

/** Numbers of 8 bytes begin at a multiple of 8. */
function nextPlace(at: number): number {
  return Math.ceil(at / 8) * 8;
}

/** Takes the parts of columns in their order; undefined for what is none. */
function readerOf(packed: unknown): (part: unknown) => Uint8Array | undefined {
  if (packed === undefined) return (part) => part instanceof Uint8Array ? part : undefined;
  if (!(packed instanceof Uint8Array)) throw new TypeError("its bytes are none");
  let at = 0;
  return (part) => {
    if (!Number.isSafeInteger(part) || (part as number) < 0) return undefined;
    const end = at + (part as number);
    if (end > packed.length) throw new TypeError("it has fewer bytes than its columns");
    const bytes = packed.subarray(at, end);
    at = nextPlace(end);
    return bytes;
  };
}

function columnOf(
  { name, type, values, offsets, validity }: WireColumn,
  rows: number,
  read: (part: unknown) => Uint8Array | undefined,
): Column {
  const wrong = (problem: string): TypeError =>
    new TypeError(`the column ${JSON.stringify(name.slice(0, 64))} ${problem}`);
  const bytes = read(values);
  if (bytes === undefined) throw wrong("has no values");
  const places = type === "utf8" ? read(offsets) : undefined;
  const bits = validity === undefined ? undefined : read(validity);
  if (validity !== undefined && bits?.length !== bitmapBytes(rows)) {
    throw wrong("says of another number of rows what is missing");
  }
  const shared = { length: rows, ...(bits && { validity: bits }) };
  switch (type) {
    case "float64":
    case "float32":
    case "int32": {
      if (bytes.length !== rows * (type === "float64" ? 8 : 4)) throw wrong(`has not ${rows} rows`);
      const { buffer, byteOffset } = aligned(bytes, type === "float64" ? 8 : 4);
      if (type === "float64") return { type, ...shared, values: new Float64Array(buffer, byteOffset, rows) };
      if (type === "float32") return { type, ...shared, values: new Float32Array(buffer, byteOffset, rows) };
      return { type, ...shared, values: new Int32Array(buffer, byteOffset, rows) };
    }
    case "bool":
      if (bytes.length !== bitmapBytes(rows)) throw wrong(`has not ${rows} rows`);
      return { type, ...shared, values: bytes };
    case "utf8": {
      if (places?.length !== (rows + 1) * 4) throw wrong(`has not ${rows} rows`);
      const { buffer, byteOffset } = aligned(places, 4);
      const checked = new Int32Array(buffer, byteOffset, rows + 1);
      const problem = offsetsProblem(checked, bytes.length);
      if (problem !== undefined) throw wrong(problem);
      return { type, ...shared, values: bytes, offsets: checked };
    }
    default:
      throw wrong("is of no known type");
  }
}

function offsetsProblem(offsets: Int32Array, textBytes: number): string | undefined {
  let before = 0;
  for (const offset of offsets) {
    if (offset < before) return "has texts that begin before the one ahead of them ends";
    before = offset;
  }
  return offsets[0] === 0 && before === textBytes ? undefined : "has texts that lie outside of its bytes";
}

/** The same bytes where a view of numbers may begin. */
function aligned(bytes: Uint8Array, bytesPerNumber: number): Uint8Array {
  return bytes.byteOffset % bytesPerNumber === 0 ? bytes : bytes.slice();
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null;
}

/**
 * Tables to and from Apache Arrow files, which other programs read and write.
 *
 * @module
 */
import {
  ArrowTable,
  Bool,
  type Data,
  DataType,
  Field,
  Float32,
  Float64,
  Int32,
  makeData,
  RecordBatch,
  Schema,
  Struct,
  tableFromIPC,
  tableToIPC,
  Utf8,
  type Vector,
} from "../deps/apache_arrow.ts";
import { KBertError, messageOf } from "../wall/errors.ts";
import { bitmapBytes, type Cell, type Column, type ColumnType, makeColumn } from "./column.ts";
import { Table } from "./table.ts";
import { fromWire, toWire } from "./wire.ts";

/**
 * A table as the bytes of an Arrow file.
 *
 * @throws {KBertError} `input/invalid` for a column whose name is empty: it would be read as "null"
 * @example
 * ```ts
 * import { fromArrowFile, toArrowFile } from "./arrow.ts";
 * import { Table } from "./table.ts";
 * import { assertEquals } from "../deps/assert.ts";
 *
 * const table = Table.from({ word: ["ham", null], length: Int32Array.of(3, 0), isSpam: [false, true] });
 * assertEquals(fromArrowFile(toArrowFile(table), "words.arrow").toLists(), table.toLists());
 * ```
 */
export function toArrowFile(table: Table): Uint8Array<ArrayBuffer> {
  const columns = [...table.columns];
  if (table.has("")) {
    const message = "Cannot write a column without a name to an Arrow file; give it one";
    throw new KBertError("input/invalid", message, { name: "" });
  }
  const fields = columns.map(([name, column]) => new Field(name, typeOf(column), true));
  const children = columns.map(([, column]) => dataOf(column));
  const schema = new Schema(fields);
  const rows = makeData({ type: new Struct(fields), length: table.rows, children });
  return tableToIPC(new ArrowTable(schema, [new RecordBatch(schema, rows)]), "file");
}

/**
 * Reads an Arrow file. Numbers of other sizes become `float64`, dates milliseconds since 1970, texts of a
 * dictionary plain ones. Columns of one batch share the memory of `bytes`.
 *
 * A file that was cut is refused, and one with other sizes or offsets than its rows have. But damaged metadata can
 * keep apache-arrow busy for ever: who did not write a file compares its hash first, as the cache of features does.
 *
 * @param file its name, for errors
 * @throws {KBertError} `input/invalid` if it is damaged, has a column of another kind or two of one name, or a whole
 * number that `float64` cannot hold
 */
export function fromArrowFile(bytes: Uint8Array, file: string): Table {
  try {
    // Without it at its end, what was cut off would not be missed.
    if (![bytes.subarray(0, 6), bytes.subarray(-6)].every(isMagic)) {
      throw new TypeError("it is none, or was cut");
    }
    const table = tableFromIPC(bytes);
    const columns = new Map<string, Column>();
    for (const [index, { name, type }] of table.schema.fields.entries()) {
      if (columns.has(name)) throw new TypeError(`the column ${JSON.stringify(name)} comes twice`);
      columns.set(name, columnOf(name, type, table.getChildAt(index)!));
    }
    // Its sizes and offsets are believed as little as those of a plugin.
    return fromWire(toWire(new Table(columns)));
  } catch (cause) {
    const message = `Cannot read ${file} as an Arrow file: ${messageOf(cause)}`;
    throw new KBertError("input/invalid", message, { name: file }, { cause });
  }
}

/** What the file format begins and ends with. */
function isMagic(bytes: Uint8Array): boolean {
  return new TextDecoder().decode(bytes) === "ARROW1";
}

function typeOf({ type }: Column): DataType {
  switch (type) {
    case "float64":
      return new Float64();
    case "float32":
      return new Float32();
    case "int32":
      return new Int32();
    case "bool":
      return new Bool();
    case "utf8":
      return new Utf8();
  }
}

function dataOf(column: Column): Data {
  const { length, values, offsets, validity } = column;
  return makeData({
    ...{ type: typeOf(column), length, data: values },
    ...(offsets && { valueOffsets: offsets }),
    ...(validity && { nullBitmap: validity, nullCount: -1 }),
  });
}

function columnOf(name: string, type: DataType, vector: Vector): Column {
  const [data] = vector.data;
  const own = vector.data.length === 1 && data ? sharedColumn(data) : undefined;
  return own ?? makeColumn(name, Array.from(vector, (value) => cellOf(name, value)), columnType(type));
}

/** What is nearest to a type of Arrow's. */
function columnType(type: DataType): ColumnType {
  if (DataType.isDictionary(type)) return columnType(type.dictionary);
  if (DataType.isUtf8(type) || DataType.isLargeUtf8(type)) return "utf8";
  if (DataType.isBool(type)) return "bool";
  if (DataType.isInt(type) && type.isSigned && type.bitWidth === 32) return "int32";
  return DataType.isFloat(type) && type.precision === 1 ? "float32" : "float64";
}

/** Over the same memory, where the layouts are the same; undefined where they are not. */
function sharedColumn(data: Data): Column | undefined {
  const { type, length, offset, values, valueOffsets, nullBitmap, nullCount } = data;
  if (offset !== 0 || nullCount > 0 && !nullBitmap) return undefined;
  const validity = nullCount > 0 && nullBitmap
    ? { validity: nullBitmap.subarray(0, bitmapBytes(length)) }
    : {};
  if (DataType.isUtf8(type)) {
    if (length === 0 || valueOffsets[0] !== 0) return undefined;
    const offsets = valueOffsets.subarray(0, length + 1);
    const texts = (values as Uint8Array).subarray(0, offsets[length]);
    return { type: "utf8", length, values: texts, offsets, ...validity };
  }
  if (DataType.isBool(type)) {
    const bits = (values as Uint8Array).subarray(0, bitmapBytes(length));
    return { type: "bool", length, values: bits, ...validity };
  }
  const isNumber =
    DataType.isFloat(type) && (values instanceof Float64Array || values instanceof Float32Array) ||
    DataType.isInt(type) && values instanceof Int32Array;
  if (!isNumber) return undefined;
  return { type: columnType(type), length, values: values.subarray(0, length), ...validity };
}

function cellOf(name: string, value: unknown): Cell {
  if (value === null || value === undefined) return null;
  if (typeof value === "number" || typeof value === "string" || typeof value === "boolean") return value;
  if (typeof value === "bigint" && BigInt(Number(value)) === value) return Number(value);
  const what = typeof value === "bigint" ? `${value}, which no float64 is` : Deno.inspect(value).slice(0, 60);
  throw new TypeError(
    `the column ${JSON.stringify(name)} holds ${what}, expected numbers, texts or booleans; ` +
      "convert it, or leave it out",
  );
}

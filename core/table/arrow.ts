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
} from "../deps/apache_arrow.ts";
import { KBertError, messageOf } from "../wall/errors.ts";
import { bitmapBytes, type Cell, type Column, makeColumn } from "./column.ts";
import { Table } from "./table.ts";

/**
 * A table as the bytes of an Arrow file.
 *
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
  const fields = columns.map(([name, column]) => new Field(name, typeOf(column), true));
  const children = columns.map(([, column]) => dataOf(column));
  const schema = new Schema(fields);
  const rows = makeData({ type: new Struct(fields), length: table.rows, children });
  return tableToIPC(new ArrowTable(schema, [new RecordBatch(schema, rows)]), "file");
}

/**
 * Reads an Arrow file. Numbers of other sizes become `float64`, dates milliseconds since 1970, texts of a
 * dictionary plain ones.
 *
 * @param file its name, for errors
 * @throws {KBertError} `input/invalid` if it is damaged or has a column of another kind
 */
export function fromArrowFile(bytes: Uint8Array, file: string): Table {
  let table: ArrowTable;
  try {
    table = tableFromIPC(bytes);
  } catch (cause) {
    const message = `Cannot read ${file} as an Arrow file: ${messageOf(cause)}`;
    throw new KBertError("input/invalid", message, { name: file }, { cause });
  }
  return new Table(
    new Map(
      table.schema.fields.map(({ name }) => {
        const vector = table.getChild(name)!;
        const [data] = vector.data;
        const own = vector.data.length === 1 && data ? columnOf(data) : undefined;
        return [name, own ?? makeColumn(name, Array.from(vector, (value) => cellOf(name, value)))];
      }),
    ),
  );
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

/** Over the same memory, where the layouts are the same; undefined where they are not. */
function columnOf(
  { type, length, offset, values, valueOffsets, nullBitmap, nullCount }: Data,
): Column | undefined {
  if (offset !== 0) return undefined;
  const validity = nullCount > 0 ? { validity: nullBitmap.subarray(0, bitmapBytes(length)) } : {};
  if (DataType.isUtf8(type)) {
    const offsets = valueOffsets.subarray(0, length + 1);
    return {
      type: "utf8",
      length,
      values: (values as Uint8Array).subarray(0, offsets[length]),
      offsets,
      ...validity,
    };
  }
  if (DataType.isBool(type)) {
    return {
      type: "bool",
      length,
      values: (values as Uint8Array).subarray(0, bitmapBytes(length)),
      ...validity,
    };
  }
  if (values instanceof Float64Array) {
    return { type: "float64", length, values: values.subarray(0, length), ...validity };
  }
  if (values instanceof Float32Array) {
    return { type: "float32", length, values: values.subarray(0, length), ...validity };
  }
  const isInt32 = DataType.isInt(type) && values instanceof Int32Array;
  return isInt32 ? { type: "int32", length, values: values.subarray(0, length), ...validity } : undefined;
}

function cellOf(name: string, value: unknown): Cell {
  if (value === null || value === undefined) return null;
  if (typeof value === "bigint") {
    const number = Number(value);
    if (BigInt(number) === value) return number;
  } else if (typeof value === "number" || typeof value === "string" || typeof value === "boolean") {
    return value;
  } else if (value instanceof Date) return value.getTime();
  const message = `The column ${JSON.stringify(name)} holds ${Deno.inspect(value).slice(0, 60)}, expected ` +
    "numbers, texts or booleans; convert it, or leave it out";
  throw new KBertError("input/invalid", message, { name });
}

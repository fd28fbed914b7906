/** A kind of column. */
export class DataType {
  readonly typeId: number;
  toString(): string;
}
export class Float64 extends DataType {}
export class Float32 extends DataType {}
export class Float16 extends DataType {}
export class Int8 extends DataType {}
export class Int32 extends DataType {}
export class Int64 extends DataType {}
export class Uint32 extends DataType {}
export class Bool extends DataType {}
export class Utf8 extends DataType {}
export class LargeUtf8 extends DataType {}
export class DateDay extends DataType {}
export class DateMillisecond extends DataType {}
export class TimestampMicrosecond extends DataType {}
export class Null extends DataType {}
export class Binary extends DataType {}
export class Dictionary extends DataType {
  constructor(values: DataType, indices: DataType);
}
export class Field {
  readonly name: string;
  readonly type: DataType;
  constructor(name: string, type: DataType, nullable?: boolean);
}
export class Schema {
  readonly fields: readonly Field[];
  constructor(fields: readonly Field[]);
}
/** A column, of the parts of several batches. */
export class Vector implements Iterable<unknown> {
  readonly type: DataType;
  readonly length: number;
  readonly nullCount: number;
  concat(other: Vector): Vector;
  toArray(): ArrayLike<unknown>;
  [Symbol.iterator](): Iterator<unknown>;
}
export class RecordBatch {}
export class Table {
  readonly schema: Schema;
  readonly numRows: number;
  readonly batches: readonly RecordBatch[];
  constructor(columns: Readonly<Record<string, Vector>>);
  constructor(schema: Schema, batches?: readonly RecordBatch[]);
  getChildAt(index: number): Vector | null;
  concat(other: Table): Table;
  slice(begin: number, end: number): Table;
}
export function vectorFromArray(cells: readonly unknown[], type: DataType): Vector;
export function tableFromIPC(bytes: Uint8Array): Table;
export function tableToIPC(table: Table, type: "file" | "stream"): Uint8Array<ArrayBuffer>;

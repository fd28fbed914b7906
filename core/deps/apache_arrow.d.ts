/** A type of columns. */
export class DataType {
  static isUtf8(type: unknown): type is Utf8;
  static isBool(type: unknown): type is Bool;
  static isInt(type: unknown): boolean;
}
export class Float64 extends DataType {}
export class Float32 extends DataType {}
export class Int32 extends DataType {}
export class Bool extends DataType {}
export class Utf8 extends DataType {}
export class Struct extends DataType {
  constructor(children: Field[]);
}
/** A column's name and type. */
export class Field {
  readonly name: string;
  constructor(name: string, type: DataType, nullable?: boolean);
}
export class Schema {
  readonly fields: Field[];
  constructor(fields: Field[]);
}
/** The buffers of one part of a column. */
export interface Data {
  readonly type: DataType;
  readonly length: number;
  readonly offset: number;
  readonly nullCount: number;
  readonly values: Float64Array | Float32Array | Int32Array | Uint8Array;
  readonly valueOffsets: Int32Array;
  readonly nullBitmap: Uint8Array;
}
export function makeData(parts: {
  type: DataType;
  length: number;
  data?: ArrayBufferView;
  valueOffsets?: Int32Array;
  nullBitmap?: Uint8Array;
  nullCount?: number;
  children?: Data[];
}): Data;
export class RecordBatch {
  constructor(schema: Schema, data: Data);
}
/** A column of one or several parts. */
export interface Vector extends Iterable<unknown> {
  readonly data: readonly Data[];
}
export class Table {
  readonly schema: Schema;
  constructor(schema: Schema, batches: RecordBatch[]);
  getChild(name: string): Vector | null;
}
export function tableFromIPC(bytes: Uint8Array): Table;
export function tableToIPC(table: Table, type: "file" | "stream"): Uint8Array<ArrayBuffer>;

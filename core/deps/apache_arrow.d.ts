/** A type of columns. */
export class DataType {
  /** A number for each kind, by which the compiler too tells them apart. */
  readonly typeId: number;
  static isUtf8(type: unknown): type is Utf8;
  static isBool(type: unknown): type is Bool;
  static isInt(type: unknown): type is Int;
  static isFloat(type: unknown): type is Float;
  static isLargeUtf8(type: unknown): boolean;
  static isDictionary(type: unknown): type is Dictionary;
}
export class Float64 extends DataType {}
export class Float32 extends DataType {}
export class Int32 extends DataType {}
export class Bool extends DataType {
  readonly typeId: 6;
}
export class Utf8 extends DataType {
  readonly typeId: 5;
}
export class Struct extends DataType {
  constructor(children: Field[]);
}
/** Whole numbers of one size. */
export interface Int extends DataType {
  readonly typeId: 2;
  readonly bitWidth: number;
  readonly isSigned: boolean;
}
/** Numbers of 16, 32 or 64 bits, as 0, 1 and 2. */
export interface Float extends DataType {
  readonly typeId: 3;
  readonly precision: number;
}
/** Indices into a list of values. */
export interface Dictionary extends DataType {
  readonly typeId: -1;
  readonly dictionary: DataType;
}
/** A column's name and type. */
export class Field {
  readonly name: string;
  readonly type: DataType;
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
  /** Absent for a type of nothing but null. */
  readonly nullBitmap?: Uint8Array;
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
  getChildAt(index: number): Vector | null;
}
export function tableFromIPC(bytes: Uint8Array): Table;
export function tableToIPC(table: Table, type: "file" | "stream"): Uint8Array<ArrayBuffer>;

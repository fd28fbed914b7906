/**
 * Apache Arrow: the file format that tables are kept and exchanged in. Loaded with the first table that is.
 *
 * Its own types bring those of browsers and of Node.js along, for the whole program; the part that is used is
 * typed here.
 *
 * @module
 */
// @ts-types="./apache_arrow.d.ts"
export {
  Bool,
  DataType,
  Field,
  Float32,
  Float64,
  Int32,
  makeData,
  RecordBatch,
  Schema,
  Struct,
  Table as ArrowTable,
  tableFromIPC,
  tableToIPC,
  Utf8,
} from "npm:apache-arrow@21.2.0";
export type { Data, Vector } from "./apache_arrow.d.ts";

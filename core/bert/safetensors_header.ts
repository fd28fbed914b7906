/**
 * The header of a safetensors file, checked: which tensor lies where.
 *
 * The header comes from a stranger and sizes everything that is read after it. A file passes only if its
 * ranges cover the data once, without gap or overlap, and each has the size of its shape; so the reader
 * of the numbers needs no check of its own.
 *
 * @module
 */

import { KBertError, messageOf } from "../wall/errors.ts";

/** Bytes per number of each type that can be read. */
export const ELEMENT_BYTES = { F32: 4, F16: 2, BF16: 2, I32: 4, I64: 8 } as const;

/** The limit of the reference implementation; a header of bert-base has 25 kB. */
export const MAX_HEADER_BYTES = 100_000_000;

/** The name that the format keeps for texts. */
export const METADATA = "__metadata__";

/** One tensor of the header; `begin` and `end` count from the first byte after the header. */
export interface Place {
  readonly name: string;
  readonly type: keyof typeof ELEMENT_BYTES;
  readonly shape: readonly number[];
  readonly begin: number;
  readonly end: number;
}

/** A checked header. */
export interface Header {
  /** In the order of the file, covering the bytes from `dataStart` exactly. */
  readonly places: readonly Place[];
  /** Without a prototype, so that no name can be mistaken for a method. */
  readonly metadata: Record<string, string>;
  readonly dataStart: number;
}

/**
 * Reads and checks the header of a whole file.
 *
 * @param bytes the whole file
 * @param file the file's name, for error messages
 *
 * @throws {KBertError} `weights/invalid` if any of it does not fit the bytes that are there.
 * @example Where a tensor lies
 * ```ts
 * import { readHeader } from "./safetensors_header.ts";
 * import { assertEquals } from "../deps/assert.ts";
 *
 * const header = '{"bias":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}'.padEnd(64);
 * const bytes = new Uint8Array([64, 0, 0, 0, 0, 0, 0, 0, ...new TextEncoder().encode(header), 0, 0, 0, 0]);
 *
 * const { places, dataStart } = readHeader(bytes, "model.safetensors");
 * assertEquals(places, [{ name: "bias", type: "F32", shape: [1], begin: 0, end: 4 }]);
 * assertEquals(dataStart, 72);
 * ```
 */
export function readHeader(bytes: Uint8Array, file: string): Header {
  const dataStart = findData(bytes, file);
  const dataBytes = bytes.length - dataStart;
  const places: Place[] = [];
  const metadata: Record<string, string> = Object.create(null);
  for (const [name, entry] of Object.entries(parseEntries(bytes.subarray(8, dataStart), file))) {
    if (name === METADATA) readMetadata(entry, metadata, file);
    else places.push(readPlace(name, entry, dataBytes, file));
  }
  places.sort((a, b) => a.begin - b.begin || a.end - b.end);
  checkCovered(places, dataBytes, file);
  return { places, metadata, dataStart };
}

/** The error for a weights file of which `found` is wrong. */
export function invalid(file: string, found: string, cause?: unknown): KBertError<"weights/invalid"> {
  return new KBertError(
    "weights/invalid",
    `Cannot read the weights in ${file}: ${found}; download or write the file again`,
    { file },
    { cause },
  );
}

/** A stranger's value in an error message: cut, and not walked deeper than a list. */
export function show(value: unknown): string {
  if (typeof value === "string") return JSON.stringify(value.length > 80 ? `${value.slice(0, 80)}…` : value);
  if (Array.isArray(value)) {
    const items = value.slice(0, 8).map((item) => typeof item === "number" ? String(item) : typeof item);
    return `[${items.join(", ")}${value.length > 8 ? ", …" : ""}]`;
  }
  if (typeof value === "object" && value !== null) return "an object";
  return value === undefined ? "nothing" : String(value);
}

function findData(bytes: Uint8Array, file: string): number {
  if (bytes.length < 8) {
    throw invalid(file, `it has ${bytes.length} bytes and the header's length alone takes 8`);
  }
  const length = new DataView(bytes.buffer, bytes.byteOffset, 8).getBigUint64(0, true);
  if (length > MAX_HEADER_BYTES) {
    throw invalid(file, `its header claims ${length} bytes and at most ${MAX_HEADER_BYTES} are allowed`);
  }
  if (length > bytes.length - 8) {
    throw invalid(file, `its header claims ${length} bytes and only ${bytes.length - 8} follow`);
  }
  return 8 + Number(length);
}

function parseEntries(header: Uint8Array, file: string): Record<string, unknown> {
  let text: string;
  let entries: unknown;
  try {
    text = new TextDecoder("utf-8", { fatal: true }).decode(header);
    entries = JSON.parse(text);
  } catch (error) {
    throw invalid(file, `its header is not JSON (${messageOf(error)})`, error);
  }
  if (!isRecord(entries)) throw invalid(file, `its header is ${show(entries)} and must be a JSON object`);
  if (countKeysWritten(text) !== countKeysKept(entries)) throw invalid(file, "its header has a name twice");
  return entries;
}

function readMetadata(entry: unknown, metadata: Record<string, string>, file: string): void {
  if (!isRecord(entry)) throw invalid(file, `its ${METADATA} is ${show(entry)} and must be a JSON object`);
  for (const [name, value] of Object.entries(entry)) {
    if (typeof value !== "string") {
      throw invalid(file, `${show(name)} of its ${METADATA} is ${show(value)} and must be a text`);
    }
    metadata[name] = value;
  }
}

function readPlace(name: string, entry: unknown, dataBytes: number, file: string): Place {
  const refuse = (found: string): KBertError => invalid(file, `${show(name)} ${found}`);
  if (!isRecord(entry)) throw refuse(`is described by ${show(entry)} and must be by a JSON object`);
  const { dtype: type, shape, data_offsets: offsets } = entry;
  if (!isReadable(type)) {
    throw refuse(`has the dtype ${show(type)} and only ${Object.keys(ELEMENT_BYTES).join(", ")} can be read`);
  }
  if (!isSizes(shape)) throw refuse(`has the shape ${show(shape)} and needs a list of whole numbers from 0`);
  if (!isSizes(offsets) || offsets.length !== 2) {
    throw refuse(`has the data_offsets ${show(offsets)} and needs two whole numbers from 0`);
  }
  const [begin, end] = offsets as [number, number];
  if (begin > end) throw refuse(`begins at byte ${begin}, after its end ${end}`);
  if (end > dataBytes) throw refuse(`ends at byte ${end} of ${dataBytes}`);
  // A product beyond 2^53 is inexact, but far above any `end`, so it cannot pass for a right one.
  const expected = shape.reduce((count, size) => count * size, ELEMENT_BYTES[type]);
  if (end - begin !== expected) {
    throw refuse(`has ${end - begin} bytes and its shape ${show(shape)} of ${type} takes ${expected}`);
  }
  return { name, type, shape, begin, end };
}

/** Ranges in order must follow each other without a gap: what is not a tensor has no place in the file. */
function checkCovered(places: readonly Place[], dataBytes: number, file: string): void {
  let covered = 0;
  for (const { name, begin, end } of places) {
    if (begin < covered) {
      throw invalid(file, `${show(name)} begins at byte ${begin}, inside of another tensor`);
    }
    if (begin > covered) throw invalid(file, `the bytes ${covered} to ${begin} belong to no tensor`);
    covered = end;
  }
  if (covered < dataBytes) throw invalid(file, `the bytes ${covered} to ${dataBytes} belong to no tensor`);
}

/** JSON.parse keeps the last of two equal keys and says nothing, so the colons are counted. */
function countKeysWritten(json: string): number {
  let colons = 0;
  let quoted = false;
  for (let at = 0; at < json.length; at++) {
    const character = json[at];
    if (character === '"') quoted = !quoted;
    else if (quoted && character === "\\") at++;
    else if (!quoted && character === ":") colons++;
  }
  return colons;
}

/** Without recursion: the header of a stranger may be nested deeper than the stack. */
function countKeysKept(value: unknown): number {
  let keys = 0;
  const open = [value];
  while (open.length > 0) {
    const next = open.pop();
    if (typeof next !== "object" || next === null) continue;
    const inside = Object.values(next);
    if (!Array.isArray(next)) keys += inside.length;
    for (const item of inside) open.push(item);
  }
  return keys;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function isReadable(type: unknown): type is Place["type"] {
  return typeof type === "string" && Object.hasOwn(ELEMENT_BYTES, type);
}

function isSizes(value: unknown): value is number[] {
  return Array.isArray(value) && value.every((size) => Number.isSafeInteger(size) && size >= 0);
}

/**
 * How arguments and results are written into a frame: JSON, with tensors beside it as buffers.
 *
 * JSON has no tensors, no NaN and no `undefined`, and all three matter here (a NaN that arrives as `null`
 * hides a broken head). They are written as objects with the one reserved key `$`; an object of the
 * caller's that has that key is refused instead of being misread on the other side.
 *
 * @module
 */
import { KBertError } from "./errors.ts";
import { type HostTensor, isHostTensor, sizeOf } from "./tensor.ts";

/** What may cross: plain data, bytes and tensors. */
export type WireValue =
  | null
  | undefined
  | boolean
  | number
  | string
  | HostTensor
  | Uint8Array
  | readonly WireValue[]
  | { readonly [key: string]: WireValue };

/** Deeper nesting than any honest value has; recursion is bounded by it on both sides. */
const MAX_DEPTH = 32;
/** More values than a frame's head has room for. A list that holds itself twice has 2^32 within 32 levels. */
const MAX_VALUES = 2 ** 20;
const MAX_DIMENSIONS = 8;

/** Numbers that JSON cannot write, by the names that they have here. */
const ODD_NUMBERS: ReadonlyMap<unknown, number> = new Map([
  ["NaN", NaN],
  ["Infinity", Infinity],
  ["-Infinity", -Infinity],
  ["-0", -0],
]);

/**
 * Encodes a value for JSON. What needs no change is answered as it is, so make it a text before anybody
 * changes it.
 *
 * Bytes and tensors are put on the list of `buffers`, which are moved and then no longer yours.
 *
 * @param transfer only these are moved, of everything else a copy; without it, whatever can be moved is
 * @throws {KBertError} `wall/frame` for what cannot cross: a function, an instance of a class, a value that
 * is too deep or holds itself, bytes that were moved before.
 * @example
 * ```ts
 * import { decodeValue, encodeValue } from "./values.ts";
 * import { assertEquals } from "../deps/assert.ts";
 *
 * const buffers: ArrayBuffer[] = [];
 * const text = JSON.stringify(encodeValue({ loss: NaN, bytes: Uint8Array.of(7) }, buffers));
 * assertEquals(decodeValue(JSON.parse(text), buffers), { loss: NaN, bytes: Uint8Array.of(7) });
 * ```
 */
export function encodeValue(
  value: WireValue,
  buffers: ArrayBuffer[],
  transfer?: readonly ArrayBuffer[],
): unknown {
  let left = MAX_VALUES;
  return encode(value, 0);

  function encode(value: WireValue, depth: number): unknown {
    if (depth > MAX_DEPTH) throw tooDeep();
    if (--left < 0) throw tooMany();
    switch (typeof value) {
      case "undefined":
        return { $: "undefined" };
      case "number":
        if (Number.isFinite(value) && !Object.is(value, -0)) return value;
        return { $: "number", value: Object.is(value, -0) ? "-0" : String(value) };
      case "boolean":
      case "string":
        return value;
      case "object":
        break;
      default:
        throw refused(`a ${typeof value}`);
    }
    if (value === null) return null;
    const prototype = Object.getPrototypeOf(value);
    // First what most values are made of; a tensor is a plain object too.
    if (prototype === Object.prototype || prototype === null) {
      if (isHostTensor(value)) return encodeTensor(value, buffers, transfer);
      return encodeRecord(value as Record<string, WireValue>, depth);
    }
    if (Array.isArray(value)) return encodeList(value, depth);
    if (value instanceof Uint8Array) return { $: "bytes", buffer: give(value, buffers, transfer) };
    if (isHostTensor(value)) return encodeTensor(value, buffers, transfer);
    throw refused(`an object that is neither plain nor a tensor (${prototype?.constructor?.name})`);
  }

  /** Copied from the first item on that is written in another way. Holes are `undefined`. */
  function encodeList(list: readonly WireValue[], depth: number): unknown {
    if (list.length > left) throw tooMany();
    let copy: unknown[] | undefined;
    for (let index = 0; index < list.length; index++) {
      const encoded = encode(list[index], depth + 1);
      if (copy === undefined && encoded !== list[index]) copy = Array.from(list).slice(0, index);
      copy?.push(encoded);
    }
    return copy ?? list;
  }

  function encodeRecord(record: Record<string, WireValue>, depth: number): unknown {
    let copy: Record<string, unknown> | undefined;
    for (const key of Object.keys(record)) {
      if (key === "$") throw refused('an object with the reserved key "$"');
      const item = record[key];
      const encoded = encode(item, depth + 1);
      if (encoded === item) continue;
      // Without a prototype, so that no key is special.
      copy ??= Object.assign(Object.create(null), record) as Record<string, unknown>;
      copy[key] = encoded;
    }
    return copy ?? record;
  }
}

/**
 * Decodes what {@linkcode encodeValue} made, in place: `json` is the result of JSON.parse(), belongs to
 * nobody else, and becomes the value. Tensors are views on `buffers`, nothing is copied.
 *
 * @throws {KBertError} `wall/frame` if a tensor does not lie within its buffer, two share one, or the value
 * is too deep.
 */
export function decodeValue(json: unknown, buffers: readonly ArrayBuffer[]): WireValue {
  return valueDecoder(buffers)(json);
}

/** Decodes several values that draw from the same buffers, each as {@linkcode decodeValue} does. */
export function valueDecoder(buffers: readonly ArrayBuffer[]): (json: unknown) => WireValue {
  let used: Set<ArrayBuffer> | undefined;
  return (json) => typeof json === "object" && json !== null ? decode(json, 0) : json as WireValue;

  function decode(json: object, depth: number): WireValue {
    if (depth > MAX_DEPTH) throw tooDeep();
    if (Array.isArray(json)) {
      for (let index = 0; index < json.length; index++) {
        const item = json[index];
        if (typeof item === "object" && item !== null) json[index] = decode(item, depth + 1);
      }
      return json;
    }
    if (Object.hasOwn(json, "$")) return decodeSpecial(json as Record<string, unknown>);
    const record = json as Record<string, unknown>;
    for (const key of Object.keys(record)) {
      // JSON.parse() makes it a key like any other; whoever copies the value by assignments would set the
      // prototype of the copy.
      if (key === "__proto__") {
        delete record[key];
        continue;
      }
      const item = record[key];
      if (typeof item === "object" && item !== null) record[key] = decode(item, depth + 1);
    }
    return record as WireValue;
  }

  function decodeSpecial(json: Record<string, unknown>): WireValue {
    switch (json["$"]) {
      case "undefined":
        return undefined;
      case "number": {
        const number = ODD_NUMBERS.get(json["value"]);
        if (number === undefined) throw refused("a number without a value");
        return number;
      }
      case "bytes":
        return new Uint8Array(take(json["buffer"]));
      case "tensor":
        return decodeTensor(json, take(json["buffer"]));
      default:
        throw refused("a value of an unknown kind");
    }
  }

  /** Each buffer has one owner: two tensors over one memory would change, and be moved away, together. */
  function take(index: unknown): ArrayBuffer {
    const buffer = typeof index === "number" ? buffers[index] : undefined;
    if (buffer === undefined || used?.has(buffer)) throw refused("bytes without a buffer of their own");
    (used ??= new Set()).add(buffer);
    return buffer;
  }
}

function encodeTensor(
  { dtype, shape, data }: HostTensor,
  buffers: ArrayBuffer[],
  transfer: readonly ArrayBuffer[] | undefined,
): unknown {
  if (shape.length > MAX_DIMENSIONS) throw refused(`a tensor of more than ${MAX_DIMENSIONS} dimensions`);
  return { $: "tensor", dtype, shape, buffer: give(data, buffers, transfer) };
}

function decodeTensor({ dtype, shape }: Record<string, unknown>, buffer: ArrayBuffer): HostTensor {
  const dimensions = Array.isArray(shape) && shape.length <= MAX_DIMENSIONS &&
    shape.every((dimension) => Number.isSafeInteger(dimension) && dimension >= 0);
  if (!dimensions || dtype !== "float32" && dtype !== "int32") {
    throw refused("a tensor without a shape or a known type");
  }
  const bytes = sizeOf(shape as number[]) * 4;
  if (bytes !== buffer.byteLength) {
    throw refused(`a tensor of shape [${shape}] in a buffer of ${buffer.byteLength} bytes`);
  }
  const data = dtype === "float32" ? new Float32Array(buffer) : new Int32Array(buffer);
  return { dtype, shape: shape as number[], data };
}

/** Puts a view's buffer on the list of those that are moved, and answers its place there. */
function give(
  view: HostTensor["data"] | Uint8Array,
  buffers: ArrayBuffer[],
  transfer: readonly ArrayBuffer[] | undefined,
): number {
  const { buffer } = view;
  if (buffer instanceof ArrayBuffer && buffer.detached) throw refused("bytes that were moved before");
  // A view on a part of a larger buffer is copied: moving would take the rest of the buffer along. So is a
  // buffer that somebody else could still change, which the other side would refuse.
  const moves = buffer instanceof ArrayBuffer && !buffer.resizable &&
    view.byteLength === buffer.byteLength && !buffers.includes(buffer) &&
    (transfer === undefined || transfer.includes(buffer));
  return buffers.push((moves ? view : view.slice()).buffer as ArrayBuffer) - 1;
}

function tooDeep(): KBertError<"wall/frame"> {
  return refused(`a value nested deeper than ${MAX_DEPTH} levels`);
}

function tooMany(): KBertError<"wall/frame"> {
  return refused(`a value of more than ${MAX_VALUES} parts`);
}

function refused(what: string): KBertError<"wall/frame"> {
  return new KBertError("wall/frame", `Cannot pass ${what} across the wall`, {});
}

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

/** Encodes a value; the buffers of its tensors are collected for transfer and are then no longer yours. */
export function encodeValue(value: WireValue, buffers: ArrayBuffer[]): unknown {
  return encode(value, buffers, 0);
}

/**
 * Decodes what {@linkcode encodeValue} made; tensors are views on `buffers`, nothing is copied.
 *
 * @throws {KBertError} `wall/frame` if a tensor does not lie within its buffer or the value is too deep.
 */
export function decodeValue(json: unknown, buffers: readonly ArrayBuffer[]): WireValue {
  return decode(json, buffers, 0);
}

function encode(value: WireValue, buffers: ArrayBuffer[], depth: number): unknown {
  if (depth > MAX_DEPTH) throw refused(`a value nested deeper than ${MAX_DEPTH} levels`);
  switch (typeof value) {
    case "undefined":
      return { $: "undefined" };
    case "number":
      return Number.isFinite(value) ? value : { $: "number", value: String(value) };
    case "boolean":
    case "string":
      return value;
    case "object":
      break;
    default:
      throw refused(`a ${typeof value}`);
  }
  if (value === null) return null;
  if (value instanceof Uint8Array) return { $: "bytes", buffer: give(value, buffers) };
  if (isHostTensor(value)) {
    return { $: "tensor", dtype: value.dtype, shape: value.shape, buffer: give(value.data, buffers) };
  }
  if (isList(value)) return value.map((item) => encode(item, buffers, depth + 1));
  const prototype = Object.getPrototypeOf(value);
  if (prototype !== Object.prototype && prototype !== null) {
    throw refused(`an object that is neither plain nor a tensor (${prototype?.constructor?.name})`);
  }
  const result: Record<string, unknown> = Object.create(null);
  for (const [key, item] of Object.entries(value)) {
    if (key === "$") throw refused('an object with the reserved key "$"');
    result[key] = encode(item, buffers, depth + 1);
  }
  return result;
}

/** Puts a view's buffer on the list of those that are moved, and answers its place there. */
function give(view: HostTensor["data"] | Uint8Array, buffers: ArrayBuffer[]): number {
  // A view on a part of a larger buffer is copied: moving would take the rest of the buffer along.
  const whole = view.byteLength === view.buffer.byteLength && view.buffer instanceof ArrayBuffer &&
    !buffers.includes(view.buffer);
  return buffers.push((whole ? view : view.slice()).buffer as ArrayBuffer) - 1;
}

function decode(json: unknown, buffers: readonly ArrayBuffer[], depth: number): WireValue {
  if (depth > MAX_DEPTH) throw refused(`a value nested deeper than ${MAX_DEPTH} levels`);
  if (typeof json !== "object" || json === null) return json as WireValue;
  if (Array.isArray(json)) return json.map((item) => decode(item, buffers, depth + 1));
  if (Object.hasOwn(json, "$")) return decodeSpecial(json as Record<string, unknown>, buffers);
  const result: Record<string, WireValue> = {};
  for (const [key, item] of Object.entries(json)) {
    // Assigning it would set the prototype of what the receiver gets.
    if (key !== "__proto__") result[key] = decode(item, buffers, depth + 1);
  }
  return result;
}

function decodeSpecial(json: Record<string, unknown>, buffers: readonly ArrayBuffer[]): WireValue {
  switch (json["$"]) {
    case "undefined":
      return undefined;
    case "number":
      return json["value"] === "Infinity" ? Infinity : json["value"] === "-Infinity" ? -Infinity : NaN;
    case "bytes":
      return new Uint8Array(bufferAt(json["buffer"], buffers));
    case "tensor":
      return decodeTensor(json, buffers);
    default:
      throw refused("a value of an unknown kind");
  }
}

function decodeTensor(json: Record<string, unknown>, buffers: readonly ArrayBuffer[]): HostTensor {
  const { dtype, shape } = json;
  const buffer = bufferAt(json["buffer"], buffers);
  const dimensions = Array.isArray(shape) && shape.length <= 8 &&
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

function bufferAt(index: unknown, buffers: readonly ArrayBuffer[]): ArrayBuffer {
  const buffer = typeof index === "number" ? buffers[index] : undefined;
  if (buffer === undefined) throw refused("bytes without a buffer");
  return buffer;
}

function isList(value: object): value is readonly WireValue[] {
  return Array.isArray(value);
}

function refused(what: string): KBertError<"wall/frame"> {
  return new KBertError("wall/frame", `Cannot pass ${what} across the wall`, {});
}

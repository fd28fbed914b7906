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
 * Encodes a value; the buffers of its tensors are collected for transfer and are then no longer yours.
 *
 * @throws {KBertError} `wall/frame` for what cannot cross: a function, an instance of a class, a value that
 * is too deep or holds itself, bytes that were moved before.
 */
export function encodeValue(value: WireValue, buffers: ArrayBuffer[]): unknown {
  let left = MAX_VALUES;
  return encode(value, 0);

  function encode(value: WireValue, depth: number): unknown {
    if (depth > MAX_DEPTH) throw tooDeep();
    if (--left < 0) throw refused(`a value of more than ${MAX_VALUES} parts`);
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
    if (value instanceof Uint8Array) return { $: "bytes", buffer: give(value, buffers) };
    if (isHostTensor(value)) return encodeTensor(value, buffers);
    // From the iterator and not by map(), which leaves holes out.
    if (isList(value)) return Array.from(value, (item) => encode(item, depth + 1));
    const prototype = Object.getPrototypeOf(value);
    if (prototype !== Object.prototype && prototype !== null) {
      throw refused(`an object that is neither plain nor a tensor (${prototype?.constructor?.name})`);
    }
    const result: Record<string, unknown> = Object.create(null);
    for (const [key, item] of Object.entries(value)) {
      if (key === "$") throw refused('an object with the reserved key "$"');
      result[key] = encode(item, depth + 1);
    }
    return result;
  }
}

/**
 * Decodes what {@linkcode encodeValue} made; tensors are views on `buffers`, nothing is copied.
 *
 * @throws {KBertError} `wall/frame` if a tensor does not lie within its buffer, two share one, or the value
 * is too deep.
 */
export function decodeValue(json: unknown, buffers: readonly ArrayBuffer[]): WireValue {
  const used = new Set<ArrayBuffer>();
  return decode(json, 0);

  function decode(json: unknown, depth: number): WireValue {
    if (depth > MAX_DEPTH) throw tooDeep();
    if (typeof json !== "object" || json === null) return json as WireValue;
    if (Array.isArray(json)) return json.map((item) => decode(item, depth + 1));
    if (Object.hasOwn(json, "$")) return decodeSpecial(json as Record<string, unknown>);
    const result: Record<string, WireValue> = {};
    for (const [key, item] of Object.entries(json)) {
      // Assigning it would set the prototype of what the receiver gets.
      if (key !== "__proto__") result[key] = decode(item, depth + 1);
    }
    return result;
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
    if (buffer === undefined || used.has(buffer)) throw refused("bytes without a buffer of their own");
    used.add(buffer);
    return buffer;
  }
}

function encodeTensor({ dtype, shape, data }: HostTensor, buffers: ArrayBuffer[]): unknown {
  if (shape.length > MAX_DIMENSIONS) throw refused(`a tensor of more than ${MAX_DIMENSIONS} dimensions`);
  return { $: "tensor", dtype, shape, buffer: give(data, buffers) };
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
function give(view: HostTensor["data"] | Uint8Array, buffers: ArrayBuffer[]): number {
  const { buffer } = view;
  if (buffer instanceof ArrayBuffer && buffer.detached) throw refused("bytes that were moved before");
  // A view on a part of a larger buffer is copied: moving would take the rest of the buffer along. So is a
  // buffer that somebody else could still change, which the other side would refuse.
  const whole = buffer instanceof ArrayBuffer && !buffer.resizable &&
    view.byteLength === buffer.byteLength && !buffers.includes(buffer);
  return buffers.push((whole ? view : view.slice()).buffer as ArrayBuffer) - 1;
}

function isList(value: object): value is readonly WireValue[] {
  return Array.isArray(value);
}

function tooDeep(): KBertError<"wall/frame"> {
  return refused(`a value nested deeper than ${MAX_DEPTH} levels`);
}

function refused(what: string): KBertError<"wall/frame"> {
  return new KBertError("wall/frame", `Cannot pass ${what} across the wall`, {});
}

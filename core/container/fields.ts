/**
 * What goes into a log beside the message: whatever the caller has at hand, made into plain, bounded,
 * printable data.
 *
 * The caller is in the middle of something else, often of a failure. So nothing here throws, whatever
 * getters and proxies do, nothing is kept alive, and nothing is larger than a person would read.
 *
 * @module
 */
import { messageOf } from "../wall/errors.ts";
import { printable } from "../wall/failure.ts";

/** What a caller gives: names and anything. */
export type LogFields = Readonly<Record<string, unknown>>;

/** What is left of it. */
export type LogValue =
  | null
  | boolean
  | number
  | string
  | readonly LogValue[]
  | { readonly [name: string]: LogValue };

/** Longest text of a field, in characters. */
const MAX_TEXT = 1_024;
const MAX_NAME = 64;
/** Most entries of one record, list or object. */
const MAX_ENTRIES = 32;
/** Most values of one record, all levels together. */
const MAX_VALUES = 256;
/** Levels below a field. */
const MAX_DEPTH = 4;
/** Stands for what is left out. */
const MORE = "…";

/**
 * Fields as plain data, in addition to others that are so already.
 *
 * Errors become their name and message, dates their text, and what is neither plain nor a list its kind, like
 * `[Map]`. Of more than 32 entries, 256 values or 4 levels the rest is left out, which `…` stands for.
 *
 * @example
 * ```ts
 * import { plainFields } from "./fields.ts";
 * import { assertEquals } from "../deps/assert.ts";
 *
 * const fields = plainFields({ step: 3, error: new RangeError("too far"), shape: [8, 768] }, { run: "spam" });
 * assertEquals(fields, {
 *   run: "spam",
 *   step: 3,
 *   error: { name: "RangeError", message: "too far" },
 *   shape: [8, 768],
 * });
 * ```
 */
export function plainFields(
  fields: LogFields,
  before: { readonly [name: string]: LogValue } = {},
): { [name: string]: LogValue } {
  let left = MAX_VALUES;
  const result = { ...before };
  if (typeof fields === "object" && fields !== null) addEntries(result, fields, []);
  return result;

  function plain(value: unknown, above: readonly object[]): LogValue {
    switch (typeof value) {
      case "string":
        return printable(value, MAX_TEXT);
      case "number":
      case "boolean":
        return value;
      case "object":
        return value === null ? null : plainObject(value, above);
      default:
        return printable(typeof value === "function" ? "[function]" : String(value), MAX_TEXT);
    }
  }

  function plainObject(value: object, above: readonly object[]): LogValue {
    if (above.includes(value)) return "[circular]";
    if (value instanceof Error) {
      return {
        name: printable(String(value.name), MAX_NAME),
        message: printable(messageOf(value), MAX_TEXT),
      };
    }
    if (value instanceof Date) return String(value.toJSON());
    const isList = Array.isArray(value);
    if (!isList && !isPlain(value)) return kindOf(value);
    if (above.length >= MAX_DEPTH) return MORE;
    return isList ? plainList(value, [...above, value]) : addEntries({}, value, [...above, value]);
  }

  function plainList(list: readonly unknown[], above: readonly object[]): LogValue[] {
    const result: LogValue[] = [];
    while (result.length < Math.min(list.length, MAX_ENTRIES) && left > 0) {
      result.push(safe(() => list[result.length], above));
    }
    if (result.length < list.length) result.push(MORE);
    return result;
  }

  function addEntries(
    result: { [name: string]: LogValue },
    object: object,
    above: readonly object[],
  ): { [name: string]: LogValue } {
    try {
      for (const name of Object.keys(object)) {
        if (Object.keys(result).length >= MAX_ENTRIES || left <= 0) {
          result[MORE] = MORE;
          break;
        }
        result[nameFor(name)] = safe(() => (object as LogFields)[name], above);
      }
    } catch {
      result[MORE] = "[unreadable]";
    }
    return result;
  }

  /** The plain form of what a getter or a list answers, if it answers. */
  function safe(read: () => unknown, above: readonly object[]): LogValue {
    left--;
    try {
      return plain(read(), above);
    } catch {
      return "[unreadable]";
    }
  }
}

/** A name that sets no prototype, and is not the one that the wall keeps for itself. */
function nameFor(name: string): string {
  return name === "$" || name === "__proto__" ? `(${name})` : printable(name, MAX_NAME);
}

function isPlain(value: object): boolean {
  const prototype = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}

function kindOf(value: object): string {
  const kind = printable(String(value.constructor?.name ?? "object"), MAX_NAME);
  return ArrayBuffer.isView(value) ? `[${kind} of ${value.byteLength} bytes]` : `[${kind}]`;
}

/**
 * What an error carries besides its texts, as far as it is plain data: bounded, printable, and read without
 * ever throwing.
 *
 * The same function reads a plugin's error before it is sent and what arrives of it: that the other side did
 * so is only what an honest one does.
 *
 * @module
 */
import { printable } from "./printable.ts";
import type { FailureData } from "./protocol.ts";

/** Properties of one error. */
const MAX_PROPERTIES = 32;
/** Levels below a property. */
const MAX_DEPTH = 4;
/** Values of one error, those inside of others included. */
const MAX_VALUES = 256;
/** Characters of all keys and texts of one error, and of one of them. */
const MAX_CHARACTERS = 4_000;
const MAX_TEXT = 1_000;
const MAX_KEY = 100;

/**
 * The own enumerable plain data of an object; functions, instances of classes and getters that throw are
 * left out, and so is what is too deep or too much.
 *
 * @returns `undefined` if nothing is left
 * @example
 * ```ts
 * import { plainProperties } from "./plain_data.ts";
 * import { assertEquals } from "../deps/assert.ts";
 *
 * const error = Object.assign(new Error("no"), { step: 7, at: new Date(), tried: ["a", NaN] });
 * assertEquals(plainProperties(error, new Set()), { step: 7, tried: ["a", "NaN"] });
 * ```
 */
export function plainProperties(
  source: object,
  except: ReadonlySet<string>,
): Record<string, FailureData> | undefined {
  let values = MAX_VALUES;
  let characters = MAX_CHARACTERS;
  try {
    const found = entriesOf(source, 0, except);
    return found.length > 0 ? Object.fromEntries(found) : undefined;
  } catch {
    return undefined; // a proxy that refuses to be looked at
  }

  function entriesOf(source: object, depth: number, except?: ReadonlySet<string>): [string, FailureData][] {
    const entries: [string, FailureData][] = [];
    for (const key of Object.keys(source)) {
      if (entries.length >= MAX_PROPERTIES || values <= 0 || characters <= 0) break;
      if (key === "__proto__" || except?.has(key)) continue;
      const value = plain(read(source, key), depth);
      if (value !== undefined) entries.push([text(key, MAX_KEY), value]);
    }
    return entries;
  }

  /** `undefined` for what is left out. */
  function plain(value: unknown, depth: number): FailureData | undefined {
    if (--values < 0) return undefined;
    switch (typeof value) {
      case "boolean":
        return value;
      case "number":
        return Number.isFinite(value) ? value : String(value);
      case "string":
        return text(value, MAX_TEXT);
      case "object":
        break;
      default:
        return undefined;
    }
    if (value === null) return null;
    if (depth >= MAX_DEPTH) return undefined;
    try {
      if (Array.isArray(value)) {
        const items = value.slice(0, MAX_PROPERTIES) as unknown[];
        // A list keeps its places.
        return Array.from(items, (item) => plain(item, depth + 1) ?? null);
      }
      const prototype = Object.getPrototypeOf(value);
      if (prototype !== Object.prototype && prototype !== null) return undefined;
      return Object.fromEntries(entriesOf(value, depth + 1));
    } catch {
      return undefined;
    }
  }

  function text(value: string, most: number): string {
    const shown = printable(value, Math.max(0, Math.min(most, characters)));
    characters -= shown.length;
    return shown;
  }
}

function read(source: object, key: string): unknown {
  try {
    return (source as Record<string, unknown>)[key];
  } catch {
    return undefined;
  }
}

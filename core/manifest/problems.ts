/**
 * The one wording for what is wrong with documents and settings, with a place where there is one.
 *
 * Every sentence says what was found and what was expected, and the nearest valid word for a mistyped
 * one. The SDK imports this in every worker, so it stays free of the schema library, which takes longer
 * to load than the rest of a plugin.
 *
 * @module
 */

import { type DocumentProblem, KBertError } from "../wall/errors.ts";
import type { KeyPath, Place } from "./positions.ts";
import { suggest } from "./suggest.ts";

/** Where a checked value came from. */
export interface Origin {
  /** File name, or another name that tells the reader where to look. */
  file: string;
  /** Key path of the value in its file. @default {[]} */
  prefix?: KeyPath;
  /** The place of a key; without it, messages have no line and column. */
  placeOf?: (path: KeyPath) => Place;
  /** Whose value it is, added to each sentence: "a setting of spam_head". */
  note?: string;
}

/** One thing that is wrong with a value. */
export interface Problem {
  /** From the checked value on. */
  readonly path: KeyPath;
  readonly message: string;
}

/** The error for problems of a value that came from there. */
export function refusal(origin: Origin, problems: readonly Problem[]): KBertError<"document/invalid"> {
  const { prefix = [], placeOf = () => ({ line: 1, column: 1 }), note } = origin;
  const placed = problems.map((problem) => {
    const path = [...prefix, ...problem.path];
    const message = note === undefined ? problem.message : `${problem.message} (${note})`;
    return { ...placeOf(path), path: dotted(path), message };
  });
  return documentError(origin.file, placed, { places: origin.placeOf !== undefined });
}

/** The error for these problems, in the order of their places; its message has a line for each. */
export function documentError(
  file: string,
  problems: readonly DocumentProblem[],
  { places = true }: { places?: boolean } = {},
): KBertError<"document/invalid"> {
  const sorted = problems.toSorted((a, b) => a.line - b.line || a.column - b.column);
  const lines = sorted.slice(0, MAX_LINES).map(({ line, column, path, message }) =>
    `${file}${places ? `:${line}:${column}` : ""}: ${path === "" ? "" : `${path}: `}${message}`
  );
  if (sorted.length > MAX_LINES) lines.push(`and ${sorted.length - MAX_LINES} more problems`);
  return new KBertError("document/invalid", lines.join("\n"), { file, problems: sorted });
}

/**
 * A value as it is shown in a sentence: short, on one line, with nothing that a terminal obeys.
 *
 * @example
 * ```ts
 * import { describe } from "./problems.ts";
 * import { assertEquals } from "../deps/assert.ts";
 *
 * assertEquals([describe("a"), describe(1.5), describe([1, 2]), describe(null)], ['"a"', "1.5", "a list of 2", "nothing"]);
 * ```
 */
export function describe(value: unknown): string {
  if (value === null || value === undefined) return "nothing";
  if (Array.isArray(value)) return `a list of ${value.length}`;
  if (typeof value === "object") return "a mapping";
  const text = typeof value === "string" ? JSON.stringify(value) : String(value);
  return printable(text.length > MAX_SHOWN ? `${text.slice(0, MAX_SHOWN)}…` : text);
}

/**
 * A key path as people write it; a key with odd characters is quoted.
 *
 * @example
 * ```ts
 * import { dotted } from "./problems.ts";
 * import { assertEquals } from "../deps/assert.ts";
 *
 * assertEquals(dotted(["data", "buckets", 1, "a.b"]), 'data.buckets.1."a.b"');
 * ```
 */
export function dotted(path: KeyPath): string {
  return path.map((key) => /^[\w-]+$/.test(String(key)) ? key : describe(String(key))).join(".");
}

/** The text with an escape for each character that a terminal obeys or hides. */
export function printable(text: string): string {
  return text.replace(/\p{C}/gu, (character) => `\\u{${character.codePointAt(0)!.toString(16)}}`);
}

/**
 * What is wrong with a value that is not what was expected, undefined being one that is not there.
 *
 * @param candidates what it may have been meant to be
 * @example
 * ```ts
 * import { foundInstead } from "./problems.ts";
 * import { assertEquals } from "../deps/assert.ts";
 *
 * assertEquals(foundInstead(0, "at least 1"), "found 0, expected at least 1");
 * assertEquals(foundInstead(undefined, "a list"), "missing, expected a list");
 * const words = 'found "flot", expected one of int, float; did you mean float?';
 * assertEquals(foundInstead("flot", "one of int, float", ["int", "float"]), words);
 * ```
 */
export function foundInstead(found: unknown, expected: string, candidates: readonly string[] = []): string {
  if (found === undefined) return `missing, expected ${expected}`;
  const nearest = typeof found === "string" && candidates.length > 1 ? suggest(found, candidates) : undefined;
  const hint = nearest === undefined ? "" : `; did you mean ${printable(nearest)}?`;
  return `found ${describe(found)}, expected ${expected}${hint}`;
}

/** What is wrong with a key that is none of the candidates. */
export function unknownKey(key: string, candidates: readonly string[]): string {
  const nearest = suggest(key, candidates);
  if (nearest !== undefined) return `unknown setting, did you mean ${nearest}?`;
  return candidates.length === 0
    ? "unknown setting, expected none here"
    : `unknown setting, expected ${oneOf(candidates)}`;
}

/** The words as a choice. */
export function oneOf(words: readonly string[]): string {
  const [only] = words;
  return words.length === 1 ? printable(only!) : `one of ${printable(words.join(", "))}`;
}

/** "at least 1 item": a comparison with a number of things, or with a bare number. */
export function quantity(comparison: string, limit: number, unit: string): string {
  if (unit === "") return `${comparison} ${limit}`;
  return `${comparison} ${limit} ${unit}${limit === 1 ? "" : "s"}`;
}

const MAX_LINES = 20;
const MAX_SHOWN = 60;

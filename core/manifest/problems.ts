/**
 * Turns what a schema refuses into sentences with a place: the one wording for documents and settings.
 *
 * A schema's own message says what was expected ("a version such as 1.2.3"), never what is wrong: what
 * was found is read from the value, so that every sentence has both.
 *
 * @module
 */

import { z } from "../deps/zod.ts";
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

/**
 * The value as its schema makes it, with defaults.
 *
 * @throws {KBertError} `document/invalid` with all problems, sorted by place
 * @example
 * ```ts
 * import { validate } from "./problems.ts";
 * import { z } from "../deps/zod.ts";
 * import { assertThrows } from "../deps/assert.ts";
 *
 * const schema = z.strictObject({ epochs: z.int().min(1) });
 * const message = "k-bert.yaml: epochs: found 0, expected at least 1";
 * assertThrows(() => validate({ epochs: 0 }, schema, { file: "k-bert.yaml" }), Error, message);
 * ```
 */
export function validate<T>(value: unknown, schema: z.ZodType<T>, origin: Origin): T {
  const known = new Map<string, readonly string[]>();
  const result = schema.safeParse(value, {
    error: (issue) => {
      if (issue.code === "unrecognized_keys") known.set(JSON.stringify(issue.path ?? []), keysOf(issue.inst));
      return expectationOf(issue);
    },
  });
  if (result.success) return result.data;
  const { prefix = [], placeOf = () => ({ line: 1, column: 1 }), note } = origin;
  const problems = result.error.issues.flatMap((issue) => sentencesOf(issue, value, known)).map((problem) => {
    const path = [...prefix, ...problem.path];
    const message = note === undefined ? problem.message : `${problem.message} (${note})`;
    return { ...placeOf(path), path: dotted(path), message };
  });
  throw documentError(origin.file, problems, { places: origin.placeOf !== undefined });
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

/** What would have been right, for every issue whose schema does not say it itself: zod's `error` option. */
export function expectationOf(issue: z.core.$ZodRawIssue): string {
  switch (issue.code) {
    case "invalid_type":
      // Of a text, zod says only that it is no number, also where the number must be whole.
      if (issue.inst instanceof z.ZodNumber && issue.inst.isInt) return "a whole number";
      return TYPES[issue.expected] ?? issue.expected;
    case "too_small":
      return bound(issue.origin, issue.minimum, issue.inclusive === false ? "more than" : "at least");
    case "too_big":
      return bound(issue.origin, issue.maximum, issue.inclusive === false ? "less than" : "at most");
    case "invalid_value":
      return oneOf(issue.values.map(String));
    case "invalid_key":
    case "invalid_element":
      return issue.issues[0]?.message ?? "something else";
    case "invalid_union":
      return [...new Set(issue.errors.flatMap((branch) => branch[0]?.message ?? []))].join(" or ");
    case "unrecognized_keys":
      return "known keys only";
    case "invalid_format":
      return issue.pattern === undefined ? `a valid ${issue.format}` : `text that matches ${issue.pattern}`;
    case "not_multiple_of":
      return `a multiple of ${issue.divisor}`;
    default:
      return "something else";
  }
}

/** The text with an escape for each character that a terminal obeys or hides. */
export function printable(text: string): string {
  return text.replace(/\p{C}/gu, (character) => `\\u{${character.codePointAt(0)!.toString(16)}}`);
}

const MAX_LINES = 20;
const MAX_SHOWN = 60;

type Issue = z.core.$ZodIssue;

function sentencesOf(
  issue: Issue,
  value: unknown,
  known: ReadonlyMap<string, readonly string[]>,
): { path: KeyPath; message: string }[] {
  const path = issue.path.map((key) => typeof key === "number" ? key : String(key));
  if (issue.code === "unrecognized_keys") {
    const candidates = known.get(JSON.stringify(issue.path)) ?? [];
    return issue.keys.map((key) => ({ path: [...path, key], message: unknownKey(key, candidates) }));
  }
  const found = issue.code === "invalid_key" ? path.at(-1) : valueAt(value, path);
  return [{
    path,
    message: found === undefined
      ? `missing, expected ${issue.message}`
      : `found ${describe(found)}, expected ${issue.message}`,
  }];
}

function unknownKey(key: string, candidates: readonly string[]): string {
  const nearest = suggest(key, candidates);
  if (nearest !== undefined) return `unknown setting, did you mean ${nearest}?`;
  return candidates.length === 0
    ? "unknown setting, expected none here"
    : `unknown setting, expected ${oneOf(candidates)}`;
}

const TYPES: Readonly<Record<string, string>> = {
  number: "a number",
  string: "text",
  boolean: "true or false",
  object: "a mapping",
  record: "a mapping",
  array: "a list",
};

function bound(origin: string, limit: number | bigint, comparison: string): string {
  const unit = origin === "string" ? "character" : origin === "array" ? "item" : undefined;
  if (unit === undefined) return `${comparison} ${limit}`;
  return `${comparison} ${limit} ${unit}${Number(limit) === 1 ? "" : "s"}`;
}

function oneOf(words: readonly string[]): string {
  const [only] = words;
  return words.length === 1 ? printable(only!) : `one of ${printable(words.join(", "))}`;
}

/** The keys that the schema which refused others would have taken. */
function keysOf(schema: unknown): readonly string[] {
  const { shape } = (schema ?? {}) as { shape?: object };
  return Object.keys(shape ?? {});
}

function valueAt(value: unknown, path: KeyPath): unknown {
  return path.reduce<unknown>(
    (parent, key) =>
      typeof parent === "object" && parent !== null && Object.hasOwn(parent, key)
        ? (parent as Record<string | number, unknown>)[key]
        : undefined,
    value,
  );
}

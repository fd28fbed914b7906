/**
 * Checks a value by a schema, and turns what the schema refuses into sentences.
 *
 * A schema's own message says what was expected ("a version such as 1.2.3"), never what is wrong: what
 * was found is read from the value, so that every sentence has both.
 *
 * @module
 */

import { z } from "../deps/zod.ts";
import type { KeyPath } from "./positions.ts";
import { foundInstead, oneOf, type Origin, type Problem, quantity, refusal, unknownKey } from "./problems.ts";

/**
 * The value as its schema makes it, with defaults.
 *
 * @throws {KBertError} `document/invalid` with all problems, sorted by place
 * @example
 * ```ts
 * import { validate } from "./validate.ts";
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
  throw refusal(origin, result.error.issues.flatMap((issue) => sentencesOf(issue, value, known)));
}

/** Lets a refinement of a schema say what another check has found, word by word. */
export function addProblems(context: z.RefinementCtx, input: unknown, problems: readonly Problem[]): void {
  for (const { path, message } of problems) {
    context.addIssue({ code: "custom", input, path: [...path], message, params: IS_SENTENCE });
  }
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

const TYPES: Readonly<Record<string, string>> = {
  number: "a number",
  string: "text",
  boolean: "true or false",
  object: "a mapping",
  record: "a mapping",
  array: "a list",
};

function bound(origin: string, limit: number | bigint, comparison: string): string {
  return quantity(
    comparison,
    Number(limit),
    origin === "string" ? "character" : origin === "array" ? "item" : "",
  );
}

type Issue = z.core.$ZodIssue;

/** What marks an issue whose message is a whole sentence already. */
const IS_SENTENCE = { isSentence: true };

function sentencesOf(
  issue: Issue,
  value: unknown,
  known: ReadonlyMap<string, readonly string[]>,
): Problem[] {
  const path = issue.path.map((key) => typeof key === "number" ? key : String(key));
  if (issue.code === "unrecognized_keys") {
    const candidates = known.get(JSON.stringify(issue.path)) ?? [];
    return issue.keys.map((key) => ({ path: [...path, key], message: unknownKey(key, candidates) }));
  }
  if (issue.code === "custom" && issue.params === IS_SENTENCE) return [{ path, message: issue.message }];
  const found = issue.code === "invalid_key" ? path.at(-1) : valueAt(value, path);
  const candidates = issue.code === "invalid_value" ? issue.values.map(String) : [];
  return [{ path, message: foundInstead(found, issue.message, candidates) }];
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

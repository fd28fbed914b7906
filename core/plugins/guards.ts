/**
 * What an answer has to be besides its form: as many texts as were given, none of them a novel; the columns as
 * they were, with a bounded number of new ones and finite numbers in them.
 *
 * A guard compares an answer with the arguments of its call and never changes it: a poisoned answer is refused as
 * a whole, and then it is a failure like any other, for which the port has its policy. The numbers of a head are
 * guarded where they are used, by the trainer.
 *
 * @module
 */
import type { PoisonReason } from "../wall/poison.ts";

/** A table by columns, as the port of features has it. */
type Columns = Readonly<Record<string, readonly (number | string | boolean | null)[]>>;

/** What a guard found. */
export interface GuardProblem {
  readonly reason: PoisonReason;
  /** What is wrong, as the rest of the sentence "The plugin … answered …() wrongly:". */
  readonly problem: string;
  readonly limit?: number;
  readonly value?: number;
}

/** The limits of the guards. */
export const GUARD_LIMITS = {
  /** A text may become so many times as long as it was … */
  textGrowth: 8,
  /** … and so many UTF-16 units longer than that: a short text may become a paragraph. */
  textAllowance: 1_024,
  /** New columns of one answer. */
  newColumns: 1_024,
  /** UTF-16 units of the name of a new column. */
  columnName: 256,
  /** UTF-16 units of a text in a new column. */
  cellText: 65_536,
} as const;

/**
 * Texts of an augmenter against those that it was given.
 *
 * @example
 * ```ts
 * import { guardTexts } from "./guards.ts";
 * import { assertEquals } from "../deps/assert.ts";
 *
 * assertEquals(guardTexts(["a text"], ["another text"]), undefined);
 * assertEquals(guardTexts(["a", "b"], ["a"]), {
 *   reason: "count",
 *   problem: "it gave 1 texts for 2; give as many as there are, in the same order",
 *   limit: 2,
 *   value: 1,
 * });
 * ```
 */
export function guardTexts(given: readonly string[], answer: readonly string[]): GuardProblem | undefined {
  if (answer.length !== given.length) {
    const problem = `it gave ${answer.length} texts for ${given.length}; ` +
      "give as many as there are, in the same order";
    return { reason: "count", problem, limit: given.length, value: answer.length };
  }
  for (const [index, text] of answer.entries()) {
    const before = given[index]!;
    if (text === before) continue; // whatever it is, it was not the plugin that made it so
    const limit = GUARD_LIMITS.textGrowth * before.length + GUARD_LIMITS.textAllowance;
    const problem = textProblem(`text ${index + 1}`, text, limit);
    if (problem) return problem;
    if (text.length > 0) continue;
    const what = `text ${index + 1} is empty and was not; give back the text itself if there is no other`;
    return { reason: "length", problem: what, limit: 1, value: 0 };
  }
  return undefined;
}

/** A table with features against the one that the extractor was given. */
export function guardColumns(given: Columns, answer: Columns): GuardProblem | undefined {
  for (const [name, column] of Object.entries(given)) {
    const problem = givenColumnProblem(name, column, answer);
    if (problem) return problem;
  }
  const added = Object.keys(answer).filter((name) => !Object.hasOwn(given, name));
  if (added.length > GUARD_LIMITS.newColumns) {
    const limit = GUARD_LIMITS.newColumns;
    const problem = `it gave ${added.length} new columns, and the limit is ${limit}; give fewer`;
    return { reason: "count", problem, limit, value: added.length };
  }
  const [first] = Object.values(given);
  for (const name of added) {
    const problem = newColumnProblem(name, answer[name]!, first?.length);
    if (problem) return problem;
  }
  return undefined;
}

function givenColumnProblem(
  name: string,
  given: Columns[string],
  answer: Columns,
): GuardProblem | undefined {
  const column = Object.hasOwn(answer, name) ? answer[name] : undefined;
  if (column === undefined) {
    return {
      reason: "changed",
      problem: `the column ${quoted(name)} is missing; give back all that were given`,
    };
  }
  if (column.length !== given.length) return rowProblem(name, column.length, given.length);
  // Not `===`: a NaN that was given is to come back, and 0 is not -0.
  const row = column.findIndex((cell, index) => !Object.is(cell, given[index]));
  if (row < 0) return undefined;
  const problem = `row ${row + 1} of the column ${quoted(name)} was changed; put what is new in a new column`;
  return { reason: "changed", problem, value: row + 1 };
}

function newColumnProblem(
  name: string,
  column: Columns[string],
  rows: number | undefined,
): GuardProblem | undefined {
  const named = textProblem("the name of a new column", name, GUARD_LIMITS.columnName);
  if (named) return named;
  if (name === "") {
    const problem = "the name of a new column is empty; begin it with output_prefix";
    return { reason: "length", problem, limit: 1, value: 0 };
  }
  if (rows !== undefined && column.length !== rows) return rowProblem(name, column.length, rows);
  for (const [row, cell] of column.entries()) {
    const where = `row ${row + 1} of the column ${quoted(name)}`;
    if (typeof cell === "number" && !Number.isFinite(cell)) {
      const problem = `${where} is ${cell}, expected a finite number; give null where there is none`;
      return { reason: "not-finite", problem, value: cell };
    }
    const text = typeof cell === "string" ? textProblem(where, cell, GUARD_LIMITS.cellText) : undefined;
    if (text) return text;
  }
  return undefined;
}

function rowProblem(name: string, value: number, limit: number): GuardProblem {
  const problem = `the column ${quoted(name)} has ${value} rows for ${limit}; give a row for each row`;
  return { reason: "count", problem, limit, value };
}

/** Texts may hold anything, but they are to be Unicode: half a character ends the tokenizer later, elsewhere. */
function textProblem(what: string, text: string, limit: number): GuardProblem | undefined {
  const { length } = text;
  if (length > limit) {
    const problem = `${what} has ${length} characters, and the limit is ${limit}; give a shorter one`;
    return { reason: "length", problem, limit, value: length };
  }
  if (text.isWellFormed()) return undefined;
  return { reason: "text", problem: `${what} holds half of a character; cut texts between characters only` };
}

/** A name that a plugin may have made, in a message. */
function quoted(name: string): string {
  return JSON.stringify(name.length > 64 ? `${name.slice(0, 64)}…` : name);
}

/**
 * What an answer has to be besides its form: as many texts as were given, none of them a novel. Tables have a
 * guard of their own, see table_guard.ts.
 *
 * A guard compares an answer with the arguments of its call and never changes it: a poisoned answer is refused as
 * a whole, and then it is a failure like any other, for which the port has its policy. The numbers of a head are
 * guarded where they are used, by the trainer.
 *
 * @module
 */
import type { PoisonReason } from "../wall/poison.ts";

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

/** Texts may hold anything, but they are to be Unicode: half a character ends the tokenizer later, elsewhere. */
export function textProblem(what: string, text: string, limit: number): GuardProblem | undefined {
  const { length } = text;
  if (length > limit) {
    const problem = `${what} has ${length} characters, and the limit is ${limit}; give a shorter one`;
    return { reason: "length", problem, limit, value: length };
  }
  if (text.isWellFormed()) return undefined;
  return { reason: "text", problem: `${what} holds half of a character; cut texts between characters only` };
}

/** A name that a plugin may have made, in a message. */
export function quoted(name: string): string {
  return JSON.stringify(name.length > 64 ? `${name.slice(0, 64)}…` : name);
}

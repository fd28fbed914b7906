/**
 * Answers of plugins that must not be used: which kinds there are, which error is one, and how many there were.
 *
 * An error is marked and not made a class of its own, because to its reader it stays what it was: a wrong answer,
 * or a number that is not finite. Who counts asks {@linkcode poisonOf}.
 *
 * @module
 */
import { KBertError } from "./errors.ts";

/** What was wrong with an answer. */
export type PoisonReason =
  /** It has not the form that the port promises. */
  | "form"
  /** A tensor of another shape or type. */
  | "shape"
  /** More or fewer texts, rows or columns. */
  | "count"
  /** A text or name that is too long, or empty. */
  | "length"
  /** A text that is no Unicode. */
  | "text"
  /** What was to stay as it was did not. */
  | "changed"
  /** NaN or infinity. */
  | "not-finite"
  /** Numbers that are finite and too large to be right. */
  | "norm";

/** How often each guard fired: plugin → reason → count. */
export type PoisonTable = Readonly<Record<string, Readonly<Record<string, number>>>>;

const reasons = new WeakMap<object, PoisonReason>();

/** Marks an error as the word on a poisoned answer, and gives it back to be thrown. */
export function poisoned<Failure extends Error>(error: Failure, reason: PoisonReason): Failure {
  reasons.set(error, reason);
  return error;
}

/** Why an answer was refused, or undefined if something else went wrong. Asked with anything that was thrown. */
export function poisonOf(thrown: unknown): PoisonReason | undefined {
  return typeof thrown === "object" && thrown !== null ? reasons.get(thrown) : undefined;
}

/** What a failure is counted as: the reason for which an answer was refused, an error's code, or "error". */
export function failureKind(thrown: unknown): string {
  return poisonOf(thrown) ?? (thrown instanceof KBertError ? thrown.code : "error");
}

/**
 * Counts what the guards refused, for the result of a run.
 *
 * @example
 * ```ts
 * import { PoisonCounts, poisoned } from "./poison.ts";
 * import { assertEquals } from "../deps/assert.ts";
 *
 * const counts = new PoisonCounts({ head: { norm: 1 } });
 * counts.count("head", poisoned(new Error("too large"), "norm"));
 * counts.count("head", new Error("something else"));
 * assertEquals(counts.table(), { head: { norm: 2 } });
 * ```
 */
export class PoisonCounts {
  readonly #counts = new Map<string, Map<string, number>>();

  /** @param before of the run's earlier parts; what is no table of counts is taken as none */
  constructor(before: unknown = {}) {
    for (const [plugin, byReason] of entries(before)) {
      for (const [reason, count] of entries(byReason)) {
        if (Number.isSafeInteger(count) && count as number > 0) this.#add(plugin, reason, count as number);
      }
    }
  }

  /** Counts an error if it is marked. Answers its reason, or undefined. */
  count(plugin: string, thrown: unknown): PoisonReason | undefined {
    const reason = poisonOf(thrown);
    if (reason !== undefined) this.#add(plugin, reason, 1);
    return reason;
  }

  /** A copy; empty if no guard fired. */
  table(): PoisonTable {
    return Object.fromEntries(
      [...this.#counts].map(([plugin, counts]) => [plugin, Object.fromEntries(counts)]),
    );
  }

  #add(plugin: string, reason: string, count: number): void {
    const counts = this.#counts.get(plugin) ?? new Map<string, number>();
    this.#counts.set(plugin, counts.set(reason, (counts.get(reason) ?? 0) + count));
  }
}

function entries(value: unknown): [string, unknown][] {
  return typeof value === "object" && value !== null ? Object.entries(value) : [];
}

/**
 * A check of how a plugin behaves: what it asks, and how it says that the plugin failed it or that it is none for it.
 *
 * @module
 */
import { messageOf } from "../wall/errors.ts";
import { printable } from "../wall/printable.ts";
import type { Subject } from "./subject.ts";

/** See the module's text. */
export interface Check {
  /** Two words, for tables. */
  readonly name: string;
  /** What a plugin has to do. */
  readonly asks: string;
  /**
   * Answers in a sentence what the plugin did.
   *
   * @throws {Skipped} if it is no check for this plugin
   * @throws what the plugin did instead, or {@linkcode Lost} with a sentence about it
   */
  run(subject: Subject): Promise<string>;
}

/** What came of a check. */
export interface CheckRow {
  readonly check: string;
  readonly port: string;
  readonly outcome: "held" | "not held" | "skipped";
  /** A sentence without a full stop. */
  readonly why: string;
}

/** The plugin did not do what it had to. */
export class Lost extends Error {
  override readonly name = "Lost";
}

/** The check is none for this plugin. */
export class Skipped extends Error {
  override readonly name = "Skipped";
}

/** Codes of errors that a plugin gets because it runs here without its rights, or without its user's script. */
const MISSING: Readonly<Record<string, string>> = {
  "capability/refused":
    "it uses a right that it was not granted here; --grant lets it have those that it asks for",
  "service/refused": "it uses a service that only its user's script offers",
};
const MAX_WHY = 300;
const MAX_CAUSES = 10;

/** Runs a check; what goes wrong in it is its answer. */
export async function runCheck(check: Check, subject: Subject): Promise<CheckRow> {
  const { name, run } = check;
  const row = { check: name, port: subject.port };
  try {
    return { ...row, outcome: "held", why: await run.call(check, subject) };
  } catch (error) {
    const missing = error instanceof Skipped ? error.message : missingOf(error);
    if (missing !== undefined) return { ...row, outcome: "skipped", why: missing };
    return { ...row, outcome: "not held", why: printable(messageOf(error), MAX_WHY) };
  }
}

/** What the plugin lacked, if an error is about that. */
function missingOf(error: unknown): string | undefined {
  let at: unknown = error;
  for (let depth = 0; depth < MAX_CAUSES && typeof at === "object" && at !== null; depth++) {
    const { code, cause } = at as { code?: unknown; cause?: unknown };
    if (typeof code === "string" && Object.hasOwn(MISSING, code)) return MISSING[code];
    at = cause;
  }
  return undefined;
}

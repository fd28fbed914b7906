/**
 * Whether a plugin behaves as its port promises: every check of it, in an order in which the first that fails
 * explains those that follow.
 *
 * @module
 */
import { type Check, type CheckRow, runCheck } from "./check.ts";
import { aborts, deadlines } from "./giving_up_checks.ts";
import { answers, badSettings, loads, unloads } from "./life_checks.ts";
import { emptyBatch, notANumber } from "./odd_input_checks.ts";
import { reloads, sameSeed } from "./sameness_checks.ts";
import type { Subject } from "./subject.ts";

/** All of them. */
export const CHECKS: readonly Check[] = [
  ...[loads, answers, badSettings, aborts, deadlines],
  ...[sameSeed, reloads, notANumber, emptyBatch, unloads],
];

/** What is said of the others when one of these fails. */
const BREAKING: ReadonlyMap<Check, string> = new Map([
  [loads, "it does not load"],
  [answers, "it does not answer the calls of its port"],
]);

/**
 * Runs the checks one after the other, each with the plugin started anew. Of a plugin that does not load or does not
 * answer, most of the others have nothing to say.
 *
 * @param checks some of {@linkcode CHECKS}
 * @param signal ends it after the check that is underway
 */
export async function* checkPlugin(
  subject: Subject,
  checks: readonly Check[] = CHECKS,
  signal?: AbortSignal,
): AsyncGenerator<CheckRow> {
  let broken: string | undefined;
  for (const check of checks) {
    if (signal?.aborted) return;
    if (broken !== undefined && check !== badSettings) {
      yield { check: check.name, port: subject.port, outcome: "skipped", why: broken };
      continue;
    }
    const row = await runCheck(check, subject);
    if (row.outcome === "not held") broken ??= BREAKING.get(check);
    yield row;
  }
}

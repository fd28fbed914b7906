/**
 * Whether a run of `deno test` is one that passed.
 *
 * Deno 2.9.6 dies now and then in its own exit ("double free or corruption", about one run in ten of the whole
 * suite, none of a part of it), when every test has passed and the summary is printed. What tests came to is in the
 * report that was written before; a run that dies earlier leaves none, and one with a failure is a failure.
 *
 * @module
 */

/** How a process ended. */
export interface Ended {
  readonly code: number;
  readonly signal: string | null;
}

/** Signals by which a process ends that has destroyed its own memory. */
const CRASHES = new Set(["SIGABRT", "SIGSEGV", "SIGBUS"]);

/**
 * The exit code of the run, and what a person has to know of it.
 *
 * @param report JUnit's XML as Deno writes it at the end; undefined if there is none
 * @example
 * ```ts
 * import { verdictOf } from "./verdict.ts";
 * import { assertEquals } from "../core/deps/assert.ts";
 *
 * const passed = '<testsuites name="deno test" tests="2" failures="0" errors="0" time="1"></testsuites>';
 * assertEquals(verdictOf({ code: 134, signal: "SIGABRT" }, passed).code, 0);
 * assertEquals(verdictOf({ code: 134, signal: "SIGABRT" }, undefined).code, 134);
 * ```
 */
export function verdictOf(
  { code, signal }: Ended,
  report: string | undefined,
): { code: number; note?: string } {
  if (code === 0 || signal === null || !CRASHES.has(signal)) return { code };
  const [, tests, failures, errors] =
    /<testsuites [^>]*tests="(\d+)" failures="(\d+)" errors="(\d+)"/.exec(report ?? "") ?? [];
  const isWhole = report?.trimEnd().endsWith("</testsuites>") ?? false;
  const hasPassed = isWhole && Number(tests) > 0 && failures === "0" && errors === "0";
  if (!hasPassed) return { code };
  return { code: 0, note: `Deno died by ${signal} in its own exit, after all ${tests} tests had passed` };
}

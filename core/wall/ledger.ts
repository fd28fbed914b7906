/**
 * How many things are open in this realm, by kind: what a leak check asks after every test, and what a
 * person asks whose script does not end.
 *
 * Only numbers are kept, never the things themselves, so the ledger keeps nothing alive.
 *
 * @module
 */

/**
 * What is counted. Timers and files are counted by Deno itself. A process counts until it is gone, which is a
 * few milliseconds longer than its sandbox; a read from a GPU until Deno says that it is done, which is some
 * milliseconds after its numbers are there.
 */
export type LedgerKind =
  | "channels"
  | "calls"
  | "streams"
  | "listeners"
  | "sandboxes"
  | "processes"
  | "reads";

const counts: Record<LedgerKind, number> = {
  channels: 0,
  calls: 0,
  streams: 0,
  listeners: 0,
  sandboxes: 0,
  processes: 0,
  reads: 0,
};

/** Counts a thing that was opened. */
export function opened(kind: LedgerKind): void {
  counts[kind]++;
}

/** Counts a thing that was closed; called once for each that was opened. */
export function closed(kind: LedgerKind): void {
  counts[kind]--;
}

/**
 * A copy of the counts.
 *
 * @example
 * ```ts
 * import { closed, opened, openThings } from "./ledger.ts";
 * import { assertEquals } from "../deps/assert.ts";
 *
 * opened("calls");
 * assertEquals(openThings().calls, 1);
 * closed("calls");
 * assertEquals(openThings().calls, 0);
 * ```
 */
export function openThings(): Readonly<Record<LedgerKind, number>> {
  return { ...counts };
}

/**
 * Waiting for the promises of listeners: for all of them, at most so long, and whatever they come to.
 *
 * @module
 */

/** What {@linkcode settle} is told. */
export interface SettleOptions {
  /** Milliseconds that all have together; they began together. */
  readonly deadlineMs: number;
  readonly signal: AbortSignal | undefined;
  /** Called at most once for each promise: it rejected, or it is late. */
  readonly onFailure: (error: unknown, reason: "threw" | "late") => void;
  /** What the waiting rejects with when the signal aborts. */
  readonly toAborted: (cause: unknown) => Error;
}

/** The longest time that a timer can wait; what is beyond it needs none. */
const MAX_TIMEOUT_MS = 2 ** 31 - 1;

/** Calls back after so long, unless that is forever. */
export function after(delayMs: number, callback: () => void): ReturnType<typeof setTimeout> | undefined {
  return delayMs > MAX_TIMEOUT_MS ? undefined : setTimeout(callback, delayMs);
}

/**
 * Resolves when each promise has settled or is late. One that rejects when the waiting was given up is
 * still a failure; one that rejects after it was called late is not a second one.
 *
 * @example
 * ```ts
 * import { settle } from "./settle.ts";
 * import { assertEquals } from "../deps/assert.ts";
 *
 * const failures: string[] = [];
 * await settle([Promise.resolve(1), Promise.reject(new Error("no"))], {
 *   deadlineMs: 1_000,
 *   signal: undefined,
 *   onFailure: (error, reason) => failures.push(`${error} (${reason})`),
 *   toAborted: () => new Error("given up"),
 * });
 * assertEquals(failures, ["Error: no (threw)"]);
 * ```
 */
export function settle(promises: readonly Promise<unknown>[], options: SettleOptions): Promise<void> {
  const { deadlineMs, signal, onFailure, toAborted } = options;
  return new Promise((resolve, reject) => {
    const open = new Set(promises.keys());
    const finish = (): void => {
      clearTimeout(timer);
      signal?.removeEventListener("abort", onAbort);
      resolve();
    };
    const onAbort = (): void => {
      reject(toAborted(signal?.reason));
      finish();
    };
    const onLate = (): void => {
      const late = [...open];
      open.clear(); // first: what is called below may run for long, or emit
      for (const _ of late) onFailure(new Error(`It was not done within ${deadlineMs} ms`), "late");
      finish();
    };
    const close = (index: number): void => {
      if (open.delete(index) && open.size === 0) finish();
    };
    const timer = after(deadlineMs, onLate);
    for (const [index, promise] of promises.entries()) {
      promise.then(() => close(index), (error) => {
        if (open.has(index)) onFailure(error, "threw");
        close(index);
      });
    }
    if (signal?.aborted) onAbort();
    else signal?.addEventListener("abort", onAbort, { once: true });
  });
}

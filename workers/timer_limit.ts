/**
 * Timers for a plugin, of which there are only so many at once.
 *
 * Deno keeps more than a kilobyte for each timer outside of the heap, where no limit of the worker counts it, and
 * does not give it back when the worker ends. So a plugin is not given Deno's own: its timers are numbers, as in
 * browsers, and what stands for them stays here, where it cannot be armed again uncounted.
 *
 * @module
 */

/** What a plugin uses of timers. */
export interface LimitedTimers {
  setTimeout(callback: (...args: unknown[]) => void, ms?: number, ...args: unknown[]): number;
  setInterval(callback: (...args: unknown[]) => void, ms?: number, ...args: unknown[]): number;
  clearTimeout(id?: unknown): void;
  clearInterval(id?: unknown): void;
  /** As `AbortSignal.timeout`; its timer counts, too, until it is over. */
  timeoutSignal(ms: number): AbortSignal;
}

/** Most timers of one plugin that have not fired and are not cleared: 12 MiB. */
export const MAX_TIMERS = 10_000;

/**
 * Timers on top of the global ones, as these are now.
 *
 * @param max how many there may be at once; one more throws a `RangeError`
 * @example
 * ```ts
 * import { limitedTimers } from "./timer_limit.ts";
 * import { assertEquals, assertThrows } from "../core/deps/assert.ts";
 *
 * const { setTimeout, clearTimeout } = limitedTimers(1);
 * const id = setTimeout(() => {}, 1_000);
 * assertThrows(() => setTimeout(() => {}, 1_000), RangeError, "more than 1 timers");
 * clearTimeout(id);
 * assertEquals(await new Promise((resolve) => setTimeout(resolve, 0, "fired")), "fired");
 * ```
 */
export function limitedTimers(max = MAX_TIMERS): LimitedTimers {
  const native = { setTimeout, setInterval, clearTimeout };
  const armed = new Map<number, ReturnType<typeof setTimeout>>();
  let lastId = 0;

  function arm(callback: unknown, start: (id: number, run: (...args: unknown[]) => void) => unknown): number {
    if (typeof callback !== "function") throw new TypeError("A timer calls a function");
    if (armed.size >= max) throw new RangeError(`A plugin cannot have more than ${max} timers at once`);
    const id = ++lastId;
    armed.set(id, start(id, callback as (...args: unknown[]) => void) as ReturnType<typeof setTimeout>);
    return id;
  }

  function clear(id?: unknown): void {
    const timer = armed.get(id as number);
    if (timer === undefined) return;
    armed.delete(id as number);
    native.clearTimeout(timer); // clears intervals as well
  }

  const timers: LimitedTimers = {
    setTimeout: (callback, ms = 0, ...args) =>
      arm(callback, (id, run) =>
        native.setTimeout(() => {
          armed.delete(id);
          run(...args);
        }, ms)),
    setInterval: (callback, ms = 0, ...args) =>
      arm(callback, (_, run) => native.setInterval(() => run(...args), ms)),
    clearTimeout: clear,
    clearInterval: clear,
    timeoutSignal(ms): AbortSignal {
      const controller = new AbortController();
      const expire = (): void => controller.abort(new DOMException("Signal timed out.", "TimeoutError"));
      timers.setTimeout(expire, ms);
      return controller.signal;
    },
  };
  return timers;
}

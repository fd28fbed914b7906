/**
 * Many events, one call: waits until nothing has happened for a while.
 *
 * Saving a file makes several events, and how many depends on the editor and on the system. Who acts on the
 * first sees half of what was saved. A stream of events that never pauses is cut after a longest wait, so that
 * the call comes at all.
 *
 * @module
 */

/** How long a {@linkcode QuietPeriod} waits. */
export interface QuietPeriodOptions {
  /** Milliseconds without an event after which it is quiet. @default {20} */
  readonly quietMs?: number;
  /** The longest wait after the first event, in milliseconds. @default {1_000} */
  readonly maxMs?: number;
}

/** See {@linkcode QuietPeriodOptions}. */
export const QUIET_PERIOD_DEFAULTS = { quietMs: 20, maxMs: 1_000 } as const satisfies Required<
  QuietPeriodOptions
>;

/**
 * Has a timer while it waits, which whoever made it ends.
 *
 * @example
 * ```ts
 * import { QuietPeriod } from "./quiet_period.ts";
 * import { assertEquals } from "../deps/assert.ts";
 *
 * let calls = 0;
 * const { promise, resolve } = Promise.withResolvers<void>();
 * using quiet = new QuietPeriod(() => {
 *   calls++;
 *   resolve();
 * }, { quietMs: 5 });
 * quiet.touch();
 * quiet.touch();
 * await promise;
 * assertEquals(calls, 1);
 * ```
 */
export class QuietPeriod implements Disposable {
  readonly #onQuiet: () => void | Promise<void>;
  readonly #quietMs: number;
  readonly #maxMs: number;
  #timer: ReturnType<typeof setTimeout> | undefined;
  /** When the wait ends at the latest; undefined while there is nothing to wait for. */
  #latestMs: number | undefined;
  #isRunning = false;
  /** It was quiet again before the last call had ended. */
  #isDue = false;
  #isDisposed = false;

  /** @param onQuiet never runs twice at a time; what it throws is not caught, so it must see to that itself */
  constructor(onQuiet: () => void | Promise<void>, options: QuietPeriodOptions = {}) {
    const { quietMs, maxMs } = { ...QUIET_PERIOD_DEFAULTS, ...options };
    this.#onQuiet = onQuiet;
    this.#quietMs = quietMs;
    this.#maxMs = maxMs;
  }

  /** Something has happened. During a call it leads to another one, after that. */
  touch(): void {
    if (this.#isDisposed) return;
    const nowMs = performance.now();
    this.#latestMs ??= nowMs + this.#maxMs;
    clearTimeout(this.#timer);
    const waitMs = Math.min(this.#quietMs, Math.max(0, this.#latestMs - nowMs));
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      this.#isDue = true;
      void this.#runIfDue();
    }, waitMs);
  }

  /** No call begins after this; one that runs goes on. */
  [Symbol.dispose](): void {
    this.#isDisposed = true;
    clearTimeout(this.#timer);
  }

  async #runIfDue(): Promise<void> {
    if (this.#isRunning || this.#isDisposed) return;
    // While the timer runs there was a touch since, and the call is its.
    while (this.#isDue && this.#timer === undefined && !this.#isDisposed) {
      this.#isDue = false;
      this.#latestMs = undefined;
      this.#isRunning = true;
      try {
        await this.#onQuiet();
      } finally {
        this.#isRunning = false;
      }
    }
  }
}

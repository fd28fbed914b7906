/**
 * Whether a plugin that crashed is started again, and when: exponential back-off, and a breaker for one
 * that crashes in a loop.
 *
 * Pure: it is told the time and keeps no timer, so every course of events can be tried in a test.
 *
 * @module
 */

/** How often a plugin is started again. */
export interface RestartPolicy {
  /** Restarts within `withinMs`; one crash more, and it is quarantined. @default {3} */
  readonly maxRestarts: number;
  /** Milliseconds that a restart is remembered. @default {60_000} */
  readonly withinMs: number;
  /** Milliseconds before the first restart; each later one of the window waits twice as long. @default {100} */
  readonly baseDelayMs: number;
  /** The longest wait in milliseconds. @default {10_000} */
  readonly maxDelayMs: number;
}

/** See {@linkcode RestartPolicy}. */
export const RESTART_DEFAULTS: RestartPolicy = {
  maxRestarts: 3,
  withinMs: 60_000,
  baseDelayMs: 100,
  maxDelayMs: 10_000,
};

/** What to do after a crash. `restarts` counts those of the window, the coming one included. */
export type Verdict =
  | { readonly restart: true; readonly delayMs: number; readonly restarts: number }
  | { readonly restart: false; readonly restarts: number };

/**
 * Remembers the restarts of one plugin.
 *
 * @example
 * ```ts
 * import { CrashBreaker, RESTART_DEFAULTS } from "./restarts.ts";
 * import { assertEquals } from "../deps/assert.ts";
 *
 * const breaker = new CrashBreaker({ ...RESTART_DEFAULTS, maxRestarts: 2 });
 * assertEquals(breaker.crashed(0), { restart: true, delayMs: 100, restarts: 1 });
 * assertEquals(breaker.crashed(500), { restart: true, delayMs: 200, restarts: 2 });
 * assertEquals(breaker.crashed(900), { restart: false, restarts: 2 });
 * assertEquals(breaker.crashed(70_000), { restart: true, delayMs: 100, restarts: 1 });
 * ```
 */
export class CrashBreaker {
  readonly #policy: RestartPolicy;
  #restarts: number[] = [];

  constructor(policy: RestartPolicy) {
    this.#policy = policy;
  }

  /** @param now milliseconds, of any clock that only goes forward */
  crashed(now: number): Verdict {
    const { maxRestarts, withinMs, baseDelayMs, maxDelayMs } = this.#policy;
    this.#restarts = this.#restarts.filter((time) => now - time < withinMs);
    const earlier = this.#restarts.length;
    if (earlier >= maxRestarts) return { restart: false, restarts: earlier };
    this.#restarts.push(now);
    return {
      restart: true,
      delayMs: Math.min(maxDelayMs, baseDelayMs * 2 ** earlier),
      restarts: earlier + 1,
    };
  }
}

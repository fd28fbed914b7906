/**
 * Going on when something fails: try again, or try something simpler.
 *
 * Written here and not taken from a package: it would be the only one that every plugin's process has to load,
 * and costs each start 20 to 40 ms.
 *
 * @module
 */
/** How often and how patiently something is tried. */
export interface RetryOptions {
  /** How often it is tried in all. @default {3} */
  readonly attempts?: number;
  /** Milliseconds before the second attempt; each later wait is twice as long. @default {1_000} */
  readonly baseMs?: number;
  /** The longest wait in milliseconds. @default {60_000} */
  readonly maxMs?: number;
  /** Share of each wait that is random, 0 to 1, so that many who failed together do not return together. @default {1} */
  readonly jitter?: number;
  /** Whether trying again can help. @default {always} */
  readonly isRetryable?: (error: unknown) => boolean;
  /** Hears each attempt that failed, counted from 1: a plugin that retries in silence hides its trouble. */
  readonly onFailure?: (error: unknown, attempt: number) => void;
  /** Gives up waiting. */
  readonly signal?: AbortSignal;
}

/**
 * Runs something until it succeeds: waits `baseMs`, twice that, and so on (exponential back-off with jitter).
 *
 * @returns what it answered
 * @throws its last error, when the attempts are used up or an error is not retryable; the signal's reason
 * @see https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/
 * @example
 * ```ts
 * import { retry } from "./resilience.ts";
 * import { assertEquals } from "../../core/deps/assert.ts";
 *
 * let attempts = 0;
 * const answer = await retry(() => {
 *   if (++attempts < 3) throw new Error("busy");
 *   return "done";
 * }, { baseMs: 0 });
 * assertEquals([answer, attempts], ["done", 3]);
 * ```
 */
export async function retry<T>(run: () => Promise<T> | T, options: RetryOptions = {}): Promise<T> {
  const { attempts = 3, baseMs = 1_000, maxMs = 60_000, jitter = 1, isRetryable, onFailure, signal } =
    options;
  check("attempts", attempts, 1, Infinity);
  check("baseMs", baseMs, 0, Infinity);
  check("maxMs", maxMs, 0, Infinity);
  check("jitter", jitter, 0, 1);
  for (let attempt = 1;; attempt++) {
    signal?.throwIfAborted();
    try {
      return await run();
    } catch (error) {
      onFailure?.(error, attempt);
      if (attempt >= attempts || isRetryable?.(error) === false) throw error;
    }
    const wholeMs = Math.min(Math.max(baseMs, maxMs), baseMs * 2 ** (attempt - 1));
    await wait(wholeMs * (1 - jitter * Math.random()), signal);
  }
}

function check(name: string, value: number, least: number, most: number): void {
  if (value >= least && value <= most) return;
  throw new RangeError(`Cannot retry with ${name} ${value}: it is ${least} to ${most}`);
}

/**
 * Waits so many milliseconds.
 *
 * @throws the signal's reason, as soon as it aborts
 * @example
 * ```ts
 * import { wait } from "./resilience.ts";
 * import { assertRejects } from "../../core/deps/assert.ts";
 *
 * await wait(1);
 * await assertRejects(() => wait(60_000, AbortSignal.abort(new Error("enough"))), Error, "enough");
 * ```
 */
export function wait(milliseconds: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    signal?.throwIfAborted();
    const giveUp = (): void => {
      clearTimeout(timer);
      reject(signal?.reason);
    };
    const timer = setTimeout(() => {
      signal?.removeEventListener("abort", giveUp);
      resolve();
    }, milliseconds);
    signal?.addEventListener("abort", giveUp, { once: true });
  });
}

/**
 * Runs the first of several ways to do something that works: the best first, the simplest last.
 *
 * @param onFailure hears each way that failed, with its number from 0: log it, or nobody will know that
 * the plugin does less than it could
 * @throws {AggregateError} with the error of every way, if none works
 * @example Graceful degradation
 * ```ts
 * import { firstThatWorks } from "./resilience.ts";
 * import { assertEquals } from "../../core/deps/assert.ts";
 *
 * const failures: string[] = [];
 * const advanced = (): string => {
 *   throw new Error("no memory");
 * };
 * const answer = await firstThatWorks(
 *   [advanced, () => "basic"],
 *   (error, way) => failures.push(`${way}: ${(error as Error).message}`),
 * );
 * assertEquals([answer, failures], ["basic", ["0: no memory"]]);
 * ```
 */
export async function firstThatWorks<T>(
  ways: readonly (() => Promise<T> | T)[],
  onFailure: (error: unknown, way: number) => void,
): Promise<T> {
  const errors: unknown[] = [];
  for (const [index, way] of ways.entries()) {
    try {
      return await way();
    } catch (error) {
      errors.push(error);
      onFailure(error, index);
    }
  }
  throw new AggregateError(errors, `None of ${ways.length} ways worked`);
}

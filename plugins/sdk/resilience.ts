/**
 * Going on when something fails: try again, or try something simpler.
 *
 * @module
 */
import { retry as retryStd, RetryError } from "../../core/deps/retry.ts";

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
  let attempt = 0;
  const tryOnce = async (): Promise<T> => {
    attempt++;
    try {
      return await run();
    } catch (error) {
      onFailure?.(error, attempt);
      throw error;
    }
  };
  try {
    return await retryStd(tryOnce, {
      maxAttempts: attempts,
      minTimeout: baseMs,
      maxTimeout: Math.max(baseMs, maxMs),
      jitter,
      ...(isRetryable && { isRetriable: isRetryable }),
      ...(signal && { signal }),
    });
  } catch (error) {
    // "It failed three times" is less than why it failed.
    throw error instanceof RetryError ? error.cause : error;
  }
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

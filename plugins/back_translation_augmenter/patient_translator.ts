/**
 * Translates with patience, and with an end to it: tries again where that can help, waits as long as the server
 * asks, and leaves a server alone that has failed too often.
 *
 * All of it ends at a deadline. A plugin that answers too late has its whole call thrown away, with the texts
 * that it did translate.
 *
 * @see https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/
 * @module
 */
import { wait } from "k-bert/sdk";
import { CircuitBreaker } from "./circuit_breaker.ts";
import { type RequestOptions, TranslationError } from "./libre_translate.ts";

/** Whatever sends one request; see `LibreTranslate`. */
export interface Translator {
  translate(texts: readonly string[], options: RequestOptions): Promise<string[]>;
}

/** How patient it is; see plugin.yaml. */
export interface Patience {
  readonly attempts: number;
  readonly timeoutMs: number;
  readonly baseMs: number;
  readonly longestWaitMs: number;
  readonly failuresToPause: number;
  readonly pauseMs: number;
}

/** What time it is, and how it passes; a test has its own. */
export interface Clock {
  /** Milliseconds, from any start. */
  now(): number;
  /** @throws the signal's reason */
  wait(milliseconds: number, signal: AbortSignal | undefined): Promise<void>;
}

/** What is asked for. */
export interface TranslationOptions {
  readonly from: string;
  readonly to: string;
  /** When it has to be done, by the clock. */
  readonly deadline: number;
  readonly signal?: AbortSignal | undefined;
}

/** Longest that a server can have itself left alone. */
const LONGEST_PAUSE_MS = 3_600_000;

/** See {@linkcode Clock}. */
export const REAL_CLOCK: Clock = { now: () => performance.now(), wait };

/** Shared by all calls of a plugin: what one has learned about the server, the others know. */
export class PatientTranslator {
  readonly #translator: Translator;
  readonly #patience: Patience;
  readonly #clock: Clock;
  readonly #breaker: CircuitBreaker;

  constructor(translator: Translator, patience: Patience, clock: Clock = REAL_CLOCK) {
    this.#translator = translator;
    this.#patience = patience;
    this.#clock = clock;
    this.#breaker = new CircuitBreaker({
      failuresToOpen: patience.failuresToPause,
      pauseMs: patience.pauseMs,
      now: () => clock.now(),
    });
  }

  /** @throws {TranslationError} when there is no translation; the signal's reason */
  async translate(texts: readonly string[], options: TranslationOptions): Promise<string[]> {
    this.#requireReady(options);
    try {
      const translated = await this.#retry(texts, options);
      this.#breaker.succeeded();
      return translated;
    } catch (error) {
      options.signal?.throwIfAborted(); // says nothing about the server
      this.#breaker.failed(Math.min(pauseAfter(error), LONGEST_PAUSE_MS));
      throw error;
    }
  }

  #requireReady({ deadline }: TranslationOptions): void {
    const { pausedMs } = this.#breaker;
    if (pausedMs > 0) {
      const seconds = Math.ceil(pausedMs / 1_000);
      const message = `The translation server failed, and is left alone for another ${seconds} s`;
      throw new TranslationError(message, { isRetryable: false });
    }
    if (deadline > this.#clock.now()) return;
    throw new TranslationError("There is no time left for translations in this call", { isRetryable: false });
  }

  /** The SDK's `retry()` knows neither what a server asks for nor when it is too late. */
  async #retry(texts: readonly string[], options: TranslationOptions): Promise<string[]> {
    const { from, to, deadline, signal } = options;
    const { attempts, timeoutMs, longestWaitMs } = this.#patience;
    const leftMs = (): number => deadline - this.#clock.now();
    for (let attempt = 1;; attempt++) {
      try {
        const request = { from, to, signal, timeoutMs: Math.min(timeoutMs, Math.max(1, leftMs())) };
        return await this.#translator.translate(texts, request);
      } catch (error) {
        if (!(error instanceof TranslationError && error.isRetryable) || attempt >= attempts) throw error;
        const waitMs = Math.max(error.retryAfterMs, this.#backOffMs(attempt));
        // A longer wait is no retry any more: the breaker keeps the server's time.
        if (waitMs > longestWaitMs || waitMs >= leftMs()) throw error;
        await this.#clock.wait(waitMs, signal);
      }
    }
  }

  /** Exponential, and wholly random below that ("full jitter"), so that many do not come back together. */
  #backOffMs(attempt: number): number {
    const { baseMs, longestWaitMs } = this.#patience;
    return Math.min(longestWaitMs, baseMs * 2 ** (attempt - 1)) * Math.random();
  }
}

function pauseAfter(error: unknown): number {
  return error instanceof TranslationError ? error.retryAfterMs : 0;
}

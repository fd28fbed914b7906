/**
 * Leaves a server alone that does not work: whoever asks it again and again slows its own work down, and the
 * server's recovery.
 *
 * Closed, requests pass. After so many failures in a row it is open for a while and lets none through. Then the
 * next one may try: a success closes it, a failure opens it again at once.
 *
 * @see Nygard 2007, "Release It!", chapter 5
 * @module
 */

/** What a {@linkcode CircuitBreaker} depends on. */
export interface CircuitBreakerOptions {
  /** How many failures in a row open it. */
  readonly failuresToOpen: number;
  /** How long it stays open. */
  readonly pauseMs: number;
  /** Milliseconds of a clock that only goes forward. */
  readonly now: () => number;
}

/**
 * Counts failures; it sends nothing itself.
 *
 * @example
 * ```ts
 * import { CircuitBreaker } from "./circuit_breaker.ts";
 * import { assertEquals } from "@std/assert";
 *
 * const breaker = new CircuitBreaker({ failuresToOpen: 2, pauseMs: 60_000, now: () => 0 });
 * breaker.failed();
 * assertEquals(breaker.pausedMs, 0);
 * breaker.failed();
 * assertEquals(breaker.pausedMs, 60_000);
 * ```
 */
export class CircuitBreaker {
  readonly #options: CircuitBreakerOptions;
  #failures = 0;
  #openUntil = -Infinity;

  constructor(options: CircuitBreakerOptions) {
    this.#options = options;
  }

  /** Milliseconds that it still lets nothing through; 0 if a request may be tried. */
  get pausedMs(): number {
    return Math.max(0, this.#openUntil - this.#options.now());
  }

  succeeded(): void {
    this.#failures = 0;
  }

  /** @param leastPauseMs for so long the server asked to be left alone */
  failed(leastPauseMs = 0): void {
    const { failuresToOpen, pauseMs, now } = this.#options;
    const ownMs = ++this.#failures >= failuresToOpen ? pauseMs : 0;
    this.#openUntil = Math.max(this.#openUntil, now() + Math.max(ownMs, leastPauseMs));
  }
}

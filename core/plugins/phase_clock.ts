/**
 * How long the phases of a reload take, and which one is going on: where it failed, if it does.
 *
 * @module
 */
import type { ReloadPhase } from "./exchange.ts";

/** Milliseconds by phase; those that did not happen are not there. */
export type PhaseTimes = Readonly<Partial<Record<ReloadPhase, number>>>;

/** One for each reload. */
export class PhaseClock {
  readonly #times: Partial<Record<ReloadPhase, number>> = {};
  #current: ReloadPhase = "build";

  /** The phase that is going on, or that was the last. */
  get current(): ReloadPhase {
    return this.#current;
  }

  /** A phase that happened several times has all of its times. */
  get times(): PhaseTimes {
    return { ...this.#times };
  }

  /** Runs a phase and takes its time. */
  async timed<T>(phase: ReloadPhase, run: () => Promise<T>): Promise<T> {
    const began = performance.now();
    this.#current = phase;
    try {
      return await run();
    } finally {
      this.#times[phase] = (this.#times[phase] ?? 0) + performance.now() - began;
    }
  }
}

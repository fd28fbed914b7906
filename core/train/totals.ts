/**
 * Sums over all steps of a run, also those before it was interrupted.
 *
 * @module
 */
import type { StepReport } from "./trainer.ts";

/** See the module's text. */
export interface TrainingTotals {
  readonly tokens: number;
  readonly milliseconds: number;
  readonly headMilliseconds: number;
  /** What augmenters let steps wait for. */
  readonly waitMilliseconds: number;
}

/**
 * Adds up.
 *
 * @example
 * ```ts
 * import { Totals } from "./totals.ts";
 * import { assertEquals } from "../deps/assert.ts";
 *
 * const totals = new Totals();
 * totals.add({ tokens: 100, milliseconds: 20, headMilliseconds: 1 }, 5);
 * assertEquals(totals.now, { tokens: 100, milliseconds: 25, headMilliseconds: 1, waitMilliseconds: 5 });
 * ```
 */
export class Totals {
  #now: TrainingTotals = { tokens: 0, milliseconds: 0, headMilliseconds: 0, waitMilliseconds: 0 };

  /** The sums; a checkpoint keeps them. */
  get now(): TrainingTotals {
    return this.#now;
  }

  /** @param waitMilliseconds that the step waited for its batch */
  add(
    step: Pick<StepReport, "tokens" | "milliseconds" | "headMilliseconds">,
    waitMilliseconds: number,
  ): void {
    this.#now = {
      tokens: this.#now.tokens + step.tokens,
      milliseconds: this.#now.milliseconds + step.milliseconds + waitMilliseconds,
      headMilliseconds: this.#now.headMilliseconds + step.headMilliseconds,
      waitMilliseconds: this.#now.waitMilliseconds + waitMilliseconds,
    };
  }

  /** Goes on from a checkpoint's data. */
  restore(data: Readonly<Record<string, unknown>>): void {
    const sum = (key: keyof TrainingTotals): number => Number(data[key] ?? 0);
    this.#now = {
      tokens: sum("tokens"),
      milliseconds: sum("milliseconds"),
      headMilliseconds: sum("headMilliseconds"),
      waitMilliseconds: sum("waitMilliseconds"),
    };
  }
}

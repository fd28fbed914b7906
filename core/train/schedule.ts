/**
 * The learning rate of each step: a linear rise, then a linear fall to zero, as BERT was trained.
 *
 * @module
 */

/** Shape of the schedule. */
export interface ScheduleOptions {
  /** Highest rate, reached at the end of the warm-up. */
  readonly learningRate: number;
  /** Updates of the whole run. */
  readonly totalSteps: number;
  /** Share of the updates in which the rate rises, 0 to 1. */
  readonly warmupShare: number;
}

/**
 * Rate of the update `step`, counted from 1. With `w` the warm-up's updates (rounded) and `n` all of them:
 * `rate * step / w` while `step <= w`, then `rate * (n - step + 1) / (n - w + 1)`.
 *
 * The first update has a rate above zero, and so has the last one: no step is wasted.
 *
 * @example
 * ```ts
 * import { learningRateAt } from "./schedule.ts";
 * import { assertEquals } from "../deps/assert.ts";
 *
 * const options = { learningRate: 1, totalSteps: 4, warmupShare: 0.5 };
 * assertEquals([1, 2].map((step) => learningRateAt(step, options)), [0.5, 1]);
 * ```
 */
export function learningRateAt(
  step: number,
  { learningRate, totalSteps, warmupShare }: ScheduleOptions,
): number {
  const warmup = Math.round(totalSteps * warmupShare);
  if (step <= warmup) return learningRate * step / warmup;
  return learningRate * Math.max(0, totalSteps - step + 1) / (totalSteps - warmup + 1);
}

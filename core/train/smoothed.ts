/**
 * The figures of the progress line: means over the last steps, because those of one step jump.
 *
 * Times are those of the last 20 steps. The loss is that of the last reports, as many as make 20 steps and at least
 * one, so that it does not vanish from the line where reports are rare.
 *
 * @module
 */
import type { ProgressState } from "./progress.ts";
import type { StepReport } from "./trainer.ts";

/** Steps over which figures are averaged. */
const SMOOTHING_STEPS = 20;

/**
 * The last steps of a run.
 *
 * @example
 * ```ts
 * import { RecentSteps } from "./smoothed.ts";
 * import { assertEquals } from "../deps/assert.ts";
 *
 * const recent = new RecentSteps();
 * const step = { learningRate: 0.1, gradientNorm: 1, tokens: 50, milliseconds: 100, headMilliseconds: 10 };
 * recent.add({ ...step, step: 1, loss: 3, accuracy: null });
 * recent.add({ ...step, step: 2, loss: null, accuracy: null });
 * const { loss, tokensPerSecond, secondsLeft, pluginShare } = recent.progress(12);
 * assertEquals([loss, tokensPerSecond, secondsLeft, pluginShare], [3, 500, 1, 0.1]);
 * ```
 */
export class RecentSteps {
  readonly #steps: StepReport[] = [];
  readonly #reports: StepReport[] = [];

  add(step: StepReport): void {
    if (this.#steps.push(step) > SMOOTHING_STEPS) this.#steps.shift();
    if (step.loss === null) return;
    this.#reports.push(step);
    while (stepsOf(this.#reports) - stepsOf(this.#reports.slice(0, 1)) >= SMOOTHING_STEPS) {
      this.#reports.shift();
    }
  }

  /** What a progress line shows after these steps; there has to be one. */
  progress(totalSteps: number): ProgressState {
    const sum = (of: (step: StepReport) => number): number =>
      this.#steps.reduce((total, one) => total + of(one), 0);
    const { step } = this.#steps.at(-1)!;
    const milliseconds = sum((one) => one.milliseconds);
    return {
      step,
      ...this.#figures(),
      tokensPerSecond: sum((one) => one.tokens) / milliseconds * 1_000,
      secondsLeft: (totalSteps - step) * milliseconds / this.#steps.length / 1_000,
      pluginShare: sum((one) => one.headMilliseconds) / milliseconds,
    };
  }

  #figures(): Pick<ProgressState, "loss" | "accuracy"> {
    const last = this.#reports.at(-1);
    if (last === undefined) return {};
    const sum = (of: (report: StepReport) => number): number =>
      this.#reports.reduce((total, one) => total + of(one), 0);
    return {
      loss: sum((one) => one.loss! * (one.lossSteps ?? 1)) / stepsOf(this.#reports),
      ...(last.accuracy !== null && { accuracy: sum((one) => one.accuracy ?? 0) / this.#reports.length }),
    };
  }
}

/** Steps whose losses are in these reports. */
function stepsOf(reports: readonly StepReport[]): number {
  return reports.reduce((sum, { lossSteps = 1 }) => sum + lossSteps, 0);
}

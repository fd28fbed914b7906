/**
 * The figures of the progress line: means over the last steps, because those of one step jump.
 *
 * @module
 */
import type { ProgressState } from "./progress.ts";
import type { StepReport } from "./trainer.ts";

/** What a progress line shows after these steps, the last one last. */
export function smoothed(recent: readonly StepReport[], totalSteps: number): ProgressState {
  const sum = (of: (report: StepReport) => number): number =>
    recent.reduce((total, one) => total + of(one), 0);
  const { step, accuracy } = recent.at(-1)!;
  const milliseconds = sum((one) => one.milliseconds);
  return {
    step,
    loss: sum((one) => one.loss) / recent.length,
    ...(accuracy !== null && { accuracy: sum((one) => one.accuracy ?? 0) / recent.length }),
    tokensPerSecond: sum((one) => one.tokens) / milliseconds * 1_000,
    secondsLeft: (totalSteps - step) * milliseconds / recent.length / 1_000,
    pluginShare: sum((one) => one.headMilliseconds) / milliseconds,
  };
}

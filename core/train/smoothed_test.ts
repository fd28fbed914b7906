import { assertAlmostEquals, assertEquals } from "../deps/assert.ts";
import { RecentSteps } from "./smoothed.ts";
import type { StepReport } from "./trainer.ts";

/** Its time and loss follow from its number. */
function stepOf(step: number, report: Partial<StepReport> = {}): StepReport {
  return {
    ...{ step, loss: step, accuracy: step / 100, learningRate: 0.1, gradientNorm: 1 },
    ...{ tokens: 10, milliseconds: 100 + step, headMilliseconds: 1 },
    ...report,
  };
}

/** A progress line after so many steps, of which every `every`-th reports the mean since the one before. */
function after(steps: number, every: number): ReturnType<RecentSteps["progress"]> {
  const recent = new RecentSteps();
  for (let step = 1; step <= steps; step++) {
    const isReported = step % every === 0;
    const lossSteps = every === 1 ? {} : { lossSteps: every };
    recent.add(
      stepOf(
        step,
        isReported ? { loss: step - (every - 1) / 2, ...lossSteps } : { loss: null, accuracy: null },
      ),
    );
  }
  return recent.progress(1_000);
}

Deno.test("RecentSteps shows the mean of the last 20 steps", () => {
  const { step, loss, accuracy, secondsLeft } = after(50, 1);

  assertEquals([step, loss], [50, 40.5]); // 31 to 50
  assertAlmostEquals(accuracy!, 0.405);
  assertAlmostEquals(secondsLeft!, 950 * 0.1405);
});

Deno.test("RecentSteps shows the mean of the last reports, as many as make 20 steps and at least one", () => {
  const figures = ([[7, 5], [50, 5], [53, 5], [64, 6], [149, 50], [3, 5]] as const).map(([steps, every]) =>
    after(steps, every).loss
  );

  // 1 to 5; 31 to 50; the same a little later; 37 to 60, which are 24; 51 to 100; none yet.
  assertEquals(figures, [3, 40.5, 40.5, 48.5, 75.5, undefined]);
});

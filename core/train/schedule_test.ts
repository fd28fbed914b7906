import { assert, assertAlmostEquals, assertEquals, assertLessOrEqual } from "../deps/assert.ts";
import { learningRateAt, type ScheduleOptions } from "./schedule.ts";

Deno.test("learningRateAt() is what the formula says", async (t) => {
  // [options, rates of the steps 1, 2, …], worked out by hand.
  const cases: [string, ScheduleOptions, number[]][] = [
    ["up and down", options(8, 0.25), [1 / 2, 1, 6 / 7, 5 / 7, 4 / 7, 3 / 7, 2 / 7, 1 / 7]],
    ["no warm-up", options(4, 0), [4 / 5, 3 / 5, 2 / 5, 1 / 5]],
    ["nothing but warm-up", options(4, 1), [1 / 4, 2 / 4, 3 / 4, 1]],
    ["one step", options(1, 0.1), [1 / 2]],
    ["a warm-up that is rounded up", options(5, 0.3), [1 / 2, 1, 3 / 4, 2 / 4, 1 / 4]],
    ["another peak", options(4, 0.25, 1e-3), [1e-3, 3e-3 / 4, 2e-3 / 4, 1e-3 / 4]],
  ];
  for (const [name, schedule, rates] of cases) {
    await t.step(name, () => {
      const found = ratesOf(schedule);

      assertEquals(found.length, rates.length);
      // Products and quotients of doubles: a few units in the last place.
      found.forEach((rate, index) => assertAlmostEquals(rate, rates[index]!, 1e-15));
    });
  }
});

Deno.test("learningRateAt() rises to its peak, then falls, and no step is wasted", async (t) => {
  for (const totalSteps of [2, 3, 10, 441]) {
    for (const warmupShare of [0, 0.06, 0.1, 0.5, 1]) {
      await t.step(`${totalSteps} steps, ${warmupShare} of them warm-up`, () => {
        const rates = ratesOf(options(totalSteps, warmupShare, 0.01));

        const warmup = Math.round(totalSteps * warmupShare);
        assert(rates.every((rate) => rate > 0 && rate <= 0.01));
        if (warmup > 0) assertEquals(rates[warmup - 1], 0.01);
        for (let step = 2; step <= totalSteps; step++) {
          const change = rates[step - 1]! - rates[step - 2]!;
          assert(step <= warmup ? change > 0 : change < 0, `step ${step} changes by ${change}`);
        }
        // The sums of 1/w, 2/w, …, 1 and of the fall from n - w over n - w + 1 to 1 over it.
        const rising = warmup === 0 ? 0 : (warmup + 1) / 2;
        assertAlmostEquals(sum(rates), 0.01 * (rising + (totalSteps - warmup) / 2), 1e-12);
      });
    }
  }
});

Deno.test("learningRateAt() stays at zero after the end", () => {
  for (const step of [5, 6, 100]) assertLessOrEqual(learningRateAt(step, options(4, 0.5)), 0);
});

function options(totalSteps: number, warmupShare: number, learningRate = 1): ScheduleOptions {
  return { learningRate, totalSteps, warmupShare };
}

function ratesOf(schedule: ScheduleOptions): number[] {
  return Array.from({ length: schedule.totalSteps }, (_, index) => learningRateAt(index + 1, schedule));
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}

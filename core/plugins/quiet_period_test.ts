import { assertEquals } from "../deps/assert.ts";
import { fakeTime } from "../../core/deps/fake_timers.ts";
import { fc } from "../../tests/deps/fast_check.ts";
import { QuietPeriod } from "./quiet_period.ts";

Deno.test("QuietPeriod calls once, when nothing has happened for quietMs", async () => {
  using clock = fakeTime();
  const calls: number[] = [];
  using quiet = new QuietPeriod(() => void calls.push(clock.now), { quietMs: 50 });

  quiet.touch();
  await clock.tickAsync(49);
  quiet.touch();
  await clock.tickAsync(49);
  assertEquals(calls, []);
  await clock.tickAsync(10_000);

  assertEquals(calls, [99]);
});

Deno.test("QuietPeriod calls nobody when nothing happens", async () => {
  using clock = fakeTime();
  let calls = 0;
  using _quiet = new QuietPeriod(() => void calls++);

  await clock.tickAsync(10_000);

  assertEquals([calls, clock.countTimers()], [0, 0]);
});

Deno.test("QuietPeriod calls maxMs after the first event when there is no pause, and counts anew", async () => {
  using clock = fakeTime();
  const calls: number[] = [];
  using quiet = new QuietPeriod(() => void calls.push(clock.now), { quietMs: 50, maxMs: 300 });

  for (let event = 0; event <= 50; event++) { // at 0, 10, ..., 500
    quiet.touch();
    await clock.tickAsync(10);
  }
  await clock.tickAsync(10_000);

  assertEquals(calls, [300, 550]);
});

Deno.test("QuietPeriod that may wait for less than quietMs in all does so", async () => {
  using clock = fakeTime();
  const calls: number[] = [];
  using quiet = new QuietPeriod(() => void calls.push(clock.now), { quietMs: 50, maxMs: 20 });

  quiet.touch();
  await clock.tickAsync(100);

  assertEquals(calls, [20]);
});

Deno.test("QuietPeriod calls once more after a call during which something happened, not beside it", async () => {
  using clock = fakeTime();
  const said: string[] = [];
  using quiet = new QuietPeriod(async () => {
    said.push(`begin ${clock.now}`);
    await new Promise((resolve) => setTimeout(resolve, 500));
    said.push(`end ${clock.now}`);
  }, { quietMs: 50 });

  quiet.touch();
  await clock.tickAsync(100);
  quiet.touch();
  await clock.tickAsync(100);
  quiet.touch();
  await clock.tickAsync(10_000);

  assertEquals(said, ["begin 50", "end 550", "begin 550", "end 1050"]);
});

Deno.test("QuietPeriod waits for quiet also when the event came right before the end of a call", async () => {
  using clock = fakeTime();
  const begins: number[] = [];
  using quiet = new QuietPeriod(async () => {
    begins.push(clock.now);
    await new Promise((resolve) => setTimeout(resolve, 500));
  }, { quietMs: 50 });

  quiet.touch();
  await clock.tickAsync(100);
  quiet.touch(); // quiet at 150, while the call runs until 550
  await clock.tickAsync(440);
  quiet.touch(); // at 540
  await clock.tickAsync(10_000);

  assertEquals(begins, [50, 590]);
});

Deno.test("QuietPeriod calls nobody after it was disposed of, and has no timer then", async () => {
  using clock = fakeTime();
  let calls = 0;
  const quiet = new QuietPeriod(() => void calls++);

  quiet.touch();
  quiet[Symbol.dispose]();
  quiet[Symbol.dispose]();
  quiet.touch();
  assertEquals(clock.countTimers(), 0);
  await clock.tickAsync(10_000);

  assertEquals(calls, 0);
});

Deno.test("QuietPeriod that is disposed of during a call does not call again", async () => {
  using clock = fakeTime();
  let calls = 0;
  using quiet = new QuietPeriod(async () => {
    calls++;
    await new Promise((resolve) => setTimeout(resolve, 500));
  });

  quiet.touch();
  await clock.tickAsync(100);
  quiet.touch();
  await clock.tickAsync(100);
  quiet[Symbol.dispose]();
  await clock.tickAsync(10_000);

  assertEquals(calls, 1);
});

Deno.test("QuietPeriod calls after the last event and within its bounds, whatever the times", async () => {
  const gaps = fc.array(fc.integer({ min: 0, max: 200 }), { minLength: 1, maxLength: 30 });
  const durations = fc.integer({ min: 0, max: 300 });
  await fc.assert(
    fc.asyncProperty(gaps, durations, async (gapsMs, durationMs) => {
      using clock = fakeTime();
      const begins: number[] = [];
      let running = 0;
      using quiet = new QuietPeriod(async () => {
        assertEquals(++running, 1);
        begins.push(clock.now);
        await new Promise((resolve) => setTimeout(resolve, durationMs));
        running--;
      }, { quietMs: 50, maxMs: 200 });

      const touches: number[] = [];
      for (const gapMs of gapsMs) {
        await clock.tickAsync(gapMs);
        touches.push(clock.now);
        quiet.touch();
      }
      await clock.tickAsync(10_000);

      for (const touch of touches) {
        const next = begins.find((begin) => begin >= touch) ?? Infinity;
        assertEquals(next <= touch + 200 + durationMs, true, `touch at ${touch}, calls at ${begins}`);
      }
      assertEquals(begins.at(-1)! - touches.at(-1)! >= 0, true);
      assertEquals(begins.length <= touches.length, true);
      assertEquals(clock.countTimers(), 0);
    }),
    { seed: 1, numRuns: 100 },
  );
});

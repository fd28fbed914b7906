import { assertEquals, assertRejects } from "../deps/assert.ts";
import type { Plugin } from "../plugins/plugin.ts";
import { timeCalls, timingLines } from "./call_timings.ts";
import type { SampleCall } from "./sample_calls.ts";

const PLUGIN = {} as Plugin;

/** A call that writes its name down, and fails if it is told to. */
function callOf(name: string, made: string[], fails?: (count: number) => boolean): SampleCall {
  let count = 0;
  return {
    ...{ name, repeats: true, appliesTo: () => name !== "missing" },
    run: () => {
      made.push(name);
      return fails?.(++count) ? Promise.reject(new Error(`${name} is broken`)) : Promise.resolve();
    },
  };
}

Deno.test("timeCalls() makes all calls in their order, round by round, and counts those after the warm-up", async () => {
  const made: string[] = [];
  const calls = [callOf("begin", made), callOf("missing", made), callOf("end", made)];

  const timings = await timeCalls(PLUGIN, calls, { warmUp: 1, rounds: 2, budgetMs: Infinity });

  assertEquals(made, ["begin", "end", "begin", "end", "begin", "end"]);
  assertEquals(timings.map(({ name, samples }) => [name, samples]), [["begin", 2], ["end", 2]]);
});

Deno.test("timeCalls() makes a call that failed no more, and says why, beside the others", async () => {
  const made: string[] = [];
  const calls = [callOf("flaky", made, (count) => count === 3), callOf("fine", made)];

  const [flaky, fine] = await timeCalls(PLUGIN, calls, { warmUp: 1, rounds: 4, budgetMs: Infinity });

  assertEquals([flaky?.samples, flaky?.error], [1, "flaky is broken"]);
  assertEquals([fine?.samples, fine?.error], [4, undefined]);
  assertEquals(made.filter((name) => name === "flaky").length, 3);
});

Deno.test("timeCalls() ends with the signal's reason", async () => {
  const controller = new AbortController();
  const calls = [callOf("one", []), {
    ...callOf("two", []),
    run: (): Promise<void> => (controller.abort(new Error("enough")), Promise.reject(new Error("aborted"))),
  }];

  await assertRejects(() => timeCalls(PLUGIN, calls, { signal: controller.signal }), Error, "enough");
});

Deno.test("timingLines() shows an error in the place of times, and the change where there was a version before", () => {
  const timing = (name: string, medianMs?: number, error?: string) => ({
    name,
    samples: 40,
    medianMs,
    p95Ms: medianMs,
    error,
  });

  assertEquals(timingLines([timing("a", 1), timing("longer", 200)]), [
    "call      median      p95   of",
    "a        1.00 ms  1.00 ms   40",
    "longer    200 ms   200 ms   40",
  ]);
  assertEquals(
    timingLines([timing("a", 0.5), timing("b", undefined, "no"), timing("c", 1)], [timing("a", 1)]),
    [
      "call    median      p95   of   before",
      "a      0.50 ms  0.50 ms   40    -50 %",
      "b     no",
      "c      1.00 ms  1.00 ms   40",
    ],
  );
});

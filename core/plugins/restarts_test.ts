import { assert, assertEquals } from "../deps/assert.ts";
import { fc } from "../../tests/deps/fast_check.ts";
import { CrashBreaker, RESTART_DEFAULTS, type Verdict } from "./restarts.ts";

Deno.test("CrashBreaker doubles the wait with every crash of the window, up to the longest", () => {
  const breaker = new CrashBreaker({ maxRestarts: 6, withinMs: 60_000, baseDelayMs: 100, maxDelayMs: 1_000 });

  const delays = Array.from({ length: 6 }, (_, second) => {
    const verdict = breaker.crashed(second * 1_000);
    return verdict.restart ? verdict.delayMs : undefined;
  });

  assertEquals(delays, [100, 200, 400, 800, 1_000, 1_000]);
  assertEquals(breaker.crashed(6_000), { restart: false, restarts: 6 });
});

Deno.test("CrashBreaker forgets a restart when the window has passed it, and begins with the shortest wait", () => {
  const breaker = new CrashBreaker({ ...RESTART_DEFAULTS, maxRestarts: 2, withinMs: 1_000 });
  breaker.crashed(0);
  breaker.crashed(999);

  assertEquals(breaker.crashed(999), { restart: false, restarts: 2 });
  assertEquals(breaker.crashed(1_000), { restart: true, delayMs: 200, restarts: 2 });
  assertEquals(breaker.crashed(9_000), { restart: true, delayMs: 100, restarts: 1 });
});

Deno.test("CrashBreaker that allows none gives up at once", () => {
  const breaker = new CrashBreaker({ ...RESTART_DEFAULTS, maxRestarts: 0 });

  assertEquals(breaker.crashed(0), { restart: false, restarts: 0 });
});

Deno.test("CrashBreaker never allows more restarts than it should within any window", () => {
  const gaps = fc.array(fc.integer({ min: 0, max: 500 }), { maxLength: 60 });
  const property = fc.property(gaps, fc.integer({ min: 0, max: 5 }), (gaps, maxRestarts) => {
    const policy = { maxRestarts, withinMs: 1_000, baseDelayMs: 10, maxDelayMs: 100 };
    const breaker = new CrashBreaker(policy);
    let now = 0;
    const restarts: number[] = [];

    for (const gap of gaps) {
      now += gap;
      const verdict: Verdict = breaker.crashed(now);
      if (!verdict.restart) continue;
      restarts.push(now);
      assert(verdict.delayMs >= 10 && verdict.delayMs <= 100);
    }

    for (const start of restarts) {
      const within = restarts.filter((time) => time >= start && time - start < policy.withinMs);
      assert(within.length <= maxRestarts);
    }
  });

  fc.assert(property, { seed: 1, numRuns: 300 });
});

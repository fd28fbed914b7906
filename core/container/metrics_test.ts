import { assert, assertEquals } from "../deps/assert.ts";
import { fakeTime } from "../../core/deps/fake_timers.ts";
import { MetricsCollector } from "./metrics.ts";
import type { EventSink } from "./sink.ts";

/** A sink that remembers, and a collector on it with a clock of its own. */
function collectorWithTest(): {
  metrics: MetricsCollector;
  posted: [string, unknown][];
  clock: { nowMs: number };
} {
  const posted: [string, unknown][] = [];
  const clock = { nowMs: 1_000 };
  const sink: EventSink = { post: (topic, payload) => void posted.push([topic, payload]) };
  return { metrics: new MetricsCollector(sink, { now: () => clock.nowMs }), posted, clock };
}

Deno.test("MetricsCollector.timer() records once, when it is disposed of", () => {
  const { metrics, posted, clock } = collectorWithTest();

  const timer = metrics.timer("forward");
  clock.nowMs += 25;
  const running = timer.elapsedMs;
  timer[Symbol.dispose]();
  clock.nowMs += 100;
  timer[Symbol.dispose]();

  assertEquals([running, timer.elapsedMs], [25, 25]);
  assertEquals(posted, [["metrics.recorded", { name: "forward", kind: "timer", value: 25, unit: "ms" }]]);
});

Deno.test("MetricsCollector.timer() records also when what it times fails", () => {
  const { metrics, posted, clock } = collectorWithTest();

  try {
    using _ = metrics.timer("forward");
    clock.nowMs += 5;
    throw new Error("The forward pass fails");
  } catch {
    // Only the timer is of interest.
  }

  assertEquals(posted.length, 1);
});

Deno.test("MetricsCollector.timer() measures with the clock of the system, over awaits", async () => {
  using clock = fakeTime();
  const posted: unknown[] = [];
  const metrics = new MetricsCollector({ post: (_topic, payload) => posted.push(payload) });
  const work = async (): Promise<void> => {
    using _ = metrics.timer("extraction");
    await new Promise((resolve) => setTimeout(resolve, 40));
  };

  const done = work();
  await clock.tickAsync(40);
  await done;

  assertEquals(posted, [{ name: "extraction", kind: "timer", value: 40, unit: "ms" }]);
});

Deno.test("MetricsCollector.timer() never records less than nothing", () => {
  const { metrics, clock } = collectorWithTest();
  const timer = metrics.timer("forward");

  clock.nowMs -= 50;

  assertEquals(timer.elapsedMs, 0);
});

Deno.test("MetricsCollector.count() and gauge() record what they are told", () => {
  const { metrics, posted } = collectorWithTest();

  metrics.count("samples");
  metrics.count("samples", 31);
  metrics.gauge("memory", 512, "MiB");
  metrics.gauge("queue", 0);

  assertEquals(posted.map(([, record]) => record), [
    { name: "samples", kind: "counter", value: 1, unit: "" },
    { name: "samples", kind: "counter", value: 31, unit: "" },
    { name: "memory", kind: "gauge", value: 512, unit: "MiB" },
    { name: "queue", kind: "gauge", value: 0, unit: "" },
  ]);
});

Deno.test("MetricsCollector drops what is not finite, and tells it once for each name", () => {
  const { metrics, posted } = collectorWithTest();

  for (const value of [NaN, Infinity, "3" as unknown as number]) metrics.gauge("loss", value);
  for (let name = 0; name < 1_000; name++) metrics.count(`odd${name}`, -Infinity);

  const warning = "The gauge loss is not recorded while it is not a finite number: it is NaN";
  assertEquals(posted[0], ["log.warning", {
    message: warning,
    fields: { name: "loss", kind: "gauge", value: "NaN" },
  }]);
  assertEquals(posted.length, 100);
  assert(posted.every(([topic]) => topic === "log.warning"));
});

Deno.test("MetricsCollector makes names and units bounded and printable, and never throws", () => {
  const { metrics, posted } = collectorWithTest();
  const silent = new MetricsCollector({
    post: () => {
      throw new Error("The bus is gone");
    },
  });

  metrics.gauge("\u001b".repeat(10_000), 1, "\u0007".repeat(10_000));
  metrics.count(Object.create(null) as unknown as string);
  silent.count("samples");

  const { name, unit } = posted[0]![1] as { name: string; unit: string };
  assertEquals([name.length, unit.length, posted.length], [128, 32, 2]);
  assert(!name.includes("\u001b") && !unit.includes("\u0007"));
});

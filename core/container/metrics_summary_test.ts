import { assert, assertEquals } from "../deps/assert.ts";
import { fc } from "../../tests/deps/fast_check.ts";
import type { MetricRecord } from "./metrics.ts";
import { MetricsSummary } from "./metrics_summary.ts";

function gauge(value: number, name = "loss"): MetricRecord {
  return { name, kind: "gauge", value, unit: "nats" };
}

Deno.test("MetricsSummary keeps sources, kinds and names apart", () => {
  const summary = new MetricsSummary();

  summary.add("a", gauge(1));
  summary.add("b", gauge(2));
  summary.add("a", { ...gauge(3), kind: "counter" });
  summary.add("a", gauge(4, "rate"));

  const totals = summary.snapshot().map(({ source, metrics }) => [source, metrics.map(({ total }) => total)]);
  assertEquals(totals, [["a", [1, 3, 4]], ["b", [2]]]);
});

Deno.test("MetricsSummary comes to what the values come to", () => {
  const property = fc.property(fc.array(fc.integer(), { minLength: 1 }), (values) => {
    const summary = new MetricsSummary();

    for (const value of values) summary.add("a", gauge(value));

    const [metric] = summary.snapshot()[0]!.metrics;
    assertEquals(metric, {
      name: "loss",
      kind: "gauge",
      unit: "nats",
      count: values.length,
      total: values.reduce((sum, value) => sum + value, 0),
      min: Math.min(...values),
      max: Math.max(...values),
      last: values.at(-1)!,
    });
  });

  fc.assert(property, { seed: 1, numRuns: 200 });
});

Deno.test("MetricsSummary holds 1,000 names of a source, and counts what it drops", () => {
  const summary = new MetricsSummary();

  for (let step = 0; step < 1_500; step++) summary.add("a", gauge(step, `step ${step}`));
  summary.add("a", gauge(7, "step 0"));
  summary.add("b", gauge(1));

  const [a, b] = summary.snapshot();
  assertEquals([a!.metrics.length, a!.dropped, a!.metrics[0]!.last], [1_000, 500, 7]);
  assertEquals([b!.metrics.length, b!.dropped], [1, 0]);
});

Deno.test("MetricsSummary counts what is no record as dropped", () => {
  const summary = new MetricsSummary();
  const odd: unknown[] = [
    null,
    5,
    {},
    { ...gauge(1), value: NaN },
    { ...gauge(1), value: "1" },
    { ...gauge(1), kind: "total" },
    { ...gauge(1), name: 5 },
    { ...gauge(1), unit: 5 },
    {
      get name(): never {
        throw new Error("no");
      },
    },
  ];

  for (const record of odd) summary.add("__proto__", record);

  assertEquals(summary.snapshot(), [{ source: "__proto__", metrics: [], dropped: odd.length }]);
});

Deno.test("MetricsSummary.snapshot() is a copy that JSON can write, also of huge numbers and names", () => {
  const summary = new MetricsSummary();
  for (let times = 0; times < 3; times++) summary.add("a", gauge(Number.MAX_VALUE, "\u001b".repeat(10_000)));

  const snapshot = summary.snapshot();
  summary.add("a", gauge(1, "later"));

  assertEquals(JSON.parse(JSON.stringify(snapshot)), snapshot);
  const [metric] = snapshot[0]!.metrics;
  assertEquals([metric!.total, metric!.name.length, snapshot[0]!.metrics.length], [Number.MAX_VALUE, 128, 1]);
  assert(!metric!.name.includes("\u001b"));
});

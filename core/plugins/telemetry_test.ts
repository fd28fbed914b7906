import { assert, assertEquals } from "../deps/assert.ts";
import { fc } from "../../tests/deps/fast_check.ts";
import { Logger } from "../container/logger.ts";
import { MetricsCollector } from "../container/metrics.ts";
import type { WireValue } from "../wall/values.ts";
import { parseTelemetry } from "./telemetry.ts";

Deno.test("parseTelemetry() takes all that the SDK's Logger and MetricsCollector post, as it is", () => {
  const posted: [string, WireValue][] = [];
  const sink = {
    post: (topic: string, payload: unknown): void => void posted.push([topic, payload as WireValue]),
  };
  const logger = new Logger(sink, { level: "debug" });
  logger.debug("Begun", { step: 1, rate: NaN, tags: ["a", null], nested: { deep: true } });
  logger.error("Broken", {});
  const metrics = new MetricsCollector(sink);
  metrics.count("texts", 3);
  metrics.gauge("memory", 12.5, "MB");
  metrics.timer("call")[Symbol.dispose]();

  assertEquals(posted.length, 5);
  for (const [topic, payload] of posted) assertEquals(parseTelemetry(topic, payload), payload);
});

Deno.test("parseTelemetry() makes texts printable and cuts them", () => {
  const record = parseTelemetry("log.info", {
    message: `\u001b[2J${"x".repeat(9_000)}`,
    fields: { ["k\u0007"]: "v\u0007".repeat(1_000), list: ["\u0007"] },
  }) as { message: string; fields: Record<string, unknown> };

  assert(record.message.startsWith("\\u001b[2J") && record.message.length <= 8_192);
  const [[name, value]] = Object.entries(record.fields) as [[string, string]];
  assertEquals([name, value.startsWith("v\\u0007v"), value.length <= 1_000], ["k\\u0007", true, true]);
  assertEquals(record.fields["list"], ["\\u0007"]);
});

Deno.test("parseTelemetry() refuses what has another form", () => {
  const wrong: [string, WireValue][] = [
    ["log.info", "a text"],
    ["log.info", { message: "no fields" }],
    ["log.info", { message: 5, fields: {} }],
    ["log.info", { message: "", fields: { bytes: Uint8Array.of(1) } }],
    ["log.info", {
      message: "",
      fields: Object.fromEntries(Array.from({ length: 101 }, (_, index) => [`f${index}`, 1])),
    }],
    ["metrics.recorded", { name: "a", kind: "counter", value: NaN, unit: "" }],
    ["metrics.recorded", { name: "a", kind: "histogram", value: 1, unit: "" }],
    ["metrics.recorded", { name: "a", kind: "counter", value: "1", unit: "" }],
    ["metrics.recorded", { message: "", fields: {} }],
  ];
  for (const [topic, payload] of wrong) {
    assertEquals(parseTelemetry(topic, payload), undefined, JSON.stringify(payload));
  }
});

Deno.test("parseTelemetry() never throws, and answers nothing that it was not given", () => {
  const property = fc.property(
    fc.constantFrom("log.info", "metrics.recorded"),
    fc.jsonValue(),
    (topic, payload) => {
      const parsed = parseTelemetry(topic, payload as WireValue);
      if (parsed !== undefined) assert(Object.keys(parsed as object).length <= 4);
    },
  );

  fc.assert(property, { seed: 1, numRuns: 300 });
});

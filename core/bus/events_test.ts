import { assert, assertEquals } from "../deps/assert.ts";
import { HOST_TOPICS, isTelemetry } from "./events.ts";
import { isTopic } from "./topics.ts";

Deno.test("HOST_TOPICS are topics, and none of them is telemetry", () => {
  for (const topic of HOST_TOPICS) assert(isTopic(topic) && !isTelemetry(topic), topic);
});

Deno.test("HOST_TOPICS leave plugins the events of their own work", () => {
  for (const topic of ["plugin.processing_failed", "head.forward_start", "callback.warning", "log.info"]) {
    assertEquals(HOST_TOPICS.has(topic), false);
  }
});

Deno.test("isTelemetry() is about logs and metrics, not about what is called alike", () => {
  const topics = [
    "log.debug",
    "log.error",
    "log.custom",
    "metrics.recorded",
    "log",
    "log.a.b",
    "log.",
    "logs.x",
  ];

  assertEquals(topics.filter(isTelemetry), ["log.debug", "log.error", "log.custom", "metrics.recorded"]);
});

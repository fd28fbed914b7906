import { assertEquals, assertRejects } from "@std/assert";
import { EventBus, PluginConfig } from "k-bert/sdk";
import { EventAwarePlugin } from "./event_aware.ts";

Deno.test("EventAwarePlugin.processData() standardizes, and tells when it begins and is done", async () => {
  using bus = new EventBus();
  const plugin = new EventAwarePlugin(PluginConfig({ name: "event_aware" }), bus);

  // The mean is 4 and the variance (9 + 1 + 1 + 9) / 4 = 5.
  const result = await plugin.processData([1, 3, 5, 7]);

  assertEquals(result, [-3, -1, 1, 3].map((value) => value / Math.sqrt(5)));
  assertEquals(bus.history("plugin.*").map(({ topic, payload }) => [topic, payload]), [
    ["plugin.processing_started", { plugin: "event_aware", data_size: 4 }],
    ["plugin.processing_completed", { plugin: "event_aware", result_size: 4 }],
  ]);
});

Deno.test("EventAwarePlugin.processData() tells that it failed, and throws all the same", async () => {
  using bus = new EventBus();
  const plugin = new EventAwarePlugin(PluginConfig({ name: "event_aware" }), bus);

  await assertRejects(() => plugin.processData([2, 2]), RangeError, "2 numbers have the variance 0");
  await assertRejects(() => plugin.processData([]), RangeError, "0 numbers have the variance NaN");

  assertEquals(bus.history("plugin.processing_failed").map(({ payload }) => payload.error), [
    "RangeError: 2 numbers have the variance 0",
    "RangeError: 0 numbers have the variance NaN",
  ]);
});

import { assertEquals, assertRejects, assertThrows } from "@std/assert";
import { EventBus, PluginConfig } from "k-bert/sdk";
import { ResourceManagedPlugin } from "./resource_managed.ts";

function makePlugin(words: readonly string[]): { plugin: ResourceManagedPlugin; bus: EventBus } {
  const bus = new EventBus();
  return { bus, plugin: new ResourceManagedPlugin(PluginConfig({ name: "resource_managed", words }), bus) };
}

Deno.test("ResourceManagedPlugin releases its resources, the last one first", async () => {
  const { plugin, bus } = makePlugin(["win", "prize"]);
  await plugin.initialize();

  assertEquals([plugin.processData("win a prize"), plugin.processData("win a prize")], [2, 2]);
  await plugin.releaseResources();
  await plugin.releaseResources();

  assertEquals(bus.history("log.info").map(({ payload }) => payload.message), [
    "Closed the model",
    "Cleared the cache",
  ]);
});

Deno.test("ResourceManagedPlugin has only what was acquired to release when it cannot be initialized", async () => {
  const { plugin, bus } = makePlugin([]);

  await assertRejects(() => plugin.initialize(), RangeError, "A model without words is of no use");
  await plugin.releaseResources(); // which the runtime does

  assertEquals(bus.history("log.info").map(({ payload }) => payload.message), ["Cleared the cache"]);
});

Deno.test("ResourceManagedPlugin.processData() refuses before it is initialized", () => {
  const { plugin } = makePlugin(["win"]);

  assertThrows(() => plugin.processData("win"), Error, "The plugin is not initialized");
});

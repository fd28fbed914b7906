import { assertEquals } from "@std/assert";
import { EventBus, PluginConfig } from "k-bert/sdk";
import { RobustPlugin } from "./robust.ts";

async function process(data: readonly number[]): Promise<{ result: number; log: string[] }> {
  using bus = new EventBus();
  const plugin = new RobustPlugin(PluginConfig({ name: "robust", default_result: -1 }), bus);
  const result = await plugin.processData(data);
  return { result, log: bus.history("log.*").map(({ topic, payload }) => `${topic}: ${payload.message}`) };
}

Deno.test("RobustPlugin.processData() answers by the best way, and then says nothing", async () => {
  assertEquals(await process([2, 1_000, 3, 4, -1_000]), { result: 3, log: [] });
});

Deno.test("RobustPlugin.processData() degrades when the best way fails, and says so", async () => {
  assertEquals(await process([2, 4]), { result: 3, log: ["log.warning: An algorithm failed"] });
});

Deno.test("RobustPlugin.processData() answers its default when no way works", async () => {
  assertEquals(await process([]), {
    result: -1,
    log: [
      "log.warning: An algorithm failed",
      "log.warning: An algorithm failed",
      "log.error: All algorithms failed",
    ],
  });
});

import { assertEquals, assertRejects } from "@std/assert";
import { EventBus, PluginConfig, PluginError } from "k-bert/sdk";
import { RetryablePlugin } from "./retryable.ts";

const CONTEXT = { signal: new AbortController().signal };

/** A plugin whose glossary fails with these codes, one for each time, before it answers. */
function makePlugin(codes: readonly string[]): { plugin: RetryablePlugin; asked: string[] } {
  const asked: string[] = [];
  const lookUp = (word: string): Promise<string> => {
    const code = codes[asked.push(word) - 1];
    if (code === undefined) return Promise.resolve(`${word}: a word`);
    return Promise.reject(new PluginError({ name: "Error", message: code, code }));
  };
  const config = PluginConfig({ name: "retryable", max_retries: 3, wait_ms: 0 });
  return { asked, plugin: new RetryablePlugin(config, new EventBus(), { lookUp }) };
}

Deno.test("RetryablePlugin.processData() tries again while the glossary is busy", async () => {
  const { plugin, asked } = makePlugin(["glossary/busy", "glossary/busy"]);

  assertEquals(await plugin.processData("ham", CONTEXT), "ham: a word");
  assertEquals(asked, ["ham", "ham", "ham"]);
});

Deno.test("RetryablePlugin.processData() ends with the last error when it has tried often enough", async () => {
  const { plugin, asked } = makePlugin(Array(5).fill("glossary/busy"));

  const error = await assertRejects(() => plugin.processData("ham", CONTEXT), PluginError);

  assertEquals([error.code, asked.length], ["glossary/busy", 3]);
});

Deno.test("RetryablePlugin.processData() does not try again what cannot go well", async () => {
  const { plugin, asked } = makePlugin(["glossary/burnt"]);

  await assertRejects(() => plugin.processData("ham", CONTEXT), PluginError, "glossary/burnt");

  assertEquals(asked.length, 1);
});

Deno.test("RetryablePlugin.processData() gives up when its caller does", async () => {
  const { plugin, asked } = makePlugin(["glossary/busy"]);
  const signal = AbortSignal.abort(new Error("never mind"));

  await assertRejects(() => plugin.processData("ham", { signal }), Error, "never mind");

  assertEquals(asked.length < 2, true);
});

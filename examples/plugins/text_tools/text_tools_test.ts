import { assertEquals, assertRejects, assertThrows } from "@std/assert";
import { EventBus, PluginConfig } from "k-bert/sdk";
import { type TextEvents, TextTools } from "./text_tools.ts";

const CONFIG = PluginConfig({ name: "text_tools" });

Deno.test("TextTools.language() knows two languages by their smallest words", () => {
  const tools = new TextTools(CONFIG, new EventBus());

  const languages = ["The end of it", "Der Anfang und die Mitte", "42"].map((text) => tools.language(text));

  assertEquals(languages, ["en", "de", "unknown"]);
  assertThrows(() => tools.language(""), RangeError, "A text has at least one letter");
});

Deno.test("TextTools.words() answers one word after the other, without what is between", async () => {
  const tools = new TextTools(CONFIG, new EventBus());

  assertEquals(await Array.fromAsync(tools.words("Ham, eggs; don't!")), ["Ham", "eggs", "don't"]);
});

Deno.test("TextTools answers questions that are asked by an event, until its resources are released", async () => {
  using bus = new EventBus<TextEvents>();
  const tools = new TextTools(CONFIG, bus);
  tools.initialize();

  await bus.emit("text_tools.question", { text: "the spoon" });
  await tools.releaseResources();
  await bus.emit("text_tools.question", { text: "der Löffel" });

  assertEquals(bus.history("text_tools.language_seen").map(({ payload }) => payload), [
    { text: "the spoon", language: "en" },
  ]);
});

Deno.test("TextTools.listenForever() ends when it is given up", async () => {
  const giveUp = new AbortController();
  const listening = new TextTools(CONFIG, new EventBus()).listenForever({ signal: giveUp.signal });

  giveUp.abort(new Error("enough"));

  await assertRejects(() => listening, Error, "enough");
});

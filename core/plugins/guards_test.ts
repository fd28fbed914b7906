import { assertEquals, assertRejects } from "../deps/assert.ts";
import { activePlugin } from "../../tests/fixtures/fake_plugin.ts";
import { KBertError } from "../wall/errors.ts";
import { poisonOf, type PoisonReason } from "../wall/poison.ts";
import { type ColumnLists, Table } from "../table/table.ts";
import { toWire } from "../table/wire.ts";
import type { WireValue } from "../wall/values.ts";
import { CallAll } from "./call_all.ts";
import { guardTexts } from "./guards.ts";

Deno.test("guardTexts() refuses another number of texts, long, empty and broken ones", () => {
  const long = "x".repeat(8 * 5 + 1_024);
  const cases: [given: string[], answer: string[], reason: PoisonReason | undefined][] = [
    [[], [], undefined],
    [["hello", ""], ["HELLO", "new"], undefined],
    [["hello"], [long], undefined],
    [["hello"], [`${long}x`], "length"],
    [["hello"], [], "count"],
    [["hello"], ["hello", "hello"], "count"],
    [["hello", "a"], ["hello", ""], "length"],
    [["hello"], ["\ud800"], "text"],
    // What was broken before may come back as it is.
    [["\ud800", ""], ["\ud800", ""], undefined],
  ];
  for (const [given, answer, reason] of cases) assertEquals(guardTexts(given, answer)?.reason, reason);
  assertEquals(guardTexts(["hello"], [`${long}x`]), {
    reason: "length",
    problem: "text 1 has 1065 characters, and the limit is 1064; give a shorter one",
    limit: 1_064,
    value: 1_065,
  });
});

Deno.test("PluginCaller.call() refuses a poisoned answer, says why, and tells the bus", async () => {
  await using fake = await activePlugin({ port: "augmenter", methods: { augment: () => ["one"] } });

  const error = await assertRejects(() => fake.plugin.call("augment", [["a", "b"]]), KBertError);

  assertEquals([error.code, poisonOf(error)], ["plugin/answer", "count"]);
  assertEquals(
    error.message,
    "The plugin sample answered augment() wrongly: it gave 1 texts for 2; " +
      "give as many as there are, in the same order",
  );
  assertEquals(error.detail, { plugin: "sample", method: "augment", limit: 2, value: 1 });
  const [, told] = fake.events.find(([topic]) => topic === "plugin.answer_refused") ?? [];
  assertEquals([told?.["method"], told?.["reason"]], ["augment", "count"]);
});

Deno.test("PluginCaller.call() marks an answer of a wrong form as poisoned, and no failed call", async () => {
  let answer = (): WireValue => ({ shouldStop: "yes" });
  await using fake = await activePlugin({ port: "callback", methods: { onTrainBegin: () => answer() } });
  const state = { epoch: 0, step: 0, maxSteps: 1, shouldStop: false };

  const wrong = await assertRejects(() => fake.plugin.call("onTrainBegin", [state]), KBertError);
  answer = () => {
    throw new Error("no soup");
  };
  const failed = await assertRejects(() => fake.plugin.call("onTrainBegin", [state]), KBertError);

  assertEquals([poisonOf(wrong), poisonOf(failed), failed.code], ["form", undefined, "call/failed"]);
});

Deno.test("CallAll.call() treats a poisoned answer as a failure: identity for augmenters, an end for features", async () => {
  await using augmenter = await activePlugin({ port: "augmenter", methods: { augment: () => [""] } });
  const table = (lists: ColumnLists): WireValue => toWire(Table.from(lists)) as unknown as WireValue;
  await using feature = await activePlugin({
    port: "feature",
    methods: { extractFeatures: () => table({ text: ["a"], score: [Infinity] }) },
  });

  const [kept] = await new CallAll().call([augmenter.plugin], "augment", [["a text"]]);
  const error = await assertRejects(
    () => new CallAll().call([feature.plugin], "extractFeatures", [table({ text: ["a"] })]),
    KBertError,
  );

  assertEquals(kept?.outcome === "identity" && kept.value, ["a text"]);
  assertEquals(poisonOf(error), "not-finite");
});

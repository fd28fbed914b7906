import { assert, assertEquals } from "../deps/assert.ts";
import { fakeRunPlugin } from "../../tests/fixtures/run_plugin.ts";
import { KBertError } from "../wall/errors.ts";
import type { WireValue } from "../wall/values.ts";
import { Augmentation } from "./augmentation.ts";
import { FailureCounts } from "./run_plugin.ts";

Deno.test("an evaluation's thousands of texts go to an augmenter in calls that fit a frame, each with its seeds", async () => {
  const given = Array.from({ length: 300 }, (_, index) => ({
    text: `${index}`.padEnd(index === 200 ? 200_000 : 4_000, "x"),
    label: 0,
  }));
  const calls: { texts: string[]; seeds: number[] }[] = [];
  const plugin = fakeRunPlugin("shout", {
    augment: ([texts, options]) => {
      calls.push({ texts: texts as string[], ...options as { seeds: number[] } });
      return (texts as string[]).map((text) => text.toUpperCase()) as WireValue;
    },
  });
  const augmentation = new Augmentation([{ plugin, onFailure: "abort" }], 1, new FailureCounts(), () => {});

  const augmented = await augmentation.augment(
    given,
    [...given.keys()],
    "copy 1",
    new AbortController().signal,
  );

  assertEquals(
    augmented.map((one) => "text" in one && one.text),
    given.map(({ text }) => text.toUpperCase()),
  );
  assert(calls.every(({ texts, seeds }) => texts.length === seeds.length));
  assertEquals(new Set(calls.flatMap(({ seeds }) => seeds)).size, given.length);
  const sizes = calls.map(({ texts }) => texts.reduce((sum, text) => sum + text.length, 0));
  assertEquals(sizes.filter((size) => size > 2 ** 17), [200_000]);
  assertEquals(calls.find(({ texts }) => texts[0]!.startsWith("200"))?.texts.length, 1);
});

Deno.test("a text that is too long for its augmenter stays as it is, and the others are augmented", async () => {
  const failures = new FailureCounts();
  const plugin = fakeRunPlugin("shout", {
    augment: ([texts]) => {
      if ((texts as string[]).some(({ length }) => length > 2 ** 20)) {
        throw new KBertError("wall/frame", "The frame is too large", { plugin: "shout" });
      }
      return (texts as string[]).map((text) => text.toUpperCase()) as WireValue;
    },
  });
  const augmentation = new Augmentation([{ plugin, onFailure: "identity" }], 1, failures, () => {});
  const long = "y".repeat(2 ** 20 + 1);
  const given = ["a", long, "b"].map((text) => ({ text, label: 0 }));

  const augmented = await augmentation.augment(given, [0, 1, 2], "epoch 0", new AbortController().signal);

  assertEquals(augmented.map((one) => "text" in one && one.text), ["A", long, "B"]);
  assertEquals(failures.table, { shout: { "wall/frame": 1 } });
});

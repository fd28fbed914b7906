import { assert, assertEquals } from "../deps/assert.ts";
import { fakeRunPlugin } from "../../tests/fixtures/run_plugin.ts";
import { KBertError } from "../wall/errors.ts";
import type { WireValue } from "../wall/values.ts";
import { Augmentation, type AugmentRound } from "./augmentation.ts";
import { FailureCounts } from "./run_plugin.ts";

function round(part: Partial<AugmentRound> = {}): AugmentRound {
  return { name: "epoch 0", failures: new FailureCounts(), signal: new AbortController().signal, ...part };
}

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
  const augmentation = new Augmentation([{ plugin, onFailure: "abort" }], 1, () => {});

  const augmented = await augmentation.augment(
    given,
    [...given.keys()],
    round(),
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
  const augmentation = new Augmentation([{ plugin, onFailure: "identity" }], 1, () => {});
  const long = "y".repeat(2 ** 20 + 1);
  const given = ["a", long, "b"].map((text) => ({ text, label: 0 }));

  const augmented = await augmentation.augment(given, [0, 1, 2], round({ failures }));

  assertEquals(augmented.map((one) => "text" in one && one.text), ["A", long, "B"]);
  assertEquals(failures.table, { shout: { "wall/frame": 1 } });
});

Deno.test("Augmentation gives a text the same seed whatever batch it is in, and the two of a pair different ones", async () => {
  const seen = new Map<string, Set<number>>();
  const plugin = fakeRunPlugin("watcher", {
    augment: ([texts, options]) => {
      (texts as string[]).forEach((text, index) => {
        const seeds = seen.get(text) ?? new Set();
        seen.set(text, seeds.add((options as { seeds: number[] }).seeds[index]!));
      });
      return texts!;
    },
  });
  const augmentation = new Augmentation([{ plugin, onFailure: "abort" }], 3, () => {});
  const examples = [{ text: "a", lower: "b" }, { text: "c", lower: "d" }];

  const together = await augmentation.augment(examples, [5, 9], round({ name: "epoch 0" }));
  await augmentation.augment([examples[1]!], [9], round({ name: "epoch 0" }));

  assertEquals(together, examples);
  assertEquals([...seen.values()].map(({ size }) => size), [1, 1, 1, 1]);
  assertEquals(new Set([...seen.values()].flatMap((seeds) => [...seeds])).size, 4);
  await augmentation.augment([examples[1]!], [9], round({ name: "epoch 1" }));
  assertEquals(seen.get("c")!.size, 2);
});

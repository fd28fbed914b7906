import { assert, assertEquals, assertLessOrEqual } from "@std/assert";
import { createRuntime } from "k-bert";
import { AugmenterConfig, EventBus } from "k-bert/sdk";
import { SynonymAugmenter } from "./synonym.ts";

const THINGS = ["car", "movie", "doctor", "error", "story", "city", "opinion", "winter"];
const TEXTS = Array.from({ length: 40 }, (_, index) => {
  const thing = THINGS[index % THINGS.length];
  return `${index} 😀 Buy a BIG ${thing}, and help the huge cafe\u0301 quickly!`;
});
const SEEDS = TEXTS.map((_, index) => 1_000 + index);

function makeAugmenter(
  settings: Partial<ConstructorParameters<typeof SynonymAugmenter>[0]> = {},
): SynonymAugmenter {
  const own = { replacement_share: 0.15, stop_words: [] };
  const config = AugmenterConfig({ name: "synonym_augmenter", augmentation_probability: 1, ...own });
  const augmenter = new SynonymAugmenter({ ...config, ...settings }, new EventBus(), 7);
  augmenter.initialize();
  return augmenter;
}

Deno.test("SynonymAugmenter.augment() gives a text by its seed, whatever the order and the size of batches", async () => {
  const augmenter = makeAugmenter({ replacement_share: 0.3 });
  const whole = await augmenter.augment(TEXTS, contextOf(SEEDS));

  const backwards = await augmenter.augment(TEXTS.toReversed(), contextOf(SEEDS.toReversed()));
  const single: string[] = [];
  for (const [index, text] of TEXTS.entries()) {
    single.push(...await augmenter.augment([text], contextOf([SEEDS[index]!])));
  }

  assertEquals(backwards.reverse(), whole);
  assertEquals(single, whole);
  assert(whole.every((text, index) => text !== TEXTS[index]));
});

Deno.test("SynonymAugmenter.augment() never replaces the words that its settings name", async () => {
  const stop_words = ["buy", "Big", "help", "huge", "quickly", ...THINGS];

  assertEquals(await makeAugmenter({ stop_words }).augment(TEXTS, contextOf(SEEDS)), TEXTS);
});

Deno.test("SynonymAugmenter.augment() leaves texts without words that have synonyms as they are", async () => {
  const texts = ["", " ", "the", "😀", "👩🏽‍🚀 e\u0301", "[MASK] of the", "ham \ud83d big"];

  assertEquals(await makeAugmenter().augment(texts, contextOf(texts.map((_, index) => index))), texts);
});

Deno.test("SynonymAugmenter.augment() never grows a text beyond what the host takes", async () => {
  const texts = ["ad", Array(3_000).fill("ad").join(" "), Array(2_000).fill("auto").join(" ")];
  const augmenter = makeAugmenter({ replacement_share: 1, max_augmentations_per_sample: 6 });

  const augmented = await augmenter.augment(texts, contextOf([1, 2, 3]));

  for (const [index, text] of augmented.entries()) {
    assertLessOrEqual(text.length, 8 * texts[index]!.length + 1_024);
    assert(text.length > 0);
  }
});

Deno.test("synonym_augmenter runs through its port, repeatably, and tells what it did", async () => {
  await using runtime = await createRuntime({ spares: 0 });
  const settings = { augmentation_probability: 0.8, replacement_share: 0.3 };
  const plugin = await runtime.plugins.start("plugins/synonym_augmenter", {
    ...{ port: "augmenter", seed: 1, settings },
  });

  const augmented = await plugin.methods().augment(TEXTS, { seeds: SEEDS });
  const again = await plugin.methods().augment(TEXTS.toReversed(), { seeds: SEEDS.toReversed() });

  assertEquals(again.toReversed(), augmented);
  assertEquals(augmented, await makeAugmenter(settings).augment(TEXTS, contextOf(SEEDS)));
  const augmented_count = augmented.filter((text, index) => text !== TEXTS[index]).length;
  const [completed] = runtime.events.history("augmenter.completed");
  assertEquals(completed?.payload, { augmenter: "SynonymAugmenter", output_count: 40, augmented_count });
  assertEquals([plugin.tier, completed?.source], ["worker", "synonym_augmenter"]);
});

function contextOf(seeds: readonly number[]): { seeds: readonly number[]; signal: AbortSignal } {
  return { seeds, signal: new AbortController().signal };
}

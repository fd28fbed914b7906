import { assert, assertEquals, assertLessOrEqual } from "@std/assert";
import { AugmenterConfig, EventBus } from "k-bert/sdk";
import { assertSameBehindTheWall, assertSeeded, contextOf } from "../../tests/fixtures/augmenter.ts";
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
  const whole = await assertSeeded(makeAugmenter({ replacement_share: 0.3 }), TEXTS, SEEDS);

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
  const settings = { augmentation_probability: 0.8, replacement_share: 0.3 };

  await assertSameBehindTheWall("synonym_augmenter", settings, makeAugmenter(settings), TEXTS, SEEDS);
});

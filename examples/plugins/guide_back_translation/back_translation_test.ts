import { assert, assertEquals } from "@std/assert";
import { AugmenterConfig, EventBus } from "k-bert/sdk";
import { BackTranslationAugmenter } from "./back_translation.ts";

const TEXTS = Array.from({ length: 200 }, (_, index) => `text ${index}`);

/** Writes down each way that a text goes. */
const translator = {
  translate: (text: string, from: string, to: string) => Promise.resolve(`${text} ${from}>${to}`),
};

function makeAugmenter(probability: number, seed?: number, bus = new EventBus()): BackTranslationAugmenter {
  const config = AugmenterConfig({
    name: "guide_back_translation",
    augmentation_probability: probability,
    source_language: "en",
    target_language: "fr",
  });
  return new BackTranslationAugmenter(config, bus, seed, translator);
}

Deno.test("BackTranslationAugmenter.augment() translates there and back", async () => {
  assertEquals(await makeAugmenter(1).augment(["ham", "spam"]), ["ham en>fr fr>en", "spam en>fr fr>en"]);
  assertEquals(await makeAugmenter(0).augment(["ham", "spam"]), ["ham", "spam"]);
});

Deno.test("BackTranslationAugmenter.augment() changes the share that it is told, the same for the same seed", async () => {
  const [first, again, other] = await Promise.all(
    [7, 7, 8].map((seed) => makeAugmenter(0.3, seed).augment(TEXTS)),
  );

  const changed = first!.filter((text, index) => text !== TEXTS[index]).length;
  // 60 on average; the deviation of a binomial of 200 is 6.5, so this is five of them.
  assert(Math.abs(changed - 60) < 33, `${changed} were changed`);
  assertEquals(first, again);
  assert(first!.join() !== other!.join());
});

Deno.test("BackTranslationAugmenter.augment() tells how many texts it was given and changed", async () => {
  using bus = new EventBus();

  const augmented = await makeAugmenter(0.5, 1, bus).augment(TEXTS);

  const augmented_count = augmented.filter((text, index) => text !== TEXTS[index]).length;
  const augmenter = "BackTranslationAugmenter";
  assertEquals(bus.history("augmenter.*").map(({ topic, payload }) => [topic, payload]), [
    ["augmenter.started", { augmenter, input_count: 200, probability: 0.5 }],
    ["augmenter.completed", { augmenter, output_count: 200, augmented_count }],
  ]);
});

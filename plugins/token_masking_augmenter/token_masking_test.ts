import { assert, assertEquals, assertLessOrEqual, assertRejects, assertThrows } from "@std/assert";
import { createRuntime } from "k-bert";
import { AugmenterConfig, EventBus } from "k-bert/sdk";
import { assertSameBehindTheWall, assertSeeded, contextOf } from "../../tests/fixtures/augmenter.ts";
import { TokenMaskingAugmenter } from "./token_masking.ts";

const TEXTS = Array.from(
  { length: 40 },
  (_, index) => `Buy ${index} spoons, get one 😀 free: cafe\u0301 soup!`,
);
const SEEDS = TEXTS.map((_, index) => 1_000 + index);

function makeAugmenter(
  settings: Partial<ConstructorParameters<typeof TokenMaskingAugmenter>[0]> = {},
): TokenMaskingAugmenter {
  const own = { mask_token: "[MASK]", mask_share: 0.15, random_share: 0.1, keep_share: 0.1 };
  const config = AugmenterConfig({ name: "token_masking_augmenter", augmentation_probability: 1, ...own });
  return new TokenMaskingAugmenter({ ...config, ...settings }, new EventBus(), 7);
}

Deno.test("TokenMaskingAugmenter.augment() gives a text by its seed, whatever the order and the size of batches", async () => {
  const whole = await assertSeeded(makeAugmenter({ mask_share: 0.4 }), TEXTS, SEEDS);

  assert(whole.filter((text, index) => text !== TEXTS[index]).length > 35);
});

Deno.test("TokenMaskingAugmenter.augment() leaves texts of one word or none, and half characters, as they are", async () => {
  const texts = ["", " ", "ham", " ham!\n", "😀", "ham \ud83d spam"];

  const augmented = await makeAugmenter({ mask_share: 1 }).augment(
    texts,
    contextOf(texts.map((_, i) => i)),
  );

  assertEquals(augmented, texts);
});

Deno.test("TokenMaskingAugmenter.augment() never grows a text beyond what the host takes", async () => {
  const text = Array(2_000).fill("a").join(" ");
  const settings = { mask_token: "<a very long mask, of 32 letters>".slice(0, 32), mask_share: 1 };
  for (const max_augmentations_per_sample of [1, 5]) {
    const augmenter = makeAugmenter({ ...settings, max_augmentations_per_sample });

    const [masked] = await augmenter.augment([text], contextOf([3]));

    assertLessOrEqual(masked!.length, 8 * text.length + 1_024);
    assert(masked!.length > 1.2 * text.length);
  }
});

Deno.test("TokenMaskingAugmenter refuses shares that are more than all words", async () => {
  const settings = { random_share: 0.7, keep_share: 0.4 };
  const message = "Cannot mask with random_share 0.7 and keep_share 0.4: together they are at most 1";
  await using runtime = await createRuntime({ spares: 0, log: () => {} });

  assertThrows(() => makeAugmenter(settings), RangeError, message);
  const starting = runtime.plugins.start("plugins/token_masking_augmenter", { port: "augmenter", settings });
  await assertRejects(() => starting, Error, message);
});

Deno.test("token_masking_augmenter runs through its port, repeatably, and tells what it did", async () => {
  const settings = { augmentation_probability: 0.8, mask_share: 0.3 };

  await assertSameBehindTheWall("token_masking_augmenter", settings, makeAugmenter(settings), TEXTS, SEEDS);
});

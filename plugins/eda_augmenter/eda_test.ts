import { assert, assertEquals, assertLessOrEqual } from "@std/assert";
import { AugmenterConfig, EventBus } from "k-bert/sdk";
import { assertSameBehindTheWall, assertSeeded, contextOf } from "../../tests/fixtures/augmenter.ts";
import { EdaAugmenter } from "./eda.ts";

const TEXTS = Array.from(
  { length: 40 },
  (_, index) => `Buy ${index} spoons, get one 😀 free: cafe\u0301 soup!`,
);
const SEEDS = TEXTS.map((_, index) => 1_000 + index);

function makeAugmenter(
  settings: Partial<ConstructorParameters<typeof EdaAugmenter>[0]> = {},
  bus = new EventBus(),
): EdaAugmenter {
  const own = { operations: ["swap", "delete", "insert"], alpha: 0.1 } as const;
  const config = AugmenterConfig({ name: "eda_augmenter", augmentation_probability: 1, ...own });
  return new EdaAugmenter({ ...config, ...settings }, bus, 7);
}

Deno.test("EdaAugmenter.augment() gives a text by its seed, whatever the order and the size of batches", async () => {
  const whole = await assertSeeded(makeAugmenter({ alpha: 0.3 }), TEXTS, SEEDS);

  assert(whole.filter((text, index) => text !== TEXTS[index]).length > 30);
});

Deno.test("EdaAugmenter.augment() does only what its settings name", async () => {
  const lengths = async (operation: "swap" | "delete" | "insert"): Promise<number[]> => {
    const augmented = await makeAugmenter({ operations: [operation], alpha: 0.4 })
      .augment(TEXTS, contextOf(SEEDS));
    return augmented.map((text, index) => Math.sign(text.length - TEXTS[index]!.length));
  };

  assertEquals(new Set(await lengths("swap")), new Set([0]));
  assertEquals(new Set(await lengths("insert")), new Set([1]));
  assert(!(await lengths("delete")).includes(1));
});

Deno.test("EdaAugmenter.augment() leaves texts of one word or none, and half characters, as they are", async () => {
  const texts = ["", " ", "ham", " ham!\n", "😀", "ham \ud83d spam"];

  assertEquals(await makeAugmenter({ alpha: 1 }).augment(texts, contextOf(texts.map((_, i) => i))), texts);
});

Deno.test("EdaAugmenter.augment() never grows a text beyond what the host takes, and never empties it", async () => {
  const texts = [`a b c ${"x".repeat(3_000)}`, "a b", Array(500).fill("ham").join(" ")];
  const augmenter = makeAugmenter({ alpha: 1, max_augmentations_per_sample: 8 });

  for (let seed = 0; seed < 20; seed++) {
    const augmented = await augmenter.augment(texts, contextOf(texts.map((_, index) => seed + 100 * index)));

    for (const [index, text] of augmented.entries()) {
      assertLessOrEqual(text.length, 8 * texts[index]!.length + 1_024);
      assert(/\p{L}/u.test(text));
    }
  }
});

Deno.test("eda_augmenter runs through its port, repeatably, and tells what it did", async () => {
  const settings = { augmentation_probability: 0.8, alpha: 0.3 };

  await assertSameBehindTheWall("eda_augmenter", settings, makeAugmenter(settings), TEXTS, SEEDS);
});

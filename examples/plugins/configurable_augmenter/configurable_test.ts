import { assertEquals } from "@std/assert";
import { AugmenterConfig, EventBus } from "k-bert/sdk";
import { ConfigurableAugmenter } from "./configurable.ts";

const TEXT = "Buy One Get One Free";

function makeAugmenter(
  strategies: ConstructorParameters<typeof ConfigurableAugmenter>[0]["strategies"],
  seed = 1,
): ConfigurableAugmenter {
  return new ConfigurableAugmenter(
    AugmenterConfig({ name: "configurable", strategies }),
    new EventBus(),
    seed,
  );
}

Deno.test("ConfigurableAugmenter.augment() runs the strategies that it is configured with, in their order", () => {
  const all = { probability: 1, share: 1 };
  assertEquals(makeAugmenter([{ ...all, type: "lowercase" }]).augment([TEXT]), ["buy one get one free"]);
  assertEquals(makeAugmenter([{ ...all, type: "drop_words" }]).augment([TEXT]), [""]);
  // Each word changes places with the one before it, so the first travels to the end.
  assertEquals(makeAugmenter([{ ...all, type: "swap_words" }]).augment([TEXT]), ["One Get One Free Buy"]);
  assertEquals(
    makeAugmenter([{ ...all, type: "swap_words" }, { ...all, type: "lowercase" }]).augment([TEXT]),
    ["one get one free buy"],
  );
});

Deno.test("ConfigurableAugmenter.augment() leaves texts alone with the probability 0", () => {
  const strategies = (["lowercase", "drop_words", "swap_words"] as const)
    .map((type) => ({ type, probability: 0, share: 1 }));

  assertEquals(makeAugmenter(strategies).augment([TEXT, ""]), [TEXT, ""]);
});

Deno.test("ConfigurableAugmenter.augment() gives the same texts for the same seed", () => {
  const strategies = [{ type: "drop_words", probability: 0.9, share: 0.5 }] as const;
  const texts = Array.from({ length: 50 }, () => TEXT);

  const [first, again, other] = [3, 3, 4].map((seed) => makeAugmenter(strategies, seed).augment(texts));

  assertEquals(first, again);
  assertEquals(first!.join() === other!.join(), false);
});

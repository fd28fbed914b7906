import { assertEquals } from "../core/deps/assert.ts";
import type { WireValue } from "../core/wall/values.ts";
import { type AugmentContext, AugmenterPort } from "../plugins/sdk/augmenter.ts";
import { EventBus } from "../plugins/sdk/event_bus.ts";
import { serveAugmenter } from "./augmenter_server.ts";
import type { ServedPlugin } from "./port_server.ts";

/** Puts a number that is random before most texts. */
class Numberer extends AugmenterPort {
  override augment(texts: readonly string[], context?: AugmentContext): Promise<string[]> {
    return this.augmentEach(texts, context, (text, random) => `${random.below(1e9)} ${text}`);
  }
}

function served(seed = 3): ServedPlugin {
  const config = { name: "sample", augmentation_probability: 0.8, max_augmentations_per_sample: 2 };
  return serveAugmenter.serve({ pluginClass: Numberer, config, seed, eventBus: new EventBus() });
}

async function augmented({ methods }: ServedPlugin, texts: string[], seeds?: number[]): Promise<WireValue> {
  const { signal } = new AbortController();
  const args = seeds ? [texts, { seeds }] : [texts];
  return await methods.get("augment")!({ method: "augment", args, stream: false, signal }) as WireValue;
}

Deno.test("serveAugmenter lets another version go on with the random numbers of the one before", async () => {
  const [undisturbed, old, fresh] = [served(), served(), served()];
  for (const augmenter of [undisturbed, old]) await augmented(augmenter, ["one", "two", "three"]);

  const state = structuredClone(await old.memory!.capture());
  assertEquals([state, fresh.memory!.losses(state)], [3, []]);
  await fresh.memory!.restore(state);

  const texts = Array.from({ length: 20 }, (_, index) => `text ${index}`);
  assertEquals(await augmented(fresh, texts), await augmented(undisturbed, texts));
  assertEquals(await fresh.memory!.capture(), 23);
});

Deno.test("serveAugmenter counts no texts that come with their seeds, before a reload or after it", async () => {
  const [old, fresh] = [served(), served()];
  const seeded = await augmented(old, ["one", "two"], [7, 8]);

  await fresh.memory!.restore(await old.memory!.capture());

  assertEquals(await fresh.memory!.capture(), 0);
  assertEquals(await augmented(fresh, ["one", "two"], [7, 8]), seeded);
});

import { assertEquals } from "../../core/deps/assert.ts";
import { Container } from "../../core/container/container.ts";
import { AugmenterPort } from "./augmenter.ts";
import { AugmenterConfig } from "./config.ts";
import { EventBus } from "./event_bus.ts";

class Repeater extends AugmenterPort {
  override augment(texts: readonly string[]): string[] {
    return texts.map((text) => text.repeat(this.config.max_augmentations_per_sample + this.seed));
  }
}

Deno.test("AugmenterPort has the family's config and a seed", () => {
  using bus = new EventBus();
  const config = AugmenterConfig({ name: "repeater", max_augmentations_per_sample: 2 });

  const repeater = new Repeater(config, bus, 1);

  assertEquals([repeater.seed, repeater.config.augmentation_probability], [1, 0.5]);
  assertEquals(repeater.augment(["a", ""]), ["aaa", ""]);
});

Deno.test("AugmenterPort without a seed has 0, and injects its bus", () => {
  using bus = new EventBus();
  const container = new Container().register(EventBus, { value: bus });

  const repeater = container.construct(() => new Repeater(AugmenterConfig({ name: "repeater" })));

  assertEquals([repeater.seed, repeater.eventBus === bus], [0, true]);
});

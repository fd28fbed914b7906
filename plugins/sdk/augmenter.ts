/**
 * The port of an augmenter: texts in, as many texts out, some of them changed.
 *
 * @module
 */
import type { RuntimeEvents } from "../../core/bus/events.ts";
import { inject } from "../../core/container/inject.ts";
import { Random } from "../../core/tensor/random.ts";
import type { AugmenterConfig } from "./config.ts";
import { EventBus } from "./event_bus.ts";
import { type CallContext, PluginPort } from "./plugin_port.ts";

/** What an augmenter is given beside the texts. */
export interface AugmentContext extends CallContext {
  /**
   * One for each text, from the host: the same text with the same seed has to become the same, so that a run can
   * be repeated and resumed, in whichever order its batches are asked for.
   */
  readonly seeds?: readonly number[];
}

/** Changes one text. Whatever is random follows from `random`. */
export type ChangeText = (
  text: string,
  random: Random,
  signal: AbortSignal | undefined,
) => Promise<string> | string;

/**
 * Base class of augmenters. Most need only {@linkcode AugmenterPort.augmentEach}.
 *
 * @example
 * ```ts
 * import { type AugmentContext, AugmenterPort } from "./augmenter.ts";
 * import { AugmenterConfig } from "./config.ts";
 * import { EventBus } from "./event_bus.ts";
 * import { assertEquals } from "../../core/deps/assert.ts";
 *
 * class Shouter extends AugmenterPort {
 *   override augment(texts: readonly string[], context?: AugmentContext): Promise<string[]> {
 *     return this.augmentEach(texts, context, (text) => text.toUpperCase());
 *   }
 * }
 *
 * const shouter = new Shouter(AugmenterConfig({ name: "shouter", augmentation_probability: 1 }), new EventBus());
 * assertEquals(await shouter.augment(["hello", "world"]), ["HELLO", "WORLD"]);
 * ```
 */
export abstract class AugmenterPort<
  Config extends AugmenterConfig = AugmenterConfig,
  Events extends object = RuntimeEvents,
> extends PluginPort<Config, Events> {
  /** Texts that were seen without seeds of their own: where its random numbers are. A reload carries it over. */
  textsSeen = 0;

  /** @param seed what is random in the plugin has to follow from it, so that a run can be repeated */
  constructor(config: Config, eventBus: EventBus<Events> = inject(EventBus), readonly seed = 0) {
    super(config, eventBus);
  }

  /** As many texts as it is given, in the same order. */
  abstract augment(texts: readonly string[], context?: AugmentContext): Promise<string[]> | string[];

  /**
   * Changes a share of the texts, `augmentation_probability`, each up to `max_augmentations_per_sample` times, and
   * emits `augmenter.started` and `augmenter.completed` around it. A change that answers an empty text is none.
   *
   * The random numbers of a text follow from its seed and nothing else. Without seeds they follow from the
   * plugin's own and from how many texts it has seen before.
   *
   * @throws what `change` throws, and the signal's reason
   */
  protected async augmentEach(
    texts: readonly string[],
    context: Partial<AugmentContext> | undefined,
    change: ChangeText,
  ): Promise<string[]> {
    const { signal, seeds } = context ?? {};
    const { augmentation_probability: probability, max_augmentations_per_sample: most } = this.config;
    const events = this.eventBus as unknown as EventBus<RuntimeEvents>; // these two every bus carries
    const augmenter = this.constructor.name;
    await events.emit("augmenter.started", { augmenter, input_count: texts.length, probability });
    const augmented: string[] = [];
    for (const [index, text] of texts.entries()) {
      signal?.throwIfAborted();
      const random = seeds ? new Random(seeds[index]!) : Random.at(this.seed, this.textsSeen++);
      augmented.push(await changed(text, random));
    }
    const augmented_count = augmented.filter((text, index) => text !== texts[index]).length;
    await events.emit("augmenter.completed", { augmenter, output_count: augmented.length, augmented_count });
    return augmented;

    async function changed(text: string, random: Random): Promise<string> {
      if (random.uniform() >= probability) return text;
      let result = text;
      for (let left = 1 + Math.floor(random.uniform() * most); left > 0; left--) {
        result = await change(result, random, signal) || result;
      }
      return result;
    }
  }
}

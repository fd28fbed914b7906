/**
 * The port of an augmenter: texts in, as many texts out, some of them changed.
 *
 * @module
 */
import type { RuntimeEvents } from "../../core/bus/events.ts";
import { inject } from "../../core/container/inject.ts";
import type { AugmenterConfig } from "./config.ts";
import { EventBus } from "./event_bus.ts";
import { type CallContext, PluginPort } from "./plugin_port.ts";

/**
 * Base class of augmenters.
 *
 * @example
 * ```ts
 * import { AugmenterPort } from "./augmenter.ts";
 * import { AugmenterConfig } from "./config.ts";
 * import { EventBus } from "./event_bus.ts";
 * import { assertEquals } from "../../core/deps/assert.ts";
 *
 * class Shouter extends AugmenterPort {
 *   override augment(texts: readonly string[]): string[] {
 *     return texts.map((text) => text.toUpperCase());
 *   }
 * }
 *
 * const shouter = new Shouter(AugmenterConfig({ name: "shouter" }), new EventBus());
 * assertEquals(shouter.augment(["hello"]), ["HELLO"]);
 * ```
 */
export abstract class AugmenterPort<
  Config extends AugmenterConfig = AugmenterConfig,
  Events extends object = RuntimeEvents,
> extends PluginPort<Config, Events> {
  /** @param seed what is random in the plugin has to follow from it, so that a run can be repeated */
  constructor(config: Config, eventBus: EventBus<Events> = inject(EventBus), readonly seed = 0) {
    super(config, eventBus);
  }

  /** As many texts as it is given, in the same order. */
  abstract augment(texts: readonly string[], context?: CallContext): Promise<string[]> | string[];
}

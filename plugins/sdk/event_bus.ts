/**
 * A plugin's end of the event bus.
 *
 * The same calls as on the host's bus. What is emitted goes to the host, which checks that `plugin.yaml`
 * declares it, writes down who emitted it and when, and passes it on to all others; nothing comes back to
 * the plugin that emitted it. A bus without a link to a host is a bus of its own, for tests.
 *
 * @module
 */
import type { EmitOptions } from "../../core/bus/event.ts";
import { EventBus as LocalBus } from "../../core/bus/event_bus.ts";
import type { RuntimeEvents } from "../../core/bus/events.ts";
import { checkTopic, type KnownTopic, type PayloadOf, type TopicText } from "../../core/bus/topics.ts";

/** The way to the host; made by the runtime. */
export interface EventLink {
  /** Resolves when the event is on its way; waits while the host has enough to do. */
  emit(topic: string, payload: unknown): Promise<void>;
  /** Never waits: the event is dropped, and counted, while the host has enough to do. */
  post(topic: string, payload: unknown): void;
  /**
   * Asks the host to pass on what matches, and before that so many events of the past.
   *
   * @throws {KBertError} `event/topic` if `plugin.yaml` does not declare it under `events.listens`
   */
  subscribe(pattern: string, history: number): void;
  unsubscribe(pattern: string): void;
}

/**
 * Emits events and hears those of others.
 *
 * Topics under `log.` and `metrics.` need no declaration; see `Logger` and `MetricsCollector`.
 *
 * @example A bus of its own, as tests use it
 * ```ts
 * import { EventBus } from "./event_bus.ts";
 * import { assertEquals } from "../../core/deps/assert.ts";
 *
 * using bus = new EventBus();
 * const shapes: unknown[] = [];
 * bus.on("head.forward_start", ({ input_shape }) => shapes.push(input_shape));
 * await bus.emit("head.forward_start", { head_type: "SpamHead", input_shape: [32, 128] });
 * assertEquals(shapes, [[32, 128]]);
 * ```
 */
export class EventBus<Events extends object = RuntimeEvents> extends LocalBus<Events> {
  readonly #link: EventLink | undefined;

  /** @param link the way to the host; without one, the bus stands alone */
  constructor(link?: EventLink) {
    super({
      source: "plugin",
      watch: link && {
        onFirstListener: (pattern, history) => link.subscribe(pattern, history),
        onLastListener: (pattern) => link.unsubscribe(pattern),
      },
    });
    this.#link = link;
  }

  /**
   * Emits an event; the events of one turn cross the wall in one message.
   *
   * @returns when it is on its way to the host (on a bus that stands alone: when all listeners are done)
   * @throws {KBertError} `event/topic` for what is no topic, `wall/frame` if the payload cannot cross
   */
  override async emit<const Topic extends TopicText<Events>>(
    topic: Topic & KnownTopic<Events, Topic>,
    payload: PayloadOf<Events, Topic>,
    options?: EmitOptions,
  ): Promise<void> {
    if (!this.#link) return await super.emit(topic, payload, options);
    checkTopic(topic);
    await this.#link.emit(topic, payload);
  }

  /**
   * Emits an event that may get lost rather than make anybody wait: progress, measurements.
   *
   * @throws {KBertError} `event/topic` if the topic is none
   */
  override post<const Topic extends TopicText<Events>>(
    topic: Topic & KnownTopic<Events, Topic>,
    payload: PayloadOf<Events, Topic>,
  ): void {
    if (!this.#link) return super.post(topic, payload);
    checkTopic(topic);
    this.#link.post(topic, payload);
  }
}

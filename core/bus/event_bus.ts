/**
 * The event bus: how parts of k-bert hear about each other without importing each other.
 *
 * Listeners are called synchronously, the highest priority first. One that throws is reported as
 * `bus.listener_failed` and never stops the others, nor the one who emits: a broken progress bar must not
 * end a training run. Only those that return a promise are waited for, and only by `emit`.
 *
 * @module
 */
import { aborted, checkAmount, Dispatcher } from "./dispatcher.ts";
import type { BusEvent, EmitOptions, EventOf, Listener, ListenOptions, WaitOptions } from "./event.ts";
import type { RuntimeEvents } from "./events.ts";
import type { PatternWatch } from "./subscriptions.ts";
import {
  checkTopicPattern,
  isTopic,
  type KnownPattern,
  type KnownTopic,
  type PayloadOf,
  type TopicText,
} from "./topics.ts";
import { waitForEvent } from "./wait.ts";

/** How a bus works. */
export interface EventBusOptions {
  /** The `source` of what is emitted here. @default {"host"} */
  source?: string | undefined;
  /** Milliseconds that `emit` waits for a listener which returned a promise. @default {5_000} */
  deadlineMs?: number | undefined;
  /** So many past events are kept, with their payloads. @default {256} */
  historyLimit?: number | undefined;
  /** Milliseconds since 1970. @default {Date.now} */
  now?: (() => number) | undefined;
  /** Hears which patterns are listened to. */
  watch?: PatternWatch | undefined;
}

// Type parameters are `const` so that `log.${level}` stays a union of topics instead of any text.

/**
 * Carries events of one map from those who emit to those who listen. Whoever made it disposes of it: that
 * removes all listeners, and from then on nothing is heard, and emitting or listening does nothing.
 *
 * @example Listening to topics, one by one and by wildcard
 * ```ts
 * import { EventBus } from "./event_bus.ts";
 * import { assertEquals } from "../deps/assert.ts";
 *
 * using bus = new EventBus<{ "train.step": { loss: number }; "train.ended": { steps: number } }>();
 * const heard: string[] = [];
 * using _steps = bus.on("train.step", ({ loss }) => heard.push(`loss ${loss}`));
 * using _all = bus.on("train.*", (_, { topic }) => heard.push(topic), { priority: 1 });
 *
 * await bus.emit("train.step", { loss: 0.5 });
 * assertEquals(heard, ["train.step", "loss 0.5"]);
 * ```
 */
export class EventBus<Events extends object = RuntimeEvents> implements Disposable {
  readonly #source: string;
  readonly #deadlineMs: number;
  readonly #dispatcher: Dispatcher;

  /** @throws {RangeError} for a deadline or a size of history that is none. */
  constructor(options: EventBusOptions = {}) {
    const { source = "host", deadlineMs = 5_000, historyLimit = 256, now = () => Date.now(), watch } =
      options;
    checkAmount("milliseconds to wait", deadlineMs);
    this.#source = source;
    this.#deadlineMs = deadlineMs;
    this.#dispatcher = new Dispatcher(source, historyLimit, now, watch);
  }

  /** Open subscriptions, those of `once` and `waitFor` too: for leak checks. */
  get listenerCount(): number {
    return this.#dispatcher.subscriptions.size;
  }

  /** Whether anybody would hear an event of this topic: to save the work of making its payload. */
  hasListeners(topic: string): boolean {
    return isTopic(topic) && this.#dispatcher.subscriptions.matching(topic).length > 0;
  }

  /** Past events that the pattern matches, as far as they are kept, oldest first. */
  history<const Pattern extends TopicText<Events>>(
    pattern: Pattern & KnownPattern<Events, Pattern>,
  ): readonly EventOf<Events, Pattern>[] {
    checkTopicPattern(pattern);
    return this.#dispatcher.history.last(pattern) as EventOf<Events, Pattern>[];
  }

  /**
   * Listens until what it returns is disposed of, the signal aborts or the bus is disposed of. The same
   * listener may be added several times, and is then called several times. One that is added while an
   * event is delivered hears only later ones; one that is removed is not called any more.
   *
   * With `history` it is called with past events before this returns; what it emits meanwhile reaches it
   * in between them.
   *
   * @throws {KBertError} `event/topic` if the pattern is none
   * @throws {RangeError} for a priority or a history that is no number
   */
  on<const Pattern extends TopicText<Events>>(
    pattern: Pattern & KnownPattern<Events, Pattern>,
    listener: Listener<PayloadOf<Events, Pattern>, EventOf<Events, Pattern>>,
    options?: ListenOptions,
  ): Disposable {
    return this.#dispatcher.listen(pattern, listener as Listener, options);
  }

  /**
   * Like {@linkcode EventBus.on}, for one event: it is removed just before it is called. With `history`
   * that may be a past one, the oldest of so many.
   */
  once<const Pattern extends TopicText<Events>>(
    pattern: Pattern & KnownPattern<Events, Pattern>,
    listener: Listener<PayloadOf<Events, Pattern>, EventOf<Events, Pattern>>,
    options?: ListenOptions,
  ): Disposable {
    return this.#dispatcher.listen(pattern, listener as Listener, options, true);
  }

  /** Removes a listener, as often as it was added with exactly this pattern. Harmless if it was not. */
  off(pattern: string, listener: Listener<never, never>): void {
    for (const subscription of this.#dispatcher.subscriptions.list(pattern)) {
      if (subscription.listener === listener) this.#dispatcher.subscriptions.remove(subscription);
    }
  }

  /**
   * Delivers an event and waits for the listeners that return promises, which run side by side. Never
   * rejects because of a listener: see `bus.listener_failed`.
   *
   * @throws {KBertError} `event/topic` if the topic is none, `event/aborted` if the signal aborts; both as
   * rejections
   */
  async emit<const Topic extends TopicText<Events>>(
    topic: Topic & KnownTopic<Events, Topic>,
    payload: PayloadOf<Events, Topic>,
    options: EmitOptions = {},
  ): Promise<void> {
    const { deadlineMs = this.#deadlineMs, signal } = options;
    checkAmount("milliseconds to wait", deadlineMs);
    if (signal?.aborted) throw aborted(`the listeners of ${topic}`, topic, signal.reason);
    const delivery = this.#dispatcher.deliver(this.#source, topic, payload);
    if (delivery) await this.#dispatcher.settle(delivery, deadlineMs, signal);
  }

  /**
   * Delivers an event; nobody waits for its listeners.
   *
   * @throws {KBertError} `event/topic` if the topic is none
   */
  post<const Topic extends TopicText<Events>>(
    topic: Topic & KnownTopic<Events, Topic>,
    payload: PayloadOf<Events, Topic>,
  ): void {
    this.#dispatcher.post(topic, payload);
  }

  /**
   * Delivers an event of somebody else, whose topic and payload the caller has checked. There is a promise
   * only if a listener returned one, so that a busy caller need not wait for nothing.
   *
   * @param time when it was emitted, in milliseconds since 1970 @default now
   * @throws {KBertError} `event/topic` if the topic is none; at once, not as a rejection
   */
  publish(source: string, topic: string, payload: unknown, time?: number): Promise<void> | undefined {
    const delivery = this.#dispatcher.deliver(source, topic, payload, time);
    return delivery && this.#dispatcher.settle(delivery, this.#deadlineMs);
  }

  /**
   * The next event that the pattern matches, or a past one if `history` is given.
   *
   * @throws {KBertError} `event/timeout`; `event/aborted` if the signal aborts or the bus is disposed of;
   * `event/topic` if the pattern is none; all as rejections
   * @example
   * ```ts
   * import { EventBus } from "./event_bus.ts";
   * import { assertEquals } from "../deps/assert.ts";
   *
   * using bus = new EventBus();
   * const crash = bus.waitFor("plugin.crashed", { where: ({ plugin_name }) => plugin_name === "b" });
   * bus.post("plugin.crashed", { plugin_name: "a", error: "out of memory" });
   * bus.post("plugin.crashed", { plugin_name: "b", error: "out of ideas" });
   * assertEquals((await crash).payload.error, "out of ideas");
   * ```
   */
  async waitFor<const Pattern extends TopicText<Events>>(
    pattern: Pattern & KnownPattern<Events, Pattern>,
    options?: WaitOptions<PayloadOf<Events, Pattern>, EventOf<Events, Pattern>>,
  ): Promise<EventOf<Events, Pattern>> {
    const event = await waitForEvent(this.#dispatcher, pattern, options as WaitOptions<unknown, BusEvent>);
    return event as EventOf<Events, Pattern>;
  }

  [Symbol.dispose](): void {
    this.#dispatcher[Symbol.dispose]();
  }
}

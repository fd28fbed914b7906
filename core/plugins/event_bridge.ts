/**
 * Events between one plugin and the host's bus: what is declared passes, stamped with who sent it.
 *
 * In: a topic that `events.emits` does not have is dropped, and said once per topic. Log lines and
 * measurements need no declaration, but a form. Out: what the plugin subscribed to within `events.listens`,
 * never its own events. A slow plugin makes `emit` wait and loses telemetry; it never makes the host's
 * memory grow.
 *
 * While two versions of a plugin are exchanged, both are subscribed: what comes then waits in both bridges, and
 * only the one that serves in the end lets it through.
 *
 * @module
 */
import type { BusEvent } from "../bus/event.ts";
import type { EventBus } from "../bus/event_bus.ts";
import { isTelemetry } from "../bus/events.ts";
import { coversTopic, isTopic } from "../bus/topics.ts";
import type { Channel } from "../wall/channel.ts";
import { KBertError } from "../wall/errors.ts";
import { HeldEvents } from "./held_events.ts";
import type { WireEvent } from "../wall/options.ts";
import { printable } from "../wall/printable.ts";
import type { WireValue } from "../wall/values.ts";
import { parseTelemetry, TELEMETRY } from "./telemetry.ts";

/** What a manifest says about events. */
export interface DeclaredEvents {
  readonly emits: readonly string[];
  readonly listens: readonly string[];
}

/** Topics of which it was said that they are refused; a hostile plugin has any number of them. */
const MAX_REFUSED = 100;
/** Milliseconds from one report of dropped events to the next: a flood of them must not be another one. */
const DROP_REPORT_MS = 1_000;
/** Milliseconds of a turn that one plugin's events may take. */
const TURN_MS = 8;
/** Events between two looks at the clock. */
const CHECK_EVERY = 16;
/** Patterns that a plugin may be subscribed to at once. */
const MAX_SUBSCRIPTIONS = 100;

/** One plugin's way to the bus. Whoever made it disposes of it, which ends its subscriptions. */
export class EventBridge implements Disposable {
  readonly #bus: EventBus;
  readonly #plugin: string;
  readonly #emits: ReadonlySet<string>;
  readonly #listens: readonly string[];
  readonly #subscriptions = new Map<string, Disposable>();
  readonly #refused = new Set<string>();
  /** What was passed on: an event that several of its patterns match goes to the plugin once. */
  readonly #forwarded = new WeakSet<BusEvent>();
  /** Events that are still being published, in turns. */
  #turns: Promise<void> | undefined;
  /** The last event that the plugin was sent, or is to be sent when it has room. */
  #lastSent: Promise<void> | undefined;
  /** Events that wait until it is decided which version hears them. */
  #held: HeldEvents | undefined;
  /** Another version hears what comes. */
  #isStandby: boolean;
  /** Another version is heard. */
  #isMuted = false;
  #disposed = false;
  /** Events that were dropped since that was last told. */
  #dropped = 0;
  /** Runs while it was told a short time ago. */
  #dropTimer: ReturnType<typeof setTimeout> | undefined;

  /** @param isStandby whether it is to pass nothing on but past events, until {@linkcode EventBridge.hold} */
  constructor(bus: EventBus, plugin: string, { emits, listens }: DeclaredEvents, isStandby = false) {
    this.#bus = bus;
    this.#plugin = plugin;
    this.#isStandby = isStandby;
    this.#emits = new Set(emits);
    this.#listens = listens;
  }

  /**
   * Publishes what the plugin emitted; if a listener returned a promise, so does this. Many events take several
   * turns of the event loop, so that a plugin which talks much holds nobody up; their order stays.
   */
  receive(events: readonly WireEvent[]): void | Promise<void> {
    if (this.#isMuted) return;
    const waiting: Promise<void>[] = [];
    const turns = this.#turns
      ? this.#turns.then(() => this.#publishAll(events, waiting))
      : this.#publishAll(events, waiting);
    if (!turns) return waiting.length === 0 ? undefined : Promise.all(waiting).then(() => {});
    // What comes meanwhile comes after it; for listeners that are not done, nothing waits.
    const queued = turns.finally(() => {
      if (this.#turns === queued) this.#turns = undefined;
    });
    this.#turns = queued;
    return queued.then(() => Promise.all(waiting)).then(() => {});
  }

  /** Answers a promise only if it takes more than this turn. Listeners that are not done are put on the list. */
  #publishAll(events: readonly WireEvent[], waiting: Promise<void>[], from = 0): Promise<void> | undefined {
    const until = performance.now() + TURN_MS;
    for (let index = from; index < events.length && !this.#disposed; index++) {
      const listening = this.#publish(events[index]!.topic, events[index]!.payload);
      if (listening) waiting.push(listening);
      if (index % CHECK_EVERY !== 0 || performance.now() < until) continue;
      const nextTurn = new Promise<void>((resolve) => setTimeout(resolve, 0));
      return nextTurn.then(() => this.#publishAll(events, waiting, index + 1));
    }
    return undefined;
  }

  /** Says on the bus that the plugin dropped events because the host was slow: at once, and then each second. */
  dropped(count: number): void {
    this.#dropped += count;
    if (this.#dropTimer === undefined) this.#reportDrops();
  }

  /**
   * From now on, what matches goes to the plugin, and before that so many past events. Twice is harmless.
   *
   * @throws {KBertError} `event/topic` if the manifest does not declare it, or it is one too many
   */
  subscribe(channel: Channel, pattern: string, history: number): void {
    if (!this.#listens.some((declared) => coversTopic(declared, pattern))) {
      throw this.#undeclared(pattern, "plugin.yaml does not declare it under events.listens");
    }
    if (this.#subscriptions.has(pattern)) return;
    if (this.#subscriptions.size >= MAX_SUBSCRIPTIONS) {
      throw this.#undeclared(
        pattern,
        `it listens to ${MAX_SUBSCRIPTIONS} patterns already, which is the limit`,
      );
    }
    // Past events are heard by each version; what comes after them is heard by one.
    let isPast = true;
    const forward = (_payload: unknown, heard: BusEvent): Promise<void> | undefined => {
      if (heard.source === this.#plugin || this.#forwarded.has(heard)) return undefined;
      if (this.#isStandby && !isPast) return undefined;
      this.#forwarded.add(heard);
      const send = (): Promise<void> | undefined => this.#send(channel, heard);
      return this.#held && !isPast ? this.#held.add(heard, send) : send();
    };
    this.#subscriptions.set(pattern, this.#bus.on(pattern, forward, { history }));
    isPast = false;
  }

  unsubscribe(pattern: string): void {
    this.#subscriptions.get(pattern)?.[Symbol.dispose]();
    this.#subscriptions.delete(pattern);
  }

  /** From now on events wait, until they are released or this is disposed of. */
  hold(): void {
    this.#isStandby = false;
    this.#held ??= new HeldEvents((count) => this.dropped(count));
  }

  /** Lets wait here, too, what waits in the bridge of the version before and would have been missed. */
  takeOver(before: EventBridge, channel: Channel): void {
    const patterns = [...this.#subscriptions.keys()];
    for (const event of before.#held?.emitted ?? []) {
      const isWanted = patterns.some((pattern) => coversTopic(pattern, event.topic));
      if (!isWanted || this.#forwarded.has(event) || !this.#held) continue;
      this.#forwarded.add(event);
      this.#held.add(event, () => this.#send(channel, event))?.catch(() => {}); // who emitted it waits for the version before
    }
  }

  /** Sends what waits, and from now on everything at once. */
  release(): void {
    const held = this.#held;
    this.#held = undefined;
    held?.release();
  }

  /** Hears nothing any more but what is already on its way. */
  stop(): void {
    this.#held?.discard();
    this.#held = undefined;
    this.#isStandby = true;
  }

  /** Nobody hears the plugin from now on. */
  mute(): void {
    this.#isMuted = true;
  }

  unmute(): void {
    this.#isMuted = false;
  }

  /** Resolves when what the plugin emitted until now was published; listeners may not be done with it. */
  async published(): Promise<void> {
    await this.#turns;
  }

  /** Resolves when what the plugin emitted until now was published, and what it was to hear was sent. */
  async settled(): Promise<void> {
    await Promise.all([this.#turns, this.#lastSent]);
  }

  [Symbol.dispose](): void {
    this.#disposed = true;
    this.stop();
    for (const subscription of this.#subscriptions.values()) subscription[Symbol.dispose]();
    this.#subscriptions.clear();
    this.#reportDrops();
    clearTimeout(this.#dropTimer);
  }

  #send(channel: Channel, { topic, payload, source, time }: BusEvent): Promise<void> | undefined {
    const event = { topic, payload: payload as WireValue, source, time };
    if (isTelemetry(topic)) {
      channel.post(event);
      return undefined;
    }
    const sent = channel.emit(event).catch((error) => {
      if (!this.#disposed) throw error; // who is gone has missed nothing
    });
    this.#lastSent = sent.catch(() => {});
    return sent;
  }

  #reportDrops(): void {
    clearTimeout(this.#dropTimer);
    this.#dropTimer = undefined;
    if (this.#dropped === 0) return;
    const count = this.#dropped;
    this.#dropped = 0;
    this.#dropTimer = setTimeout(() => this.#reportDrops(), DROP_REPORT_MS);
    this.#bus.post("plugin.events_dropped", { plugin_name: this.#plugin, count });
  }

  #publish(topic: string, payload: WireValue): Promise<void> | undefined {
    if (!isTopic(topic)) return this.#refuse(topic, "it is no topic");
    if (!TELEMETRY.has(topic)) {
      if (this.#emits.has(topic)) return this.#bus.publish(this.#plugin, topic, payload);
      return this.#refuse(topic, "plugin.yaml does not declare it under events.emits");
    }
    const record = parseTelemetry(topic, payload);
    if (record === undefined) return this.#refuse(topic, "its payload is not what this topic has");
    return this.#bus.publish(this.#plugin, topic, record);
  }

  #refuse(topic: string, reason: string): undefined {
    const shown = printable(topic, 128);
    if (this.#refused.has(shown) || this.#refused.size >= MAX_REFUSED) return;
    this.#refused.add(shown);
    this.#bus.post("plugin.event_refused", { plugin_name: this.#plugin, topic: shown, reason });
  }

  #undeclared(pattern: string, reason: string): KBertError<"event/topic"> {
    const shown = printable(pattern, 128);
    const message = `The plugin ${this.#plugin} cannot listen to ${shown}: ${reason}`;
    return new KBertError("event/topic", message, { topic: shown, plugin: this.#plugin });
  }
}

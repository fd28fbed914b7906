/**
 * Events on their way in, counted against the room that the other side was given.
 *
 * Room is given back for events that were handled, half a window at a time, and not faster than so many
 * events in a second: a plugin that floods its host is slowed by its own waiting, and one that sends without
 * room breaks the protocol. What waits for a slow listener is bounded by the window: 1,000 events of 64 Ki
 * characters.
 *
 * @module
 */
import type { Frame } from "./frame.ts";
import type { ChannelOptions, WireEvent } from "./options.ts";
import {
  EVENT_WINDOW,
  type EventTuple,
  MAX_EVENT_SIZE,
  MAX_EVENTS_CHARACTERS,
  type Message,
} from "./protocol.ts";
import { valueDecoder } from "./values.ts";
import type { Wire } from "./wire.ts";

/** Room of a frame for what is around its events. */
const SLACK = 1_024;
/** What may come at once, beyond the rate, counted in its time. */
const BURST_MS = 100;

/** See {@linkcode ChannelOptions.eventsPerSecond}. */
export const DEFAULT_EVENTS_PER_SECOND = 100_000;

/** See the module's text. Owned by a channel, which closes it. */
export class EventInbox {
  readonly #wire: Wire;
  readonly #options: ChannelOptions;
  readonly #report: (error: unknown) => void;
  readonly #msPerEvent: number;
  /** Room is given back in pieces of this size: few messages, and the sender never waits for the rest of it. */
  readonly #piece: number;
  /** Events that the other side sent and was not given the room of again. */
  #underway = 0;
  /** Those of them that were handled. */
  #handled = 0;
  /** From when on room may be given, by the clock of performance.now(). */
  #freeAt = -Infinity;
  #timer: ReturnType<typeof setTimeout> | undefined;

  /** @param report hears of listeners that fail */
  constructor(wire: Wire, options: ChannelOptions, report: (error: unknown) => void) {
    const { eventsPerSecond = DEFAULT_EVENTS_PER_SECOND } = options;
    if (!(eventsPerSecond > 0)) throw new RangeError(`Cannot take ${eventsPerSecond} events in a second`);
    this.#wire = wire;
    this.#options = options;
    this.#report = report;
    this.#msPerEvent = 1_000 / eventsPerSecond;
    this.#piece = Math.min(EVENT_WINDOW / 2, Math.ceil(BURST_MS / this.#msPerEvent));
  }

  /**
   * Hands the events of a frame on, all of them or none.
   *
   * @throws {KBertError} `wall/frame` if there was no room for them, or one cannot be read
   */
  receive({ events, dropped }: Message & { kind: "events" }, { head, buffers }: Frame): void {
    this.#underway += events.length;
    if (this.#underway > EVENT_WINDOW) {
      throw this.#wire.frameError(`take ${this.#underway} events at once, and the limit is ${EVENT_WINDOW}`);
    }
    const most = Math.min(MAX_EVENTS_CHARACTERS, events.length * MAX_EVENT_SIZE) + SLACK;
    const bytes = buffers.reduce((bytes, buffer) => bytes + buffer.byteLength, 0);
    if (head.length > most || bytes > MAX_EVENT_SIZE) {
      throw this.#wire.frameError(`take ${head.length} characters and ${bytes} bytes of events`);
    }
    // One decoder, so that no two events get the same buffer.
    const decode = valueDecoder(buffers);
    const isTrusted = this.#options.side === "plugin";
    const decoded = events.map((event) => eventOf(event, decode(event[1]), isTrusted));
    if (dropped !== undefined) this.#tell(() => this.#options.onDropped?.(dropped));
    const answer = this.#tell(() => this.#options.onEvents?.(decoded));
    const done = (): void => this.#giveBack(events.length);
    if (answer instanceof Promise) void answer.catch(this.#report).then(done);
    else done();
  }

  /** Gives no room any more. */
  close(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  #giveBack(events: number): void {
    this.#handled += events;
    this.#giveRoom();
  }

  #giveRoom(): void {
    if (this.#handled < this.#piece || this.#timer !== undefined || this.#wire.closed) return;
    const now = performance.now();
    if (this.#freeAt > now) {
      this.#timer = setTimeout(() => {
        this.#timer = undefined;
        this.#giveRoom();
      }, Math.ceil(this.#freeAt - now));
      return;
    }
    const events = this.#handled;
    this.#freeAt = Math.max(this.#freeAt, now - BURST_MS) + events * this.#msPerEvent;
    this.#handled = 0;
    this.#underway -= events;
    this.#wire.trySend({ kind: "credit", events });
  }

  /** Calls a listener; one that throws must not end what it listens to. */
  #tell<Answer>(listener: () => Answer): Answer | undefined {
    try {
      return listener();
    } catch (error) {
      this.#report(error);
      return undefined;
    }
  }
}

function eventOf(event: EventTuple, payload: WireEvent["payload"], isTrusted: boolean): WireEvent {
  const [topic, , source, time] = event;
  if (!isTrusted || source === undefined || time === undefined) return { topic, payload };
  return { topic, payload, source, time };
}

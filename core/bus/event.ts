/**
 * What an event is, and who listens to it: the types of the bus, without the bus.
 *
 * @module
 */
import type { PayloadOf, TopicsOf } from "./topics.ts";

/**
 * One event. All listeners and the history share it: it is to be read, not to be changed. It is not
 * frozen: that took 110 to 140 ns for a post instead of 65 (measured), and the compiler already forbids
 * the change; a plugin only ever gets a copy.
 */
export interface BusEvent<Payload = unknown, Topic = string> {
  readonly topic: Topic;
  readonly payload: Payload;
  /** Who emitted it: `host`, or the plugin's name. */
  readonly source: string;
  /** When, in milliseconds since 1970. */
  readonly time: number;
  /** The number of the event on its bus, counted from 1. */
  readonly sequence: number;
}

/** The events that a pattern matches, a union whose `topic` tells them apart. */
export type EventOf<Events, Pattern extends string> = string extends TopicsOf<Events, Pattern>
  ? BusEvent<PayloadOf<Events, Pattern>, string>
  : {
    [Topic in TopicsOf<Events, Pattern>]: BusEvent<PayloadOf<Events, Topic>, Topic>;
  }[TopicsOf<Events, Pattern>];

/** Hears events. If it returns a promise, `emit` waits for that; anything else it returns is ignored. */
export type Listener<Payload = unknown, Event = BusEvent<Payload>> = (
  payload: Payload,
  event: Event,
) => unknown;

/** How one listens. */
export interface ListenOptions {
  /** Listeners with a higher number are called first; of equal ones, who came first. @default {0} */
  priority?: number | undefined;
  /** Ends the listening. */
  signal?: AbortSignal | undefined;
  /** So many past events that match come first, oldest first; `Infinity` for all that are kept. @default {0} */
  history?: number | undefined;
}

/** How one waits for an event. */
export interface WaitOptions<Payload, Event> {
  /** Milliseconds until it is given up. @default {Infinity} */
  timeoutMs?: number | undefined;
  /** Gives the waiting up. */
  signal?: AbortSignal | undefined;
  /** Whether this is the event; what it throws, the waiting rejects with. @default {any event} */
  where?: ((payload: Payload, event: Event) => boolean) | undefined;
  /** So many past events that match are asked first, oldest first. @default {0} */
  history?: number | undefined;
}

/** How one event is emitted. */
export interface EmitOptions {
  /** Milliseconds that listeners which return a promise have. @default {the bus's} */
  deadlineMs?: number | undefined;
  /** Gives the waiting for listeners up; aborted before, nobody hears the event. */
  signal?: AbortSignal | undefined;
}

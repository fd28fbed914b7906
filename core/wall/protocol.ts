/**
 * The wall as a union: every message that host and plugin may send each other.
 *
 * Both sides speak the same messages, because both may call (the host a plugin's method, a plugin a
 * service of the host). An id is issued by the side that opens a call and means nothing on the other.
 * There is no field for the sender: who sent a message is the port that it came in on.
 *
 * @module
 */

/** An error as it crosses: names, texts and plain data, never an object of the other realm. */
export interface Failure {
  readonly name: string;
  readonly message: string;
  readonly code?: string | undefined;
  readonly stack?: string | undefined;
  readonly cause?: Failure | undefined;
  /** Those of an AggregateError. */
  readonly errors?: readonly Failure[] | undefined;
  /** What else the error carries, as far as it is plain data. */
  readonly properties?: { readonly [key: string]: FailureData } | undefined;
}

/** What JSON can say. */
export type FailureData =
  | null
  | boolean
  | number
  | string
  | readonly FailureData[]
  | { readonly [key: string]: FailureData };

/** Topic and payload, and from the host also who emitted it and when (milliseconds since the epoch). */
export type EventTuple =
  | readonly [topic: string, payload: unknown]
  | readonly [topic: string, payload: unknown, source: string, time: number];

/** See the module's text. `args`, `value` and payloads are in the form of values.ts. */
export type Message =
  /** The other side is loaded and listens. */
  | { readonly kind: "ready" }
  /** With `stream`, nothing is computed before the first `pull`. */
  | {
    readonly kind: "call";
    readonly id: number;
    readonly method: string;
    readonly args: readonly unknown[];
    readonly stream?: true | undefined;
  }
  | { readonly kind: "cancel"; readonly id: number }
  | { readonly kind: "return"; readonly id: number; readonly value: unknown }
  /** Ends a call or a stream. */
  | { readonly kind: "throw"; readonly id: number; readonly failure: Failure }
  /** Asks for exactly one item of a stream. */
  | { readonly kind: "pull"; readonly id: number }
  | { readonly kind: "item"; readonly id: number; readonly value: unknown }
  | { readonly kind: "end"; readonly id: number }
  /** Something failed that was nobody's call: the sender is of no use any more. */
  | { readonly kind: "failed"; readonly failure: Failure }
  /** Events in the order in which they were emitted, and how many were dropped before them for lack of room. */
  | { readonly kind: "events"; readonly events: readonly EventTuple[]; readonly dropped?: number | undefined }
  /** So many events were handled: as many more may be sent. */
  | { readonly kind: "credit"; readonly events: number };

/** Characters of the name of an event or a method. */
export const MAX_NAME = 128;
/** Events that are underway at once: sent, and not known to be handled. */
export const EVENT_WINDOW = 1_000;
/** Characters of one event's text, with the bytes of its buffers. */
export const MAX_EVENT_SIZE = 2 ** 16;
/** Characters of the events of one message. */
export const MAX_EVENTS_CHARACTERS = 2 ** 18;

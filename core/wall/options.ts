/**
 * What a channel is made with, and what it asks of those who use it: types, no code.
 *
 * @module
 */
import type { WireValue } from "./values.ts";

/** What a channel does with what the other side asks. All are optional: what is not served is refused. */
export interface ChannelOptions {
  /** Who is on the other side, as errors call it. */
  readonly peer: string;
  /** Its name, for `detail` of errors. @default {peer} */
  readonly plugin?: string;
  /** Answers a call of the other side. What it throws is the answer too. */
  readonly serve?: (call: ServedCall) => Served;
  /** The other side is loaded. */
  readonly onReady?: () => void;
  /** Hears events. The other side may send as many again when the promise has settled, or at once without one. */
  readonly onEvents?: (events: readonly WireEvent[]) => void | Promise<void>;
  /** The other side had no room for so many events, and dropped them. */
  readonly onDropped?: (count: number) => void;
  /** One of these listeners failed, or an event could not be posted. */
  readonly onListenerError?: (error: unknown) => void;
  /** The channel closed; `reason` is why. Called once. */
  readonly onClose?: (reason: Error) => void;
  /** Events that are taken from the other side in a second; a faster sender is slowed. @default {100_000} */
  readonly eventsPerSecond?: number;
  /**
   * Whose side this is. A host believes no plugin about who emitted an event and when, and tells it no stack,
   * which is made of the paths of this machine. A plugin believes its host and tells it where it failed.
   * @default {"host"}
   */
  readonly side?: "host" | "plugin";
}

/** What a served call may be answered with; an iterable is a stream, and only for who asked for one. */
export type Served =
  | WireValue
  | AsyncIterable<WireValue>
  | Promise<WireValue | AsyncIterable<WireValue>>;

/** A call of the other side. */
export interface ServedCall {
  readonly method: string;
  readonly args: readonly WireValue[];
  /** Whether it has to be answered with an iterable. */
  readonly stream: boolean;
  /** Aborts when the other side gives the call up, and when the channel closes. Made when it is first read. */
  readonly signal: AbortSignal;
}

/** An event on its way. */
export interface WireEvent {
  readonly topic: string;
  readonly payload: WireValue;
  /** Who emitted it, if the other side is believed. */
  readonly source?: string;
  /** When, in milliseconds since the epoch. */
  readonly time?: number;
}

/** How one call is made. */
export interface CallOptions {
  /** Milliseconds until an answer, or an item of a stream, is given up. @default {30_000} */
  timeoutMs?: number;
  /** Gives the call up and cancels it on the other side. */
  signal?: AbortSignal;
  /** Only these buffers are moved, all other bytes are copied. @default {all of them are moved} */
  transfer?: readonly ArrayBuffer[];
}

/** What a streaming call answers: ends when it is left, by `break` or by `await using`. */
export interface WireStream extends AsyncIterableIterator<WireValue, undefined, void>, AsyncDisposable {
  return(): Promise<IteratorResult<WireValue, undefined>>;
  [Symbol.asyncIterator](): WireStream;
}

/** See {@linkcode CallOptions.timeoutMs}. */
export const DEFAULT_CALL_TIMEOUT_MS = 30_000;

/**
 * Events on their way out: those of one turn go in one frame, and never more are underway than the other
 * side has room for.
 *
 * Two kinds of sender share one order. A post is telemetry: without room it is dropped and counted, and it
 * never waits. An emit is a promise: it waits for room, which is what slows its sender down.
 *
 * @module
 */
import { KBertError } from "./errors.ts";
import type { WireEvent } from "./options.ts";
import { EVENT_WINDOW, MAX_EVENT_SIZE, MAX_EVENTS_CHARACTERS, MAX_NAME } from "./protocol.ts";
import { encodeValue } from "./values.ts";

/** Events, and characters of them, that wait at most before a post is dropped. */
const QUEUE = 1_000;
const QUEUE_CHARACTERS = 2 ** 20;
/** Emits, and characters of them, that wait at most before one is refused. */
const MAX_EMITS = 10_000;
const EMIT_CHARACTERS = 2 ** 24;

/** Sends the text of an `events` message. @throws if the port cannot */
export type SendEvents = (head: string, buffers: readonly ArrayBuffer[]) => void;

interface Queued {
  readonly text: string;
  readonly buffers: readonly ArrayBuffer[];
  /** Characters of the text and bytes of the buffers. */
  readonly size: number;
  /** Of an emit; a post has none. */
  readonly sent: Sent | undefined;
}

interface Sent {
  resolve(): void;
  reject(error: unknown): void;
}

/**
 * See the module's text. Owned by a channel, which closes it.
 *
 * @example
 * ```ts
 * import { EventOutbox } from "./outbox.ts";
 * import { assertEquals } from "../deps/assert.ts";
 *
 * const frames: string[] = [];
 * const outbox = new EventOutbox((head) => frames.push(head), console.error);
 * outbox.post({ topic: "train.step", payload: { step: 1 } });
 * await outbox.emit({ topic: "train.end", payload: null });
 * assertEquals(frames, ['{"kind":"events","events":[["train.step",{"step":1}],["train.end",null]]}']);
 * ```
 */
export class EventOutbox {
  readonly #send: SendEvents;
  readonly #onError: (error: unknown) => void;
  /** In order; those before `#first` are sent. */
  #queue: Queued[] = [];
  #first = 0;
  #size = 0;
  #emits = 0;
  #dropped = 0;
  /** So many more may be sent. */
  #credit = EVENT_WINDOW;
  #isFlushPlanned = false;
  #closed: Error | undefined;

  /** @param onError hears of posts that could not be sent after all */
  constructor(send: SendEvents, onError: (error: unknown) => void) {
    this.#send = send;
    this.#onError = onError;
  }

  /** Events that wait to be sent. */
  get waiting(): number {
    return this.#queue.length - this.#first;
  }

  /**
   * Sends an event if there is room, and drops and counts it otherwise.
   *
   * @throws {KBertError} `wall/frame` if it cannot cross
   */
  post(event: WireEvent): void {
    if (this.#closed) return;
    const queued = encodeEvent(event, undefined);
    const isFull = this.waiting >= QUEUE + this.#credit || this.#size + queued.size > QUEUE_CHARACTERS;
    if (isFull) this.#dropped++;
    else this.#add(queued);
  }

  /**
   * Resolves when the event was sent.
   *
   * @throws {KBertError} `wall/frame` if it cannot cross or too many wait, and the reason of the close
   */
  emit(event: WireEvent): Promise<void> {
    return new Promise((resolve, reject) => {
      if (this.#closed) return reject(this.#closed);
      const queued = encodeEvent(event, { resolve, reject });
      if (this.#emits >= MAX_EMITS || this.#size + queued.size > EMIT_CHARACTERS) {
        const sentence =
          `Cannot emit ${event.topic}: ${this.#emits} events wait already to be taken; await each`;
        throw new KBertError("wall/frame", sentence, { limit: MAX_EMITS, value: this.#emits });
      }
      this.#emits++;
      this.#add(queued);
    });
  }

  /** The other side has handled so many. @returns false if it was not sent as many */
  addCredit(events: number): boolean {
    if (events > EVENT_WINDOW - this.#credit) return false;
    this.#credit += events;
    this.flush();
    return true;
  }

  /** Sends what waits, as far as there is credit. */
  flush(): void {
    while (this.#credit > 0 && this.waiting > 0) this.#sendFrame();
    // Not shifted one by one, which would move all others each time.
    if (this.#first < QUEUE && this.waiting > 0 || this.#first === 0) return;
    this.#queue = this.#queue.slice(this.#first);
    this.#first = 0;
  }

  /** Rejects every emit that waits. */
  close(reason: Error): void {
    this.#closed = reason;
    for (const { sent } of this.#queue.slice(this.#first)) sent?.reject(reason);
    this.#queue = [];
    this.#first = this.#size = this.#emits = 0;
  }

  #add(queued: Queued): void {
    this.#queue.push(queued);
    this.#size += queued.size;
    if (this.#credit === 0) return; // sent when the other side has room again
    // A full frame is not kept back until the turn ends: it may be a long one.
    if (this.#size >= MAX_EVENTS_CHARACTERS || this.waiting >= EVENT_WINDOW) return this.flush();
    if (this.#isFlushPlanned) return;
    this.#isFlushPlanned = true;
    queueMicrotask(() => {
      this.#isFlushPlanned = false;
      this.flush();
    });
  }

  /** One frame of as many events as it holds. */
  #sendFrame(): void {
    const events = this.#take();
    const dropped = this.#dropped > 0 ? `,"dropped":${this.#dropped}` : "";
    const texts = events.map(({ text }) => text).join(",");
    this.#credit -= events.length;
    this.#dropped = 0;
    try {
      this.#send(`{"kind":"events","events":[${texts}]${dropped}}`, events[0]?.buffers ?? []);
      for (const { sent } of events) sent?.resolve();
    } catch (error) {
      // None of them is on its way.
      this.#credit += events.length;
      for (const { sent } of events) sent?.reject(error);
      if (events.some(({ sent }) => sent === undefined)) this.#onError(error);
    }
  }

  /** Takes the events of the next frame from the queue: one with buffers goes alone. */
  #take(): Queued[] {
    const events: Queued[] = [];
    let characters = 0;
    while (events.length < this.#credit) {
      const next = this.#queue[this.#first];
      const isAlone = next !== undefined && next.buffers.length > 0;
      if (next === undefined || events.length > 0 && isAlone) break;
      characters += next.text.length + 1;
      if (events.length > 0 && characters > MAX_EVENTS_CHARACTERS) break;
      events.push(next);
      this.#first++;
      this.#size -= next.size;
      if (next.sent) this.#emits--;
      if (isAlone) break;
    }
    return events;
  }
}

/** Written now, so that nobody can change it while it waits; its bytes are copied for the same reason. */
function encodeEvent({ topic, payload, source, time }: WireEvent, sent: Sent | undefined): Queued {
  requireName("topic", topic);
  let stamp = "";
  if (source !== undefined) {
    requireName("source", source);
    if (!Number.isFinite(time)) throw refused(`an event of the time ${time}`, {});
    stamp = `,${JSON.stringify(source)},${time}`;
  }
  const buffers: ArrayBuffer[] = [];
  const encoded = JSON.stringify(encodeValue(payload, buffers, []));
  const text = `[${JSON.stringify(topic)},${encoded}${stamp}]`;
  let size = text.length;
  for (const buffer of buffers) size += buffer.byteLength;
  if (size <= MAX_EVENT_SIZE) return { text, buffers, size, sent };
  throw refused(`an event of ${size} characters and bytes, and the limit is ${MAX_EVENT_SIZE}`, {
    limit: MAX_EVENT_SIZE,
    value: size,
  });
}

function requireName(what: string, { length }: string): void {
  if (length >= 1 && length <= MAX_NAME) return;
  throw refused(`an event whose ${what} has ${length} characters instead of 1 to ${MAX_NAME}`, {
    limit: MAX_NAME,
    value: length,
  });
}

function refused(what: string, detail: { limit?: number; value?: number }): KBertError<"wall/frame"> {
  return new KBertError("wall/frame", `Cannot send ${what}`, detail);
}

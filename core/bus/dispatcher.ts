/**
 * What a bus does with events and listeners, without the types of its event map.
 *
 * The way of one event with listeners that answer nothing is the hot one: it makes one object and no
 * promise. A failure of a listener becomes an event itself; what fails while that one is delivered is
 * dropped, because a listener of failures that fails would never come to an end.
 *
 * @module
 */
import { KBertError, messageOf } from "../wall/errors.ts";
import type { BusEvent, Listener, ListenOptions } from "./event.ts";
import type { RuntimeEvents } from "./events.ts";
import { History } from "./history.ts";
import { settle } from "./settle.ts";
import { type PatternWatch, type Subscription, Subscriptions } from "./subscriptions.ts";
import { checkTopicPattern } from "./topics.ts";

/** An event of which listeners are not done yet. */
export interface Delivery {
  readonly event: BusEvent;
  readonly promises: readonly Promise<unknown>[];
}

const LISTENER_FAILED = "bus.listener_failed" satisfies keyof RuntimeEvents;
const NOT_LISTENING: Disposable = { [Symbol.dispose]: () => {} };

/** The untyped half of a bus. */
export class Dispatcher implements Disposable {
  readonly subscriptions: Subscriptions;
  readonly history: History;
  readonly #source: string;
  readonly #now: () => number;
  #sequence = 0;
  #disposed = false;
  /** Listeners of a failure are being called. */
  #reporting = false;

  constructor(source: string, historyLimit: number, now: () => number, watch?: PatternWatch) {
    this.subscriptions = new Subscriptions(watch);
    this.#source = source;
    this.history = new History(historyLimit);
    this.#now = now;
  }

  get disposed(): boolean {
    return this.#disposed;
  }

  /** See `EventBus.on` and `EventBus.once`. */
  listen(pattern: string, listener: Listener, options: ListenOptions = {}, once = false): Disposable {
    const { priority = 0, signal, history = 0 } = options;
    checkTopicPattern(pattern);
    if (Number.isNaN(priority)) throw new RangeError("A priority is a number, not NaN");
    checkAmount("events of the history", history);
    if (this.#disposed || signal?.aborted) return NOT_LISTENING;

    const remove = (): void => this.subscriptions.remove(subscription);
    const onRemove = (): void => signal?.removeEventListener("abort", remove);
    const subscription = this.subscriptions.add({ pattern, listener, priority, once, onRemove, history });
    signal?.addEventListener("abort", remove, { once: true });
    this.replay(subscription, history);
    return { [Symbol.dispose]: remove };
  }

  /** Calls a listener with the last `count` events that it would have heard. */
  replay(subscription: Subscription, count: number): void {
    for (const event of this.history.last(subscription.pattern, count)) {
      const promise = this.#call(subscription, event);
      if (promise) this.#reportLater({ event, promises: [promise] });
    }
  }

  /**
   * Calls the listeners of an event; answers only if some of them are not done.
   *
   * @throws {KBertError} `event/topic` if the topic is none
   */
  deliver(source: string, topic: string, payload: unknown, time?: number): Delivery | undefined {
    if (this.#disposed) return undefined;
    const subscriptions = this.subscriptions.matching(topic);
    const event = { topic, payload, source, time: time ?? this.#now(), sequence: ++this.#sequence };
    this.history.add(event);
    let promises: Promise<unknown>[] | undefined;
    for (const subscription of subscriptions) {
      const promise = this.#call(subscription, event);
      if (promise) (promises ??= []).push(promise);
    }
    return promises && { event, promises };
  }

  /** Delivers an event of this bus; nobody waits. */
  post(topic: string, payload: unknown): void {
    const delivery = this.deliver(this.#source, topic, payload);
    if (delivery) this.#reportLater(delivery);
  }

  /** Waits for the listeners that are not done, at most so long. */
  settle({ event, promises }: Delivery, deadlineMs: number, signal?: AbortSignal): Promise<void> {
    return settle(promises, {
      deadlineMs,
      signal,
      onFailure: (error, reason) => this.#report(event, error, reason),
      toAborted: (cause) => aborted(`the listeners of ${event.topic}`, event.topic, cause),
    });
  }

  [Symbol.dispose](): void {
    this.#disposed = true;
    for (const subscription of this.subscriptions.list()) this.subscriptions.remove(subscription);
    this.history.clear();
  }

  /** Never throws. Answers a promise if the listener did. */
  #call(subscription: Subscription, event: BusEvent): Promise<unknown> | undefined {
    if (!subscription.active) return undefined;
    if (subscription.once) this.subscriptions.remove(subscription);
    const { listener } = subscription;
    try {
      const result = listener(event.payload, event);
      return isThenable(result) ? Promise.resolve(result) : undefined;
    } catch (error) {
      this.#report(event, error, "threw");
      return undefined;
    }
  }

  #reportLater({ event, promises }: Delivery): void {
    for (const promise of promises) promise.catch((error) => this.#report(event, error, "threw"));
  }

  #report({ topic }: BusEvent, error: unknown, reason: "threw" | "late"): void {
    if (this.#reporting || topic === LISTENER_FAILED) return;
    this.#reporting = true;
    try {
      const payload: RuntimeEvents[typeof LISTENER_FAILED] = { topic, error: messageOf(error), reason };
      this.post(LISTENER_FAILED, payload);
    } catch {
      // The stack is used up, by listeners that emit to each other: there is nobody left to tell.
    } finally {
      this.#reporting = false;
    }
  }
}

/** What waiting rejects with that was given up. */
export function aborted(what: string, topic: string, cause?: unknown): KBertError<"event/aborted"> {
  return new KBertError("event/aborted", `Waiting for ${what} was given up`, { topic }, { cause });
}

/** @throws {RangeError} unless it is a number, 0 or more. */
export function checkAmount(what: string, amount: number): void {
  if (!(amount >= 0)) throw new RangeError(`A number of ${what} is 0 or more, not ${amount}`);
}

/** Most listeners answer nothing, or a primitive. */
function isThenable(result: unknown): result is PromiseLike<unknown> {
  return typeof result === "object" && result !== null && "then" in result &&
    typeof result.then === "function";
}

/**
 * A plugin's end of the event bus.
 *
 * @module
 */
import type { WireValue } from "../../core/wall/values.ts";

/** An event as a plugin emits it; the host adds who it was and when. */
export interface EmittedEvent {
  readonly topic: string;
  readonly payload: WireValue;
}

/**
 * Emits events to the host's bus. The host passes on only topics that `plugin.yaml` declares under
 * `events.emits`, and it is the host that writes down who emitted them.
 *
 * @example Emit an event and see what would cross the wall
 * ```ts
 * import { EventBus, type EmittedEvent } from "./event_bus.ts";
 * import { assertEquals } from "../../core/deps/assert.ts";
 *
 * const sent: EmittedEvent[] = [];
 * const bus = new EventBus((events) => sent.push(...events));
 * await bus.emit("head.forward_start", { input_shape: [32, 128] });
 * assertEquals(sent, [{ topic: "head.forward_start", payload: { input_shape: [32, 128] } }]);
 * ```
 */
export class EventBus {
  #queue: QueuedEvent[] = [];
  readonly #send: (events: readonly EmittedEvent[]) => void;

  /** @param send passes the events of one turn on, all or none: it throws if they cannot cross together */
  constructor(send: (events: readonly EmittedEvent[]) => void) {
    this.#send = send;
  }

  /**
   * Emits an event. The events of one turn cross the wall in one message.
   *
   * @param topic dot-separated, for example `head.forward_start`
   * @param payload plain data
   * @returns when the event is on its way (not when somebody has heard it)
   * @throws {KBertError} `wall/frame` if the payload cannot cross; the other events of the turn do
   */
  emit(topic: string, payload: WireValue = null): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    if (this.#queue.push({ event: { topic, payload }, resolve, reject }) === 1) {
      queueMicrotask(() => this.#flush());
    }
    return promise;
  }

  #flush(): void {
    const queue = this.#queue;
    this.#queue = [];
    this.#pass(queue);
  }

  /** What cannot cross together is halved until it can: too many, too large, or one bad among good ones. */
  #pass(queue: readonly QueuedEvent[]): void {
    try {
      this.#send(queue.map(({ event }) => event));
    } catch (error) {
      if (queue.length === 1) return queue[0]!.reject(error);
      const middle = queue.length >> 1;
      this.#pass(queue.slice(0, middle));
      return this.#pass(queue.slice(middle));
    }
    for (const { resolve } of queue) resolve();
  }
}

interface QueuedEvent {
  readonly event: EmittedEvent;
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

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
  #queue: EmittedEvent[] = [];
  readonly #send: (events: readonly EmittedEvent[]) => void;

  /** @param send passes the events of one turn on */
  constructor(send: (events: readonly EmittedEvent[]) => void) {
    this.#send = send;
  }

  /**
   * Emits an event. The events of one turn cross the wall in one message.
   *
   * @param topic dot-separated, for example `head.forward_start`
   * @param payload plain data
   * @returns when the event is on its way (not when somebody has heard it)
   */
  emit(topic: string, payload: WireValue = null): Promise<void> {
    if (this.#queue.push({ topic, payload }) === 1) queueMicrotask(() => this.#flush());
    return Promise.resolve();
  }

  #flush(): void {
    const events = this.#queue;
    this.#queue = [];
    this.#send(events);
  }
}

/**
 * Events that wait while two versions of a plugin are exchanged, in their order.
 *
 * As many may wait as a channel would let wait: telemetry beyond a window is dropped and counted, and an emit
 * beyond ten thousand is refused, because a reload that takes long must not make the host's memory grow.
 *
 * @module
 */
import type { BusEvent } from "../bus/event.ts";
import { isTelemetry } from "../bus/events.ts";
import { KBertError } from "../wall/errors.ts";
import { EVENT_WINDOW } from "../wall/protocol.ts";

/** Events that wait at most. */
const MAX_HELD = 10_000;

interface Waiting {
  readonly event: BusEvent;
  send(): Promise<void> | undefined;
  readonly done: PromiseWithResolvers<void>;
}

/** See the module's text. Whoever made it releases or discards it. */
export class HeldEvents {
  readonly #onDropped: (count: number) => void;
  readonly #waiting: Waiting[] = [];

  /** @param onDropped hears of telemetry that found no room */
  constructor(onDropped: (count: number) => void) {
    this.#onDropped = onDropped;
  }

  /**
   * Keeps an event. Answers when it was sent or discarded; of telemetry, nobody waits for that.
   *
   * @throws {KBertError} `wall/frame` if too many wait
   */
  add(event: BusEvent, send: () => Promise<void> | undefined): Promise<void> | undefined {
    const { topic } = event;
    const isPost = isTelemetry(topic);
    if (isPost && this.#waiting.length >= EVENT_WINDOW) {
      this.#onDropped(1);
      return undefined;
    }
    if (this.#waiting.length >= MAX_HELD) {
      const message = `Cannot pass ${topic} on: ${MAX_HELD} events wait already for a plugin to be reloaded`;
      throw new KBertError("wall/frame", message, { limit: MAX_HELD, value: this.#waiting.length });
    }
    const done = Promise.withResolvers<void>();
    this.#waiting.push({ event, send, done });
    return isPost ? undefined : done.promise;
  }

  /** Those that must not be lost: telemetry may be. */
  get emitted(): readonly BusEvent[] {
    return this.#waiting.map(({ event }) => event).filter(({ topic }) => !isTelemetry(topic));
  }

  /** Sends them all, in the order in which they were emitted. */
  release(): void {
    const waiting = this.#waiting.splice(0).sort((a, b) => a.event.sequence - b.event.sequence);
    for (const { send, done } of waiting) done.resolve(send());
  }

  /** Forgets them: another version of the plugin has heard them. */
  discard(): void {
    for (const { done } of this.#waiting.splice(0)) done.resolve();
  }
}

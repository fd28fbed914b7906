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

/** See the module's text. Whoever made it releases or discards it. */
export class HeldEvents {
  readonly #onDropped: (count: number) => void;
  readonly #waiting: { send(): Promise<void> | undefined; readonly done: PromiseWithResolvers<void> }[] = [];

  /** @param onDropped hears of telemetry that found no room */
  constructor(onDropped: (count: number) => void) {
    this.#onDropped = onDropped;
  }

  /**
   * Keeps an event. Answers when it was sent or discarded; of telemetry, nobody waits for that.
   *
   * @throws {KBertError} `wall/frame` if too many wait
   */
  add({ topic }: Pick<BusEvent, "topic">, send: () => Promise<void> | undefined): Promise<void> | undefined {
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
    this.#waiting.push({ send, done });
    return isPost ? undefined : done.promise;
  }

  /** Sends them all. */
  release(): void {
    for (const { send, done } of this.#waiting.splice(0)) done.resolve(send());
  }

  /** Forgets them: another version of the plugin has heard them. */
  discard(): void {
    for (const { done } of this.#waiting.splice(0)) done.resolve();
  }
}

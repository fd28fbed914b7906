/**
 * The event bus that a test hands to a plugin: the one that plugins get, as strict as it is in a worker.
 *
 * In a worker, a payload is written as JSON and sent; what cannot cross is refused. On a bus that stands alone
 * nothing would cross and nothing be refused, and the mistake would come to light in the first training run. So
 * this bus checks payloads as the wall does.
 *
 * @module
 */
import type { EmitOptions } from "../../../core/bus/event.ts";
import type { RuntimeEvents } from "../../../core/bus/events.ts";
import type { KnownTopic, PayloadOf, TopicText } from "../../../core/bus/topics.ts";
import { encodeValue, type WireValue } from "../../../core/wall/values.ts";
import { EventBus } from "../event_bus.ts";
import type { EventRecorder } from "./event_recorder.ts";

/** A bus of its own whose events are recorded. Its listeners hear what is emitted on it, as on any bus. */
export class RecordingBus<Events extends object = RuntimeEvents> extends EventBus<Events> {
  readonly #ownListeners: number;

  /** @param recorder remembers the events */
  constructor(recorder: EventRecorder) {
    super();
    recorder.watch(this as unknown as EventBus);
    this.#ownListeners = super.listenerCount;
  }

  /** Those of the plugin and of the test. */
  override get listenerCount(): number {
    return super.listenerCount - this.#ownListeners;
  }

  /** @throws {KBertError} `event/topic` for what is no topic, `wall/frame` if the payload cannot cross */
  override async emit<const Topic extends TopicText<Events>>(
    topic: Topic & KnownTopic<Events, Topic>,
    payload: PayloadOf<Events, Topic>,
    options?: EmitOptions,
  ): Promise<void> {
    requireWireValue(payload);
    await super.emit(topic, payload, options);
  }

  /** @throws {KBertError} as {@linkcode RecordingBus.emit} does */
  override post<const Topic extends TopicText<Events>>(
    topic: Topic & KnownTopic<Events, Topic>,
    payload: PayloadOf<Events, Topic>,
  ): void {
    requireWireValue(payload);
    super.post(topic, payload);
  }
}

function requireWireValue(payload: unknown): void {
  encodeValue(payload as WireValue, [], []); // its buffers are copied, not moved
}

/**
 * Remembers every event of the buses of a test, in one list and in the order in which they were delivered.
 *
 * Payloads are copied when they are recorded: a sender that goes on writing into the same object must not change
 * what a test sees of the past. The list has no limit, because an assertion about what was not emitted is only as
 * good as the list is complete.
 *
 * @module
 */
import type { BusEvent } from "../../../core/bus/event.ts";
import type { EventBus } from "../../../core/bus/event_bus.ts";
import { matchesTopic } from "../../../core/bus/topics.ts";

/** Listens to the buses that it is given, until they are disposed of. */
export class EventRecorder {
  readonly #events: BusEvent[] = [];
  #listeners = 0;

  /** All events, oldest first. */
  get events(): readonly BusEvent[] {
    return this.#events;
  }

  /** How many listeners of the ledger are this recorder's own. */
  get listeners(): number {
    return this.#listeners;
  }

  /** Records what the bus delivers from now on, before any other listener hears it. */
  watch(bus: EventBus): void {
    const record = (payload: unknown, event: BusEvent): void => {
      this.#events.push({ ...event, payload: copied(payload) });
    };
    bus.on(">", record, { priority: Infinity });
    this.#listeners++;
  }

  /** Those that a topic or pattern matches. */
  matching(pattern: string): readonly BusEvent[] {
    return this.#events.filter(({ topic }) => matchesTopic(pattern, topic));
  }
}

/** On a bus of the host, whose events cross no wall, a payload may be something that has no copy. */
function copied(payload: unknown): unknown {
  try {
    return structuredClone(payload);
  } catch {
    return payload;
  }
}

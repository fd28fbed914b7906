/**
 * Where a logger and a collector of metrics put what they have: an event bus, or what looks like one.
 *
 * @module
 */

/** Takes an event and does not let its sender wait; an event bus is one. */
export interface EventSink {
  post(topic: string, payload: unknown): void;
}

/**
 * Posts what only tells how things go. A sink that throws is not the business of whoever is told about, so
 * the event is lost.
 */
export function tell(sink: EventSink, topic: string, payload: unknown): void {
  try {
    sink.post(topic, payload);
  } catch {
    // There is no better place to report it than the one that just failed.
  }
}

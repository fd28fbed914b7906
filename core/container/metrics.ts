/**
 * Measurements as events: how long something took, how often it happened, how much there is.
 *
 * Each is posted by itself as `metrics.recorded`; adding them up is the listener's work, because only the host
 * hears all plugins. A value that is not finite is not posted: it would make every sum worthless. It must
 * not end a training run either, so the first of each name is told as a warning and the rest is dropped.
 *
 * @module
 */
import { messageOf } from "../wall/errors.ts";
import { printable } from "../wall/failure.ts";
import { type EventSink, tell } from "./sink.ts";

export type MetricKind = "timer" | "counter" | "gauge";

/** The payload of `metrics.recorded`. */
export interface MetricRecord {
  readonly name: string;
  readonly kind: MetricKind;
  /** Of a timer how long it ran, of a counter how much was added, of a gauge how much there is. */
  readonly value: number;
  /** What the value is counted in, like `ms`; empty for a plain number. */
  readonly unit: string;
}

export interface MetricsOptions {
  /** Milliseconds that never go back. @default {performance.now} */
  readonly now?: () => number;
}

/** Longest name, in characters. */
const MAX_NAME = 128;
const MAX_UNIT = 32;
/** Of how many names a value that is not finite is told. */
const MAX_TOLD = 100;

/**
 * Posts measurements. It never throws because of one.
 *
 * @example
 * ```ts
 * import { MetricsCollector } from "./metrics.ts";
 * import { assertEquals } from "../deps/assert.ts";
 *
 * const posted: unknown[] = [];
 * const metrics = new MetricsCollector({ post: (_topic, payload) => posted.push(payload) }, { now: () => 0 });
 * {
 *   using _ = metrics.timer("feature_extraction");
 *   metrics.count("samples", 32);
 * }
 * assertEquals(posted, [
 *   { name: "samples", kind: "counter", value: 32, unit: "" },
 *   { name: "feature_extraction", kind: "timer", value: 0, unit: "ms" },
 * ]);
 * ```
 */
export class MetricsCollector {
  readonly #sink: EventSink;
  readonly #now: () => number;
  /** The names of which it was told that a value is not finite. */
  readonly #told = new Set<string>();

  /** @param sink an event bus; it stays the caller's */
  constructor(sink: EventSink, { now = () => performance.now() }: MetricsOptions = {}) {
    this.#sink = sink;
    this.#now = now;
  }

  /** A timer that runs, and is posted when it is disposed of: `using _ = metrics.timer("forward")`. */
  timer(name: string): Timer {
    return new Timer(this.#now, (elapsedMs) => this.#record(name, "timer", elapsedMs, "ms"));
  }

  /** Adds to a counter. */
  count(name: string, by = 1): void {
    this.#record(name, "counter", by, "");
  }

  /** Tells how much there is now, in what unit. */
  gauge(name: string, value: number, unit = ""): void {
    this.#record(name, "gauge", value, unit);
  }

  #record(name: string, kind: MetricKind, value: number, unit: string): void {
    const shownName = printable(messageOf(name), MAX_NAME);
    if (!Number.isFinite(value)) return this.#refuse(shownName, kind, value);
    const record: MetricRecord = { name: shownName, kind, value, unit: printable(messageOf(unit), MAX_UNIT) };
    tell(this.#sink, "metrics.recorded", record);
  }

  #refuse(name: string, kind: MetricKind, value: unknown): void {
    if (this.#told.has(name) || this.#told.size >= MAX_TOLD) return;
    this.#told.add(name);
    const found = printable(messageOf(value), MAX_NAME);
    const message = `The ${kind} ${name} is not recorded while it is not a finite number: it is ${found}`;
    tell(this.#sink, "log.warning", { message, fields: { name, kind, value: found } });
  }
}

/** The time since it was made. Disposing of it records the time, once. */
export class Timer implements Disposable {
  readonly #now: () => number;
  readonly #startMs: number;
  readonly #record: (elapsedMs: number) => void;
  #endMs: number | undefined;

  constructor(now: () => number, record: (elapsedMs: number) => void) {
    this.#now = now;
    this.#record = record;
    this.#startMs = now();
  }

  /** Milliseconds until now, or until it was disposed of; never less than 0. */
  get elapsedMs(): number {
    return Math.max(0, (this.#endMs ?? this.#now()) - this.#startMs);
  }

  [Symbol.dispose](): void {
    if (this.#endMs !== undefined) return;
    this.#endMs = this.#now();
    this.#record(this.elapsedMs);
  }
}

/**
 * What all measurements of a run come to, by who measured and what: for the end of a run and for `--json`.
 *
 * It holds a few numbers for each name, however long a run is, and a bounded number of names, because names
 * come from plugins: one that writes the step into the name must not fill the memory.
 *
 * @module
 */
import { printable } from "../wall/failure.ts";
import type { MetricKind, MetricRecord } from "./metrics.ts";

/** What the measurements of one name come to; plain data. */
export interface MetricSummary {
  readonly name: string;
  readonly kind: MetricKind;
  readonly unit: string;
  readonly count: number;
  readonly total: number;
  readonly min: number;
  readonly max: number;
  readonly last: number;
}

/** What one source measured, in the order of first appearance; plain data. */
export interface SourceSummary {
  readonly source: string;
  readonly metrics: readonly MetricSummary[];
  /** Records that are in no summary: of one name too many, or no records at all. */
  readonly dropped: number;
}

interface Source {
  readonly metrics: Map<string, MetricSummary>;
  dropped: number;
}

/** Most names of one source. */
const MAX_NAMES = 1_000;
/** As in {@linkcode MetricRecord}: the other side may not have kept to it. */
const MAX_NAME = 128;
const MAX_UNIT = 32;
const KINDS: ReadonlySet<unknown> = new Set<MetricKind>(["timer", "counter", "gauge"]);

/**
 * Adds measurements up.
 *
 * @example
 * ```ts
 * import { MetricsSummary } from "./metrics_summary.ts";
 * import { assertEquals } from "../deps/assert.ts";
 *
 * const summary = new MetricsSummary();
 * for (const value of [30, 10]) summary.add("spam_head", { name: "forward", kind: "timer", value, unit: "ms" });
 * const forward = summary.snapshot()[0]?.metrics[0];
 * assertEquals([forward?.name, forward?.count, forward?.total, forward?.max], ["forward", 2, 40, 30]);
 * ```
 */
export class MetricsSummary {
  readonly #sources = new Map<string, Source>();

  /**
   * Adds one measurement. One that is none is counted as dropped; nothing is thrown.
   *
   * @param source who measured, by the word of somebody who knows: there are as many as have ever been given
   * @param record the payload of `metrics.recorded`, whatever it really is
   */
  add(source: string, record: unknown): void {
    const entry = this.#sources.get(source) ?? { metrics: new Map(), dropped: 0 };
    this.#sources.set(source, entry);
    const known = recordOf(record);
    // Two kinds of one name are two things.
    const key = known && `${known.kind} ${known.name}`;
    const before = key === undefined ? undefined : entry.metrics.get(key);
    if (!known || key === undefined || !before && entry.metrics.size >= MAX_NAMES) entry.dropped++;
    else entry.metrics.set(key, added(before, known));
  }

  /** A copy of everything so far. */
  snapshot(): SourceSummary[] {
    return [...this.#sources].map(([source, { metrics, dropped }]) => ({
      source,
      metrics: [...metrics.values()],
      dropped,
    }));
  }
}

function added(before: MetricSummary | undefined, { name, kind, value, unit }: MetricRecord): MetricSummary {
  const { count, total, min, max } = before ?? { count: 0, total: 0, min: value, max: value };
  // Sums of finite numbers may not be finite, and JSON has no infinity.
  const sum = Math.max(-Number.MAX_VALUE, Math.min(Number.MAX_VALUE, total + value));
  return {
    name,
    kind,
    unit,
    count: count + 1,
    total: sum,
    min: Math.min(min, value),
    max: Math.max(max, value),
    last: value,
  };
}

/** A record that comes from the other side of the wall, if it is one. */
function recordOf(record: unknown): MetricRecord | undefined {
  try {
    const { name, kind, value, unit = "" } = record as Record<string, unknown>;
    const isRecord = typeof name === "string" && KINDS.has(kind) && Number.isFinite(value);
    if (!isRecord || typeof unit !== "string") return undefined;
    return {
      name: printable(name, MAX_NAME),
      kind: kind as MetricKind,
      value: value as number,
      unit: printable(unit, MAX_UNIT),
    };
  } catch {
    return undefined;
  }
}

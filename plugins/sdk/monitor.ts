/**
 * A metric that a callback watches: which direction is better, and by how much a value has to be.
 *
 * To be exactly `min_delta` better is not enough, as in the plugin guide. What is not finite is never better
 * than anything: a loss that became NaN uses up the patience of whoever waits, and never stands as the best.
 *
 * @module
 */
import type { Logs } from "./callback.ts";

/** Whether lower or higher is better; `auto` goes by the metric's name. */
export type MonitorMode = "auto" | "min" | "max";

/** What is watched, and how; settings of a callback are such options. */
export interface MonitorOptions {
  /** The metric's name in the logs, such as `val_loss`. */
  readonly monitor: string;
  /** @default {"auto"} */
  readonly mode?: MonitorMode;
  /** What an improvement has to be larger than, in the metric's own unit. @default {0} */
  readonly min_delta?: number;
}

/** Names that end so are of metrics that measure what is wrong. */
const MINIMIZED = /(?:loss|error|mae|mse|rmse|perplexity)$/i;

/**
 * Reads and compares one metric. It remembers nothing: the best value stays with its callback, which has to
 * write it into checkpoints.
 *
 * In the mode `auto`, a metric is minimized if its name ends in `loss`, `error`, `mae`, `mse`, `rmse` or
 * `perplexity`, in letters of any case, and maximized otherwise.
 *
 * @example
 * ```ts
 * import { Monitor } from "./monitor.ts";
 * import { assertEquals } from "../../core/deps/assert.ts";
 *
 * const monitor = new Monitor({ monitor: "val_loss", min_delta: 0.25 });
 * assertEquals(monitor.direction, "min");
 *
 * let best: number | undefined;
 * const improved = [1, 0.75, 0.5, NaN].map((val_loss) => {
 *   const value = monitor.read({ val_loss });
 *   if (value === undefined || !monitor.isBetter(value, best)) return false;
 *   best = value;
 *   return true;
 * });
 * assertEquals(improved, [true, false, true, false]);
 * ```
 */
export class Monitor {
  /** Of the metric. */
  readonly name: string;
  /** Which values are better. */
  readonly direction: "min" | "max";
  readonly #minDelta: number;

  constructor({ monitor, mode = "auto", min_delta = 0 }: MonitorOptions) {
    this.name = monitor;
    this.direction = mode === "auto" ? (MINIMIZED.test(monitor) ? "min" : "max") : mode;
    this.#minDelta = min_delta;
  }

  /** The metric's value, which may be NaN; undefined if it was not measured. */
  read(logs: Logs): number | undefined {
    return Object.hasOwn(logs, this.name) ? logs[this.name] : undefined;
  }

  /** Whether a value is better than the best one by more than `min_delta`; the first finite one always is. */
  isBetter(value: number, best: number | undefined): boolean {
    if (!Number.isFinite(value)) return false;
    if (best === undefined) return true;
    return this.direction === "min" ? value < best - this.#minDelta : value > best + this.#minDelta;
  }

  /** For an event `callback.warning`: that these logs do not have the metric, and what they have. */
  notFoundIn(logs: Logs): string {
    const names = Object.keys(logs).join(", ") || "nothing";
    return `Monitor metric '${this.name}' not found in logs, which have ${names}`;
  }
}

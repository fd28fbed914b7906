/**
 * How long the sample calls of a plugin take, through the wall and back, and how that compares with the version
 * before.
 *
 * All calls are made once in their order, and then all of them again: what a call does to a plugin (a moment of a
 * training, a step) comes in an order that makes sense each time.
 *
 * @module
 */
import type { Plugin } from "../plugins/plugin.ts";
import { messageOf } from "../wall/errors.ts";
import type { SampleCall } from "./sample_calls.ts";

/** What was measured of one call. */
export interface CallTiming {
  readonly name: string;
  readonly samples: number;
  /** In milliseconds; undefined if no call was answered. The middle one, of an even number the upper. */
  readonly medianMs: number | undefined;
  /** 95 % of the calls took no longer (nearest rank). */
  readonly p95Ms: number | undefined;
  /** What the first call that failed said. */
  readonly error: string | undefined;
}

/** How is measured. */
export interface CallTimingOptions {
  /** Rounds that do not count: engines compile, caches fill. @default {3} */
  readonly warmUp?: number;
  /** Most rounds that count. @default {40} */
  readonly rounds?: number;
  /** After so many milliseconds no other round is begun. @default {2_000} */
  readonly budgetMs?: number;
  /** Longest that one message may take: a plugin that loops is to be told of soon. @default {5_000} */
  readonly timeoutMs?: number;
  readonly signal?: AbortSignal;
}

/**
 * Makes the calls that the plugin has. One that fails is not made again.
 *
 * @throws the signal's reason
 * @example
 * ```ts
 * import { timeCalls } from "./call_timings.ts";
 * import type { Plugin } from "../plugins/plugin.ts";
 * import { assertEquals } from "../deps/assert.ts";
 *
 * const call = { name: "nothing", repeats: true, appliesTo: () => true, run: () => Promise.resolve() };
 * const [timing] = await timeCalls({} as Plugin, [call], { rounds: 5 });
 * assertEquals([timing?.name, timing?.samples], ["nothing", 5]);
 * ```
 */
export async function timeCalls(
  plugin: Plugin,
  calls: readonly SampleCall[],
  { warmUp = 3, rounds = 40, budgetMs = 2_000, timeoutMs = 5_000, signal }: CallTimingOptions = {},
): Promise<CallTiming[]> {
  const ofPlugin = calls.filter((call) => call.appliesTo(plugin));
  const times = new Map<SampleCall, number[]>(ofPlugin.map((call) => [call, []]));
  const errors = new Map<SampleCall, string>();
  const begunMs = performance.now();
  for (let round = -warmUp; round < rounds; round++) {
    if (round > 0 && performance.now() - begunMs > budgetMs) break;
    for (const call of ofPlugin) {
      signal?.throwIfAborted();
      if (errors.has(call)) continue;
      const startMs = performance.now();
      try {
        await call.run(plugin, { timeoutMs, ...(signal && { signal }) });
        if (round >= 0) times.get(call)!.push(performance.now() - startMs);
      } catch (error) {
        signal?.throwIfAborted();
        errors.set(call, messageOf(error));
      }
    }
  }
  return ofPlugin.map((call) => timingOf(call.name, times.get(call)!, errors.get(call)));
}

/**
 * Lines of a table: each call with its median, 95th percentile, number of samples, and how its median differs from
 * that of the version before.
 *
 * @param before of the version before, if there was one
 * @example
 * ```ts
 * import { timingLines } from "./call_timings.ts";
 * import { assertEquals } from "../deps/assert.ts";
 *
 * const now = [{ name: "predict", samples: 40, medianMs: 1.5, p95Ms: 2, error: undefined }];
 * assertEquals(timingLines(now, [{ ...now[0]!, medianMs: 1 }]), [
 *   "call       median      p95   of   before",
 *   "predict   1.50 ms  2.00 ms   40    +50 %",
 * ]);
 * ```
 */
export function timingLines(now: readonly CallTiming[], before: readonly CallTiming[] = []): string[] {
  const rows = now.map(({ name, samples, medianMs, p95Ms, error }) => {
    if (error !== undefined || medianMs === undefined || p95Ms === undefined) {
      return [name, error ?? "no answer"];
    }
    const was = before.find((one) => one.name === name)?.medianMs;
    return [
      name,
      shown(medianMs),
      shown(p95Ms),
      `${samples}`,
      was === undefined ? "" : change(medianMs / was),
    ];
  });
  const titles = ["call", "median", "p95", "of", before.length > 0 ? "before" : ""];
  const width = Math.max(...[titles, ...rows].map(([name]) => name!.length));
  return [titles, ...rows].map((cells) => {
    if (cells.length === 2) return `${cells[0]!.padEnd(width)}  ${cells[1]}`;
    const [name, median, p95, of, difference] = cells as [string, string, string, string, string];
    return `${name.padEnd(width)} ${median.padStart(9)} ${p95.padStart(8)} ${of.padStart(4)} ${
      difference.padStart(8)
    }`
      .trimEnd();
  });
}

function timingOf(name: string, times: readonly number[], error: string | undefined): CallTiming {
  const sorted = times.toSorted((one, other) => one - other);
  const p95Ms = sorted[Math.ceil(0.95 * sorted.length) - 1];
  return { name, samples: sorted.length, medianMs: sorted[sorted.length >> 1], p95Ms, error };
}

function shown(ms: number): string {
  return ms < 100 ? `${ms.toFixed(2)} ms` : `${ms.toFixed(0)} ms`;
}

function change(ratio: number): string {
  const percent = Math.round(100 * (ratio - 1));
  return `${percent > 0 ? "+" : ""}${percent} %`;
}

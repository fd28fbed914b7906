/**
 * How much a plugin may do at once: the user's limits, or ours, and never more than its manifest says itself.
 *
 * A manifest can only tighten. Whoever could raise his own limit would have none.
 *
 * @module
 */
import type { PluginManifest } from "../manifest/schema.ts";
import { DEFAULT_CALL_TIMEOUT_MS } from "../wall/options.ts";
import { SANDBOX_LIMITS } from "../wall/sandbox.ts";

/** What is limited. */
export interface PluginLimits {
  /** Longest phase, and longest call whose caller says nothing else, in milliseconds. @default {30_000} */
  readonly callMs: number;
  /** Calls and streams that may be open at once: each holds its arguments. @default {200} */
  readonly openCalls: number;
  /** Events and log lines that are taken in a second; a faster plugin is slowed. @default {100_000} */
  readonly eventsPerSecond: number;
  /**
   * Memory in MiB: resident beyond what its process takes without it, in the tier `process`; what it holds of
   * objects and buffers, in the tier `worker`. @default {1_024}
   */
  readonly memoryMb: number;
  /** JavaScript objects in MiB. @default {512} */
  readonly heapMb: number;
}

/** See {@linkcode PluginLimits}. A worker serves 256 calls at once, and some are the phases of its life. */
export const PLUGIN_LIMITS: PluginLimits = {
  callMs: DEFAULT_CALL_TIMEOUT_MS,
  openCalls: 200,
  eventsPerSecond: 100_000,
  ...SANDBOX_LIMITS,
};

/**
 * What holds for one use of a plugin.
 *
 * @param wanted by the user, who may also raise a limit
 * @example
 * ```ts
 * import { effectiveLimits, PLUGIN_LIMITS } from "./limits.ts";
 * import { assertEquals } from "../deps/assert.ts";
 *
 * const limits = effectiveLimits({ limits: { callMs: 5_000, eventsPerSecond: 1e9 } }, { openCalls: 10 });
 * assertEquals(limits, { ...PLUGIN_LIMITS, callMs: 5_000, openCalls: 10 });
 * ```
 */
export function effectiveLimits(
  { limits }: { readonly limits: Partial<PluginManifest["limits"]> },
  wanted: Partial<PluginLimits> = {},
): PluginLimits {
  const least = (name: keyof PluginLimits): number =>
    Math.min(wanted[name] ?? PLUGIN_LIMITS[name], limits[name] ?? Infinity);
  return {
    callMs: least("callMs"),
    openCalls: least("openCalls"),
    eventsPerSecond: least("eventsPerSecond"),
    memoryMb: least("memoryMb"),
    heapMb: least("heapMb"),
  };
}

/**
 * Runs feature extractors over a table, one after the other, and keeps what they made.
 *
 * What an extractor makes of a table is known by its code, its settings and the table's content. So a result is
 * kept under the hash of all three, as an Arrow file, and an extractor that has nothing new to do is not even
 * started.
 *
 * @module
 */
import type { Table } from "../table/table.ts";
import { fromWire, toWire, type WireTable } from "../table/wire.ts";
import type { PluginImage } from "../security/image.ts";
import { KBertError, messageOf } from "../wall/errors.ts";
import type { WireValue } from "../wall/values.ts";
import type { FeatureCache } from "./feature_cache.ts";

/** An extractor that can be started. */
export interface Extractor {
  readonly image: PluginImage;
  readonly settings: Readonly<Record<string, unknown>>;
  /** Runs it; the wire form that is given is not moved. */
  start(): Promise<ExtractorPlugin>;
}

/** One that runs; whoever started it disposes of it. */
export interface ExtractorPlugin extends AsyncDisposable {
  call(
    method: string,
    args: readonly WireValue[],
    options?: { transfer?: ArrayBuffer[]; timeoutMs?: number; signal?: AbortSignal },
  ): Promise<WireValue>;
}

/** How features are extracted. */
export interface ExtractOptions {
  /** Where results are kept. @default {nowhere} */
  readonly cache?: FeatureCache;
  /** What becomes of an extractor that fails: the whole ends with its error, or goes on without its columns. @default {"abort"} */
  readonly onFailure?: "abort" | "skip";
  /** Longest that one may take, in milliseconds. @default {that of its limits} */
  readonly timeoutMs?: number;
  readonly signal?: AbortSignal;
}

/** What came of one extractor. */
export interface ExtractReport {
  readonly plugin: string;
  readonly outcome: "computed" | "cached" | "skipped";
  readonly newColumns: readonly string[];
  readonly milliseconds: number;
  /** Of one that was skipped. */
  readonly error?: string;
}

/** The table with all features, and what came of each extractor in their order. */
export interface ExtractResult {
  readonly table: Table;
  readonly reports: readonly ExtractReport[];
}

/**
 * Extracts features; each extractor is given the columns of those before it. The table stays the caller's.
 *
 * @throws {KBertError} what an extractor that fails throws, unless `onFailure` is `skip`
 */
export async function extractFeatures(
  extractors: readonly Extractor[],
  table: Table,
  options: ExtractOptions = {},
): Promise<ExtractResult> {
  let current = table;
  const reports: ExtractReport[] = [];
  for (const extractor of extractors) {
    const started = performance.now();
    const plugin = extractor.image.manifest.name;
    try {
      const { features, outcome } = await featuresOf(extractor, current, options);
      current = current.with(features.columns);
      const milliseconds = performance.now() - started;
      reports.push({ plugin, outcome, newColumns: features.names, milliseconds });
    } catch (error) {
      if (options.onFailure !== "skip" || isAborted(error)) throw error;
      const milliseconds = performance.now() - started;
      reports.push({ plugin, outcome: "skipped", newColumns: [], milliseconds, error: messageOf(error) });
    }
  }
  return { table: current, reports };
}

async function featuresOf(
  extractor: Extractor,
  table: Table,
  { cache, timeoutMs, signal }: ExtractOptions,
): Promise<{ features: Table; outcome: "computed" | "cached" }> {
  signal?.throwIfAborted();
  const key = await cache?.keyOf(extractor, table);
  const kept = key === undefined ? undefined : await cache?.get(key, table.rows);
  if (kept) return { features: kept, outcome: "cached" };
  await using plugin = await extractor.start();
  const answer = await plugin.call("extractFeatures", [toWire(table) as unknown as WireValue], {
    transfer: [], // the table stays here, so that the guard can compare
    ...(timeoutMs !== undefined && { timeoutMs }),
    ...(signal && { signal }),
  });
  const all = fromWire(answer as unknown as WireTable);
  const features = all.select(all.names.filter((name) => !table.has(name)));
  if (key !== undefined) await cache?.put(key, features);
  return { features, outcome: "computed" };
}

function isAborted(error: unknown): boolean {
  return error instanceof KBertError && error.code === "call/aborted" ||
    error instanceof DOMException && error.name === "AbortError";
}

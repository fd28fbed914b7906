/**
 * Runs feature extractors over a table, one after the other, and keeps what they made.
 *
 * What an extractor makes of a table is known by its code, its settings and the table's content. So a result is
 * kept under the hash of all three, as an Arrow file, and an extractor that has nothing new to do is not even
 * started.
 *
 * @module
 */
import type { ExtractReport } from "../table/extract_report.ts";
import type { Table } from "../table/table.ts";
import { fromWire, toWire } from "../table/wire.ts";
import type { PluginImage } from "../security/image.ts";
import { messageOf } from "../wall/errors.ts";
import { failureKind } from "../wall/poison.ts";
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
  /** Of its code now, which a reload may have exchanged. */
  readonly image: Pick<PluginImage, "sha256">;
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
  /**
   * What becomes of an extractor that fails: the whole ends with its error, or goes on without its columns.
   * @default {"abort"}
   */
  readonly onFailure?: "abort" | "skip";
  /** Longest that one may take, in milliseconds. @default {that of its limits} */
  readonly timeoutMs?: number;
  readonly signal?: AbortSignal;
}

/** The table with all features, and what came of each extractor in their order. */
export interface ExtractResult {
  readonly table: Table;
  readonly reports: readonly ExtractReport[];
}

/**
 * Extracts features; each extractor is given the columns of those before it. The table stays the caller's.
 *
 * @throws what an extractor that fails throws, unless `onFailure` is `skip`; the signal's reason; and what writing
 * to the cache throws, which is no failure of an extractor
 */
export async function extractFeatures(
  extractors: readonly Extractor[],
  table: Table,
  options: ExtractOptions = {},
): Promise<ExtractResult> {
  let current = table;
  const reports: ExtractReport[] = [];
  for (const extractor of extractors) {
    options.signal?.throwIfAborted();
    const started = performance.now();
    const { features, ...outcome } = await extract(extractor, current, options);
    if (features) current = current.with(features.columns);
    reports.push({
      ...{ plugin: extractor.image.manifest.name, ...outcome, newColumns: features?.names ?? [] },
      milliseconds: performance.now() - started,
    });
  }
  return { table: current, reports };
}

/** New columns, unless it was skipped. */
interface Extracted extends Pick<ExtractReport, "outcome" | "error" | "failure"> {
  readonly features?: Table;
}

/** New columns, and which code made them. */
interface Made {
  readonly features: Table;
  readonly sha256: string;
}

async function extract(extractor: Extractor, table: Table, options: ExtractOptions): Promise<Extracted> {
  const { cache } = options;
  if (cache === undefined) {
    const { sha256: _, ...made } = await attempt(extractor, table, options);
    return made;
  }
  const key = await cache.keyOf(extractor, table);
  const kept = await cache.get(key, table.rows);
  if (kept) return { outcome: "cached", features: kept };
  const { sha256, ...made } = await attempt(extractor, table, options);
  // One that was reloaded meanwhile made them with other code than the key says.
  if (made.features && sha256 === extractor.image.sha256) await cache.put(key, made.features);
  return made;
}

async function attempt(
  extractor: Extractor,
  table: Table,
  options: ExtractOptions,
): Promise<Extracted & Partial<Made>> {
  try {
    return { outcome: "computed", ...await newColumnsOf(extractor, table, options) };
  } catch (error) {
    if (options.onFailure !== "skip" || options.signal?.aborted) throw error;
    return { outcome: "skipped", error: messageOf(error), failure: failureKind(error) };
  }
}

async function newColumnsOf(
  extractor: Extractor,
  table: Table,
  { timeoutMs, signal }: ExtractOptions,
): Promise<Made> {
  await using plugin = await extractor.start();
  const answer = await plugin.call("extractFeatures", [toWire(table) as unknown as WireValue], {
    transfer: [], // the table stays here, so that the guard can compare
    ...(timeoutMs !== undefined && { timeoutMs }),
    ...(signal && { signal }),
  });
  const all = fromWire(answer);
  const features = all.select(all.names.filter((name) => !table.has(name)));
  return { features, sha256: plugin.image.sha256 };
}

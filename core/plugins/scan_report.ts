/**
 * What a scan for plugins saw, for programs and in words.
 *
 * A report is data: it holds no files open, and a plugin that it names may be gone by now.
 *
 * @module
 */
import { printable } from "../manifest/problems.ts";
import type { PluginManifest } from "../manifest/schema.ts";
import type { KBertError } from "../wall/errors.ts";
import type { PlaceKind } from "./places.ts";

/** A plugin that may be loaded. */
export interface FoundPlugin {
  readonly manifest: PluginManifest;
  /** Its real path: two ways to one folder are one plugin. */
  readonly folder: string;
  /** The place it was found in, as the caller wrote it. */
  readonly place: string;
  readonly kind: PlaceKind;
}

/** Something that is not a plugin, and was probably meant to be one. */
export interface DiscoveryProblem {
  /** The plugin's folder, or the place. */
  readonly path: string;
  /**
   * `manifest` and `incompatible` are about what plugin.yaml says; `duplicate` is a second plugin of a name;
   * `link` leads out of its folder or nowhere; `missing` is a place that the caller named.
   */
  readonly code: "manifest" | "incompatible" | "duplicate" | "link" | "limit" | "missing" | "unreadable";
  /** For people, and safe to print; of a manifest, one line for each problem. */
  readonly message: string;
  /** The plugin's name, if its manifest could be read. */
  readonly plugin?: string;
  readonly error?: KBertError;
}

/** What a scan saw. */
export interface ScanReport {
  /** By place, then by folder; each name once. */
  readonly found: readonly FoundPlugin[];
  readonly problems: readonly DiscoveryProblem[];
  /** Places that there is no right to read. */
  readonly skipped: readonly { readonly place: string; readonly reason: string }[];
  /** All others, as the caller wrote them. */
  readonly places: readonly string[];
}

/**
 * The problem that `loser` is, which has the name of a plugin that comes before it.
 *
 * @example
 * ```ts
 * import { duplicateOf, type FoundPlugin } from "./scan_report.ts";
 * import { parseManifest } from "../manifest/schema.ts";
 * import { assertEquals } from "../deps/assert.ts";
 *
 * const text = "name: spam\nversion: 1.0.0\nentry_points: {plugin: a:A}";
 * const manifest = parseManifest(text, "plugin.yaml");
 * const first: FoundPlugin = { manifest, folder: "/work/plugins/a", place: "plugins", kind: "project" };
 *
 * const { message } = duplicateOf(first, { ...first, folder: "/work/plugins/b" });
 * assertEquals(
 *   message,
 *   "Two plugins are called spam: /work/plugins/a is used, because its folder comes first by name, " +
 *     "and /work/plugins/b is not; rename one of them in its plugin.yaml",
 * );
 * ```
 */
export function duplicateOf(winner: FoundPlugin, loser: FoundPlugin): DiscoveryProblem {
  const { name } = loser.manifest;
  const why = winner.place === loser.place
    ? "its folder comes first by name"
    : `${printable(winner.place)} comes before ${printable(loser.place)}`;
  const message = `Two plugins are called ${name}: ${printable(winner.folder)} is used, because ${why}, ` +
    `and ${printable(loser.folder)} is not; rename one of them in its plugin.yaml`;
  return { path: loser.folder, code: "duplicate", message, plugin: name };
}

/**
 * A report as lines of plain text, without a line break at the end.
 *
 * @example
 * ```ts
 * import { formatScan } from "./scan_report.ts";
 * import { assertEquals } from "../deps/assert.ts";
 *
 * const skipped = [{ place: "~/plugins", reason: "HOME is not set" }];
 * const text = formatScan({ found: [], problems: [], skipped, places: ["plugins"] });
 * assertEquals(text, "No plugins in plugins\nNot looked into:\n  ~/plugins: HOME is not set");
 * ```
 */
export function formatScan({ found, problems, skipped, places }: ScanReport): string {
  const lines: string[] = [];
  const where = places.map(printable).join(", ") || "no place";
  lines.push(found.length === 0 ? `No plugins in ${where}` : `${count(found.length, "plugin")} in ${where}:`);
  for (const { manifest: { name, version, entry_points }, folder } of found) {
    lines.push(`  ${name} ${version} (${Object.keys(entry_points).join(", ")}) ${printable(folder)}`);
  }
  if (problems.length > 0) lines.push(`${count(problems.length, "problem")}:`);
  for (const { message } of problems) lines.push(`  ${message.replaceAll("\n", "\n    ")}`);
  if (skipped.length > 0) lines.push("Not looked into:");
  for (const { place, reason } of skipped) lines.push(`  ${printable(place)}: ${reason}`);
  return lines.join("\n");
}

function count(number: number, what: string): string {
  return `${number} ${what}${number === 1 ? "" : "s"}`;
}

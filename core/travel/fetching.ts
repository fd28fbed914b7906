/**
 * What the ways to fetch have in common: what each is handed, and what it gives back.
 *
 * @module
 */
import type { ResolvedSource } from "./fetched.ts";
import type { PluginFiles } from "./plugin_files.ts";
import type { Scratch } from "./scratch.ts";
import { refusedSource } from "./source_errors.ts";

/** What a way to fetch is handed. */
export interface Fetching {
  /** For programs; whoever hands it over clears it. */
  readonly scratch: Scratch;
  /** Aborted when it is given up or takes too long. */
  readonly signal: AbortSignal;
  readonly minimumAgeMinutes: number;
  /** What has to be had again, which is of the same kind as the source. */
  readonly locked: ResolvedSource | undefined;
}

/** What it gives back: the files are checked, but nothing of them is on the disk. */
export interface Gathered {
  readonly files: PluginFiles;
  readonly resolved: ResolvedSource;
}

/**
 * Returns if something has the hash that was expected of it, or none was.
 *
 * @param what for sentences: `the archive`
 * @param by who expects it: a file
 * @throws {KBertError} `source/refused`
 */
export function checkHash(
  source: string,
  what: string,
  actual: string,
  expected: string | undefined,
  by: "registry.yaml" | "k-bert.lock",
): void {
  if (expected === undefined || expected === actual) return;
  const advice =
    "somebody has changed it: ask its author, and take the new one only if it is meant to be another";
  const reason = `${what} has the hash ${actual}, and ${by} says ${expected}; ${advice}`;
  throw refusedSource(source, reason, { expected, actual });
}

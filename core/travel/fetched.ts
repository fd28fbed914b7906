/**
 * What a source of plugins is, and what fetching from one gives: a folder with the plugin's files, and exactly
 * where they are from.
 *
 * A source says what its user wants (a branch, a range of versions); what was had is written down so that the very
 * same can be had again (a commit, a version, a hash). The two are different types, so that neither is taken for
 * the other.
 *
 * @module
 */
import type { ResolvedSource } from "../security/lock_file.ts";

export type { ResolvedSource };

/** A source as registry.yaml writes it, parsed. */
export type PluginSourceSpec =
  /** A folder, or an archive (.tgz, .tar.gz). */
  | { source: "local"; path: string }
  | { source: "git"; url: string; branch?: string; commit?: string }
  /** `version` is a range. */
  | { source: "npm"; package: string; version: string }
  /** `@scope/name`; `version` is a range. */
  | { source: "jsr"; package: string; version: string }
  /** An archive, and the hash of its bytes in hexadecimal. */
  | { source: "url"; url: string; sha256?: string };

/** What a source gave, in a folder that is removed when this is disposed of. */
export interface FetchedPlugin extends AsyncDisposable {
  /** The plugin's folder: plugin.yaml is directly in it; regular files only, nothing else of what was fetched. */
  readonly folder: string;
  /** Exactly what was had: with the commit, the exact version, the hash. */
  readonly resolved: ResolvedSource;
  /** How many files the source has that no plugin consists of, and which are therefore not in the folder. */
  readonly leftOut: number;
}

/** How plugins are fetched. */
export interface FetchOptions {
  /** Folder that temporary folders are made in: on the disk of the place, so that a rename can put them there. */
  readonly scratch: string;
  readonly signal: AbortSignal;
  /** Youngest version that is taken, in minutes; what a source cannot tell the age of is passed. */
  readonly minimumAgeMinutes: number;
  /** Longest that fetching may take. @default {120_000} */
  readonly timeoutMs?: number;
  /** The very same again, from the lock; anything else is refused. */
  readonly locked?: ResolvedSource;
}

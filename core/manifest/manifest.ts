/**
 * What a manifest says once it has been read: every part with its defaults filled in.
 *
 * Written out, where TypeScript could work it out of the schema: whoever imports k-bert reads these types in
 * an editor, and the package is published with the types that stand in its files. A test holds them to
 * `schema.ts`, to the last optional key.
 *
 * @module
 */
import type { Configuration } from "./declaration.ts";

/** A manifest with its defaults filled in. */
export interface PluginManifest {
  /** What others call the plugin; unique in a project. */
  readonly name: string;
  /** The plugin's version, such as 1.2.3. */
  readonly version: string;
  /** What the plugin does, in a sentence; empty if it does not say. */
  readonly description: string;
  /** Who wrote the plugin; empty if it does not say. */
  readonly author: string;
  /** Licence of the plugin, such as MIT; empty if it does not say. */
  readonly license: string;
  /** Where its code starts; there is at least one. */
  readonly entry_points: ManifestEntryPoints;
  /** npm packages with exact versions (`npm:lodash@4.17.21`), and plugins (`spam_head>=1.2.0`). */
  readonly dependencies: readonly string[];
  /** What settings the plugin takes, beside those of its kind. */
  readonly configuration: Configuration;
  /** What the plugin was made for. */
  readonly compatibility: ManifestCompatibility;
  /** Rights that the plugin asks for; none is granted by being asked for. */
  readonly permissions: ManifestPermissions;
  /** The topics that may cross the wall. */
  readonly events: ManifestEvents;
  /** Tighter limits than the host's own. */
  readonly limits: ManifestLimits;
}

/** Exports by the kind of plugin that they are, each `file:Export`. */
export interface ManifestEntryPoints {
  /** A task-specific output layer, a class that extends `HeadPort`. */
  readonly head?: string | undefined;
  /** Text augmentation for training, a class that extends `AugmenterPort`. */
  readonly augmenter?: string | undefined;
  /** Feature extraction from columns, a class that extends `FeaturePort`. */
  readonly feature?: string | undefined;
  /** Training behaviour, a class that extends `CallbackPort`. */
  readonly callback?: string | undefined;
  /** Of no particular kind: called by the names of its methods. */
  readonly plugin?: string | undefined;
}

/** What a plugin was made for. */
export interface ManifestCompatibility {
  /** Versions of k-bert, such as `>=0.1.0`; any if left out. */
  readonly k_bert_version?: string | undefined;
  /** Phase of the plugin guide that the plugin follows. */
  readonly phase?: number | undefined;
}

/** Rights that a plugin asks for. */
export interface ManifestPermissions {
  /** Hosts that it connects to, as `host` or `host:port`. */
  readonly net: readonly string[];
  /** Files and folders that it reads. */
  readonly read: readonly string[];
  /** Files and folders that it writes. */
  readonly write: readonly string[];
  /** Environment variables that it reads. */
  readonly env: readonly string[];
  /** Whether it uses the graphics card. */
  readonly gpu: boolean;
  /** Services of the host that it calls, by name. */
  readonly services: readonly string[];
}

/** The topics that may cross the wall. */
export interface ManifestEvents {
  /** Topics that the plugin emits. */
  readonly emits: readonly string[];
  /** Topics that it hears, with `*` for one segment and `>` for the rest. */
  readonly listens: readonly string[];
}

/** Limits of a plugin's own. A host that has a tighter one keeps to that. */
export interface ManifestLimits {
  /** Longest call, in milliseconds; the host gives up after that. */
  readonly callMs?: number | undefined;
  /** Most calls of the plugin that may be open at once; more are refused. */
  readonly openCalls?: number | undefined;
  /** Events of the plugin that the host takes per second; a faster plugin is slowed. */
  readonly eventsPerSecond?: number | undefined;
  /** JavaScript objects, in MiB; a plugin with more is ended. */
  readonly heapMb?: number | undefined;
  /** Objects and buffers, in MiB; a plugin with more is ended. */
  readonly memoryMb?: number | undefined;
}

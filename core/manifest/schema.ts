/**
 * The manifest of a plugin, `plugin.yaml`: who it is, where its code starts, what it takes and may do.
 *
 * Its keys are in snake_case because they are those of the plugin development guide. The rights are a
 * closed vocabulary: a mistyped right is an error, never a right that is silently missing, and what is
 * asked for here is not yet granted.
 *
 * @module
 */

import { valid, validRange } from "../deps/semver.ts";
import { z } from "../deps/zod.ts";
import { configurationSchema } from "./configuration.ts";
import { parseDocument } from "./document.ts";

/**
 * Reads a manifest, with defaults for everything but name, version and entry points.
 *
 * @throws {KBertError} `document/invalid` with all problems of the file
 * @example
 * ```ts
 * import { parseManifest } from "./schema.ts";
 * import { assertEquals } from "../deps/assert.ts";
 *
 * const text = "name: spam_head\nversion: 1.2.0\nentry_points:\n  head: head:SpamHead\n";
 * const manifest = parseManifest(text, "plugin.yaml");
 * assertEquals(manifest.entry_points.head, "head:SpamHead");
 * assertEquals(manifest.permissions.net, []);
 * ```
 */
export function parseManifest(text: string, file: string): PluginManifest {
  return parseDocument(text, file, manifestSchema);
}

/**
 * The two halves of an entry point.
 *
 * @example
 * ```ts
 * import { splitEntryPoint } from "./schema.ts";
 * import { assertEquals } from "../deps/assert.ts";
 *
 * assertEquals(splitEntryPoint("src/head:SpamHead"), { file: "src/head.ts", name: "SpamHead" });
 * ```
 */
export function splitEntryPoint(entryPoint: string): { file: string; name: string } {
  const [file = "", name = ""] = entryPoint.split(":");
  return { file: `${file.replace(/^\.\//, "").replace(/\.ts$/, "")}.ts`, name };
}

/** No dots in a folder or file name: neither `..` nor another extension can be written. */
const entryPoint = z.string().regex(
  /^(?:\.\/)?(?:[A-Za-z0-9_-]+\/)*[A-Za-z0-9_-]+(?:\.ts)?:[A-Za-z_$][A-Za-z0-9_$]*$/,
  "file:Export such as head:SpamHead, the file inside the plugin's folder with .ts or without extension",
);

/** Exact and bare: semver alone would take v1.2.3 and blanks as well. */
const isVersion = (text: string): boolean => valid(text) !== null && !/^[v=\s]|\s/.test(text);

const exactPackage = z.string().refine((text) => {
  const [, version = ""] = /^npm:(?:@[a-z0-9._-]+\/)?[a-z0-9][a-z0-9._-]*@(.+)$/.exec(text) ?? [];
  return isVersion(version);
}, "an exact package such as npm:lodash@4.17.21");

const host = z.string().refine((text) => {
  const [, port = "1"] = /^[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?(?::(\d{1,5}))?$/.exec(text) ??
    [undefined, "0"];
  return Number(port) >= 1 && Number(port) <= 65_535 && !text.includes("..");
}, "a host or host:port such as example.com:443, without wildcards");

const path = z.string().regex(/^[^\p{C}]+$/u, "a path without control characters");
const environmentName = z.string().regex(/^[A-Za-z_][A-Za-z0-9_]*$/, "the name of an environment variable");

const SEGMENT = "[A-Za-z0-9_-]+";
const topic = z.string().regex(
  new RegExp(`^${SEGMENT}(?:\\.${SEGMENT})*$`),
  "a topic such as head.forward_complete",
);
const topicPattern = z.string().regex(
  new RegExp(`^(?:>|(?:${SEGMENT}|\\*)(?:\\.(?:${SEGMENT}|\\*))*(?:\\.>)?)$`),
  "a topic such as head.forward_complete, with * for one segment and > for the rest",
);

const positive = z.int().min(1);

/** The schema of `plugin.yaml`. */
export const manifestSchema = z.strictObject({
  /** What others call the plugin; unique in a project. */
  name: z.string().regex(
    /^[a-z][a-z0-9_-]{0,63}$/,
    "1 to 64 small letters, digits, _ and -, with a letter first",
  ),
  version: z.string("a version such as 1.2.3, in quotes").refine(isVersion, "a version such as 1.2.3"),
  description: z.string().default(""),
  author: z.string().default(""),
  license: z.string().default(""),
  /** Exports by the port that they serve, each `file:Export`. */
  entry_points: z.strictObject({
    head: entryPoint.optional(),
    augmenter: entryPoint.optional(),
    feature: entryPoint.optional(),
    callback: entryPoint.optional(),
    /** Of no particular kind: called by the names of its methods. */
    plugin: entryPoint.optional(),
  }).refine(
    (points) => Object.keys(points).length > 0,
    "at least one of head, augmenter, feature, callback, plugin",
  ),
  /** npm packages with exact versions. */
  dependencies: z.array(exactPackage).default([]),
  /** What settings the plugin takes. */
  configuration: configurationSchema.default({}),
  compatibility: z.strictObject({
    /** Versions of k-bert that the plugin was made for, as npm writes ranges. */
    k_bert_version: z.string().refine((text) => validRange(text) !== null, "a range such as >=0.1.0")
      .optional(),
    /** Phase of the guide that the plugin follows. */
    phase: positive.optional(),
  }).prefault({}),
  /** The rights that the plugin asks for; none by default. */
  permissions: z.strictObject({
    net: z.array(host).default([]),
    read: z.array(path).default([]),
    write: z.array(path).default([]),
    env: z.array(environmentName).default([]),
    gpu: z.boolean().default(false),
  }).prefault({}),
  /** The topics that may cross the wall. */
  events: z.strictObject({
    emits: z.array(topic).default([]),
    listens: z.array(topicPattern).default([]),
  }).prefault({}),
  /** Tighter limits than the host's own. */
  limits: z.strictObject({
    /** Longest call, in milliseconds. */
    callMs: positive.optional(),
    /** JavaScript heap, in MiB. */
    heapMb: positive.optional(),
    /** Heap and buffers together, in MiB. */
    memoryMb: positive.optional(),
  }).prefault({}),
});

/** A manifest with its defaults filled in. */
export type PluginManifest = z.output<typeof manifestSchema>;

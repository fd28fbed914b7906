/**
 * The manifest of a plugin, `plugin.yaml`: who it is, where its code starts, what it takes and may do.
 *
 * Its keys are in snake_case because they are those of the plugin development guide. The rights are a
 * closed vocabulary: a mistyped right is an error, never a right that is silently missing, and what is
 * asked for here is not yet granted. Descriptions are for editors: `plugins/plugin.schema.json` is made of
 * this schema.
 *
 * @module
 */

import { HOST_TOPICS } from "../bus/events.ts";
import { isTopic, isTopicPattern, MAX_TOPIC } from "../bus/topics.ts";
import { validRange } from "../deps/semver.ts";
import { z } from "../deps/zod.ts";
import { configurationSchema } from "./configuration.ts";
import { DEPENDENCY_FORM, dependencyProblem, isVersion } from "./dependency.ts";
import { parseDocument } from "./document.ts";
import type { PluginManifest } from "./manifest.ts";
import { relationProblems } from "./relations.ts";
import { addProblems } from "./validate.ts";

export type { PluginManifest } from "./manifest.ts";

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

const HOST = /^[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?(?::(\d{1,5}))?$/;
/** The form only, for editors. */
const VERSION = /^\d+\.\d+\.\d+(?:[-+][0-9A-Za-z.+-]+)?$/;
const NAME = /^[a-z][a-z0-9_-]{0,63}$/;

/** No dots in a folder or file name: neither `..` nor another extension can be written. */
const entryPoint = z.string().regex(
  /^(?:\.\/)?(?:[A-Za-z0-9_-]+\/)*[A-Za-z0-9_-]+(?:\.ts)?:[A-Za-z_$][A-Za-z0-9_$]*$/,
  "file:Export such as head:SpamHead, the file inside the plugin's folder with .ts or without extension",
).optional();

const dependency = z.string()
  .refine((text) => dependencyProblem(text) === undefined, {
    error: ({ input }) => dependencyProblem(String(input)),
  })
  .meta({ pattern: DEPENDENCY_FORM.source });

const host = z.string().refine((text) => {
  const [, port = "1"] = HOST.exec(text) ?? [undefined, "0"];
  return Number(port) >= 1 && Number(port) <= 65_535 && !text.includes("..");
}, "a host or host:port such as example.com:443, without wildcards").meta({ pattern: HOST.source });

const path = z.string().regex(/^[^\p{C}]+$/u, "a path without control characters");
const environmentName = z.string().regex(/^[A-Za-z_][A-Za-z0-9_]*$/, "the name of an environment variable");
const service = z.string().regex(NAME, "the name of a service, of small letters, digits, _ and -");

const emittedTopic = z.string()
  .refine(isTopic, "a topic such as head.forward_complete, without wildcards")
  .refine(
    (topic) => !HOST_TOPICS.has(topic),
    "a topic of the plugin's own, because only the host emits this one",
  )
  .meta({
    pattern: "^[A-Za-z0-9_-]+(?:\\.[A-Za-z0-9_-]+)*$",
    maxLength: MAX_TOPIC,
    not: { enum: [...HOST_TOPICS] },
  });
const topicPattern = z.string()
  .refine(isTopicPattern, "a topic such as head.forward_complete, with * for one segment and > for the rest")
  .meta({
    pattern: "^(?:>|(?:[A-Za-z0-9_-]+|\\*)(?:\\.(?:[A-Za-z0-9_-]+|\\*))*(?:\\.>)?)$",
    maxLength: MAX_TOPIC,
  });

const text = z.string().default("");
const limit = z.int().min(1).optional();

/** The schema of `plugin.yaml`. */
export const manifestSchema = z.strictObject({
  name: z.string().regex(NAME, "1 to 64 small letters, digits, _ and -, with a letter first")
    .describe("What others call the plugin; unique in a project"),
  version: z.string("a version such as 1.2.3, in quotes").refine(isVersion, "a version such as 1.2.3")
    .meta({ pattern: VERSION.source, description: "The plugin's version, such as 1.2.3" }),
  description: text.describe("What the plugin does, in a sentence"),
  author: text.describe("Who wrote the plugin"),
  license: text.describe("Licence of the plugin, such as MIT"),
  entry_points: z.strictObject({
    head: entryPoint.describe("A task-specific output layer, a class that extends HeadPort"),
    augmenter: entryPoint.describe("Text augmentation for training, a class that extends AugmenterPort"),
    feature: entryPoint.describe("Feature extraction from columns, a class that extends FeaturePort"),
    callback: entryPoint.describe("Training behaviour, a class that extends CallbackPort"),
    plugin: entryPoint.describe("Of no particular kind: called by the names of its methods"),
  }).refine(
    (points) => Object.keys(points).length > 0,
    "at least one of head, augmenter, feature, callback, plugin",
  ).meta({ minProperties: 1, description: "Exports by the kind of plugin that they are, each file:Export" }),
  dependencies: z.array(dependency).default([])
    .describe("npm packages with exact versions (npm:lodash@4.17.21), and plugins (spam_head>=1.2.0)"),
  configuration: configurationSchema.default({})
    .describe("What settings the plugin takes, beside those of its kind"),
  compatibility: z.strictObject({
    k_bert_version: z.string().refine((range) => validRange(range) !== null, "a range such as >=0.1.0")
      .optional().describe("Versions of k-bert that the plugin was made for, such as >=0.1.0"),
    phase: limit.describe("Phase of the plugin guide that the plugin follows"),
  }).prefault({}).describe("What the plugin was made for"),
  permissions: z.strictObject({
    net: z.array(host).default([]).describe("Hosts that it connects to, such as example.com:443"),
    read: z.array(path).default([]).describe("Files and folders that it reads"),
    write: z.array(path).default([]).describe("Files and folders that it writes"),
    env: z.array(environmentName).default([]).describe("Environment variables that it reads"),
    gpu: z.boolean().default(false).describe("Whether it uses the graphics card"),
    services: z.array(service).default([]).describe("Services of the host that it calls, by name"),
  }).prefault({}).describe("Rights that the plugin asks for; none by default"),
  events: z.strictObject({
    emits: z.array(emittedTopic).default([]).describe("Topics that the plugin emits"),
    listens: z.array(topicPattern).default([])
      .describe("Topics that it hears, with * for one segment and > for the rest"),
  }).prefault({}).describe("The topics that may cross the wall"),
  limits: z.strictObject({
    callMs: limit.describe("Longest call, in milliseconds; the host gives up after that"),
    openCalls: limit.describe("Most calls of the plugin that may be open at once; more are refused"),
    eventsPerSecond: limit.describe(
      "Events of the plugin that the host takes per second; a faster plugin is slowed",
    ),
    heapMb: limit.describe("JavaScript objects, in MiB; a plugin with more is ended"),
    memoryMb: limit.describe("Objects and buffers, in MiB; a plugin with more is ended"),
  }).prefault({}).describe("Tighter limits than the host's own"),
}).superRefine((manifest, context) => addProblems(context, manifest, relationProblems(manifest)), {
  when: () => true, // also beside other problems, so that all are told at once
});

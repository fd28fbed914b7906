/**
 * `registry.yaml`: which plugins its user wants, and from where. What was had of it stands in k-bert.lock.
 *
 * People write it by hand, and `plugin add` and `plugin remove` change it: only their own entry, with the comments
 * and the order of everything else. Nothing is fetched because of it but by these commands.
 *
 * @module
 */
import { validRange } from "../deps/semver.ts";
import { z } from "../deps/zod.ts";
import { parseDocument } from "../manifest/document.ts";
import type { Problem } from "../manifest/problems.ts";
import { manifestSchema } from "../manifest/schema.ts";
import { addProblems } from "../manifest/validate.ts";
import { replaceFile } from "../security/private_file.ts";
import { KBertError, messageOf } from "../wall/errors.ts";
import type { PluginSourceSpec } from "./fetched.ts";
import { withItem, withoutItem } from "./registry_text.ts";

/** The name of the file, in the folder of the plugins' folders. */
export const REGISTRY_FILE = "registry.yaml";

/** A plugin that is wanted. */
export type RegistryEntry = { readonly name: string } & PluginSourceSpec;

/** The file, with its defaults. */
export interface Registry {
  /** Versions that are younger are not taken, where the source tells their age. */
  readonly minimum_age_hours: number;
  readonly plugins: readonly RegistryEntry[];
}

/** A day: malicious versions of packages were mostly found and withdrawn within it. */
const MINIMUM_AGE_HOURS = 24;

const text = z.string().min(1);
const name = manifestSchema.shape.name;
const range = z.string().refine((text) => validRange(text) !== null, "a range such as >=1.0.0").default("*");

const SOURCES = "one of local, git, npm, jsr, url";

const entry: z.ZodType<RegistryEntry> = z.discriminatedUnion("source", [
  z.strictObject({ name, source: z.literal("local"), path: text }),
  z.strictObject({
    name,
    source: z.literal("git"),
    url: text,
    branch: text.exactOptional(),
    commit: z.string().regex(/^[0-9a-f]{40}([0-9a-f]{24})?$/, "a whole commit hash").exactOptional(),
  }),
  z.strictObject({ name, source: z.literal("npm"), package: text, version: range }),
  z.strictObject({
    name,
    source: z.literal("jsr"),
    package: z.string().regex(/^@[a-z0-9-]+\/[a-z0-9-]+$/, "a package such as @scope/name"),
    version: range,
  }),
  z.strictObject({
    name,
    source: z.literal("url"),
    url: text,
    sha256: z.string().regex(/^[0-9a-f]{64}$/, "64 hexadecimal digits in small letters").exactOptional(),
  }),
], { error: SOURCES });

const registrySchema: z.ZodType<Registry> = z.strictObject({
  minimum_age_hours: z.number().min(0).default(MINIMUM_AGE_HOURS),
  plugins: z.array(entry).default([]),
}).superRefine((registry, context) => addProblems(context, registry, secondNames(registry)));

/**
 * Reads the registry of a place; a place without one wants nothing.
 *
 * @throws {KBertError} `file/unusable`, `document/invalid` with every problem
 * @example
 * ```ts
 * import { readRegistry } from "./registry_file.ts";
 * import { assertEquals } from "../deps/assert.ts";
 *
 * assertEquals(await readRegistry("no/such/place"), { minimum_age_hours: 24, plugins: [] });
 * ```
 */
export async function readRegistry(place: string): Promise<Registry> {
  const path = `${place}/${REGISTRY_FILE}`;
  return parseRegistry(await textOf(path) ?? "{}", path);
}

/**
 * Checks the text of a registry.
 *
 * @throws {KBertError} `document/invalid` with every problem
 * @example
 * ```ts
 * import { parseRegistry } from "./registry_file.ts";
 * import { assertEquals } from "../deps/assert.ts";
 *
 * const text = "plugins:\n  - { name: mood, source: npm, package: k-bert-plugin-mood, version: '>=1.0.0' }\n";
 * assertEquals(parseRegistry(text, "registry.yaml").plugins[0]?.name, "mood");
 * ```
 */
export function parseRegistry(text: string, path: string): Registry {
  return parseDocument(text.trim() === "" ? "{}" : text, path, registrySchema);
}

/**
 * Writes an entry in the place of the one of its name, or at the end. The caller holds the place.
 *
 * @throws {KBertError} `file/unusable`; the file is untouched then
 */
export async function writeRegistryEntry(place: string, entry: RegistryEntry): Promise<void> {
  await change(place, (text) => withItem(text, entry));
}

/** Takes the entry of a name out, if there is one. The caller holds the place. */
export async function removeRegistryEntry(place: string, name: string): Promise<void> {
  await change(place, (text) => withoutItem(text, name));
}

async function change(place: string, change: (text: string) => string): Promise<void> {
  const path = `${place}/${REGISTRY_FILE}`;
  const before = await textOf(path);
  const after = change(before ?? "");
  if (after === (before ?? "")) return;
  parseRegistry(after, path); // what this program writes it can read
  try {
    await replaceFile(path, new TextEncoder().encode(after), 0o644);
  } catch (cause) {
    throw unusable("write", path, cause);
  }
}

async function textOf(path: string): Promise<string | undefined> {
  try {
    if (!(await Deno.stat(path)).isFile) throw new Error("it is not a file");
    return await Deno.readTextFile(path);
  } catch (cause) {
    if (cause instanceof Deno.errors.NotFound) return undefined;
    throw unusable("read", path, cause);
  }
}

function secondNames({ plugins }: Registry): Problem[] {
  return plugins.flatMap(({ name }, index) =>
    plugins.findIndex((other) => other.name === name) === index ? [] : [{
      path: ["plugins", index, "name"],
      message: `found ${name} for the second time, expected each name once`,
    }]
  );
}

function unusable(verb: string, path: string, cause: unknown): KBertError<"file/unusable"> {
  return new KBertError("file/unusable", `Cannot ${verb} ${path}: ${messageOf(cause)}`, { path }, { cause });
}

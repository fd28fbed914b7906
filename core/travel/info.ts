/**
 * Everything that can be known of a plugin without running it.
 *
 * @module
 */
import type { SettingDeclaration } from "../manifest/declaration.ts";
import { buildImage, codeSize, type PluginImage } from "../security/image.ts";
import { readLock } from "../security/lock_file.ts";
import { pluginSource } from "../security/source.ts";
import { KBertError } from "../wall/errors.ts";
import { suggest } from "../manifest/suggest.ts";
import { fetchCandidate } from "./candidate.ts";
import type { PluginSourceSpec } from "./fetched.ts";
import { type ListedPlugin, listPlugins } from "./overview.ts";
import { holdPlace } from "./place.ts";
import { type Proposal, propose } from "./proposal.ts";

/** See the module's text. */
export interface PluginInfo {
  /** What is in it and what it asks for. */
  readonly contents: Proposal;
  readonly description: string;
  readonly author: string;
  readonly license: string;
  readonly ports: readonly string[];
  /** Versions of k-bert that it was made for. */
  readonly kBertVersion?: string;
  readonly settings: readonly (SettingDeclaration & { readonly name: string })[];
  readonly files: readonly string[];
  /** Where it is, if it is on this machine. */
  readonly listed?: ListedPlugin;
}

/**
 * Of a plugin that is on this machine.
 *
 * @throws {KBertError} `plugin/unknown`, and what vetting throws
 */
export async function infoOf(name: string): Promise<PluginInfo> {
  const { plugins } = await listPlugins();
  const listed = plugins.find((plugin) => plugin.name === name);
  if (listed === undefined) {
    const nearest = suggest(name, plugins.map((plugin) => plugin.name));
    const advice = nearest
      ? `did you mean ${nearest}?`
      : `for a package, write npm:${name}; for a folder, ./${name}`;
    throw new KBertError("plugin/unknown", `There is no plugin ${name} here; ${advice}`, {
      plugin: name,
      ...(nearest !== undefined && { nearest }),
    });
  }
  const image = await buildImage(pluginSource(listed.folder)); // also one that has changed: to look at it
  const lock = await readLock(listed.folder.slice(0, listed.folder.lastIndexOf("/")));
  const source = { source: "local", path: listed.folder } as const;
  const files = Object.fromEntries(filesOf(image).map((file) => [file, ""]));
  const entry = lock.get(name) ??
    { version: listed.version, source, sha256: image.sha256, files, packages: {} };
  return { ...about(image), contents: propose({ image, entry, bytes: codeSize(image) }, undefined), listed };
}

/**
 * Of a plugin that a source has, which is fetched and thrown away again.
 *
 * @param scratch a folder that is the caller's, and as empty afterwards as before
 * @throws {KBertError} as {@linkcode fetchCandidate} does
 */
export async function infoFrom(
  spec: PluginSourceSpec,
  scratch: string,
  signal: AbortSignal,
): Promise<PluginInfo> {
  await using place = await holdPlace(`${scratch}/plugins`);
  await using candidate = await fetchCandidate(spec, place, { minimumAgeMinutes: 0, signal });
  return { ...about(candidate.image), contents: propose(candidate, undefined) };
}

function about(image: PluginImage): Omit<PluginInfo, "contents" | "listed"> {
  const { description, author, license, entry_points, compatibility, configuration } = image.manifest;
  const range = compatibility.k_bert_version;
  return {
    ...{ description, author, license, ports: Object.keys(entry_points), files: filesOf(image) },
    ...(range !== undefined && { kBertVersion: range }),
    settings: Object.entries(configuration).map(([name, declaration]) => ({ name, ...declaration })),
  };
}

function filesOf({ modules }: PluginImage): string[] {
  return ["plugin.yaml", ...[...modules.keys()].map((url) => url.slice("plugin:///".length))];
}

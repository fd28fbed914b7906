/**
 * Discovery: which plugins there are, read from their manifests alone.
 *
 * A plugin is a folder with a `plugin.yaml` in one of a few places. No code is read here, let alone run, and
 * nothing throws because of a plugin: what is wrong with one stands in the report and hides no other. Deno's
 * rights do not follow links, so whether one leads out is looked at here. The report of the same folders is
 * always the same, word for word.
 *
 * @module
 */
import { DOCUMENT_LIMITS } from "../manifest/document.ts";
import { printable } from "../manifest/problems.ts";
import { parseManifest, type PluginManifest } from "../manifest/schema.ts";
import { checkCompatibility, RUNTIME_VERSION } from "../manifest/version.ts";
import { pluginSource } from "../security/source.ts";
import { KBertError, messageOf } from "../wall/errors.ts";
import { type OpenedPlace, openPlace, type PluginPlace } from "./places.ts";
import { type DiscoveryProblem, duplicateOf, type FoundPlugin, type ScanReport } from "./scan_report.ts";

export { defaultPlaces, type PlaceKind, type PluginPlace } from "./places.ts";
export { type DiscoveryProblem, formatScan, type FoundPlugin, type ScanReport } from "./scan_report.ts";

/** How plugins are looked for. */
export interface ScanOptions {
  /** The version that plugins have to be compatible with. @default {RUNTIME_VERSION} */
  readonly runtimeVersion?: string;
  /** Ends the scan, which then rejects with the signal's reason. */
  readonly signal?: AbortSignal;
}

/** Bounds of a scan. */
export const SCAN_LIMITS = {
  /** Folders in one place: a place with more is another kind of folder. */
  folders: 1_000,
  /** Of a plugin.yaml: no character takes more than three for each of its UTF-16 units. */
  manifestBytes: 3 * DOCUMENT_LIMITS.characters,
  /** Plugins that are looked at together: it bounds open files. */
  together: 16,
} as const;

/**
 * Looks for plugins in the subfolders of `places`. Of two plugins with one name the one of the earlier place
 * wins, and in one place that of the first folder by name; broken and incompatible ones do not take part.
 *
 * Default places that are missing are no problem. Hidden folders and folders without plugin.yaml are ignored.
 *
 * @example
 * ```ts
 * import { defaultPlaces, scanPlugins } from "./discovery.ts";
 * import { assertEquals } from "../deps/assert.ts";
 *
 * const { problems } = await scanPlugins(["no/such/folder"]);
 * assertEquals(problems[0]?.message, "There is no place for plugins at no/such/folder: there is no such folder");
 *
 * await scanPlugins(defaultPlaces()); // never throws, and never asks for rights
 * ```
 */
export async function scanPlugins(
  places: readonly (PluginPlace | string)[],
  { runtimeVersion = RUNTIME_VERSION, signal }: ScanOptions = {},
): Promise<ScanReport> {
  const problems: DiscoveryProblem[] = [];
  const skipped: ScanReport["skipped"][number][] = [];
  const searched: string[] = [];
  const found = new Map<string, FoundPlugin>();
  const seen = new Set<string>(); // real folders
  for (const given of places) {
    const place = typeof given === "string" ? { path: given, kind: "given" as const } : given;
    const opened = await openPlace(place.path);
    if (opened.state === "skipped") {
      skipped.push({ place: place.path, reason: opened.reason });
      continue;
    }
    searched.push(place.path);
    if (opened.state !== "open") {
      if (opened.state === "unreadable" || place.kind === "given") problems.push(closed(place.path, opened));
      continue;
    }
    for (const { folder, outcome } of await lookInto(opened.folder, { place, runtimeVersion, signal })) {
      if (seen.has(folder)) continue;
      seen.add(folder);
      const problem = isFound(outcome) ? addFirst(found, outcome) : outcome;
      if (problem !== undefined) problems.push(problem);
    }
  }
  return { found: [...found.values()], problems, skipped, places: searched };
}

interface Looking {
  readonly place: PluginPlace;
  readonly runtimeVersion: string;
  readonly signal: AbortSignal | undefined;
}

/** What a folder turned out to be. */
interface Inspected {
  /** Its real path, or the path of what could not be followed. */
  readonly folder: string;
  readonly outcome: FoundPlugin | DiscoveryProblem | undefined;
}

/** In the order of the folders' names, whatever order the file system has. */
async function lookInto(root: string, looking: Looking): Promise<Inspected[]> {
  const { signal } = looking;
  const names: string[] = [];
  try {
    for await (const { name, isDirectory, isSymlink } of Deno.readDir(root)) {
      signal?.throwIfAborted();
      if (name.startsWith(".") || !(isDirectory || isSymlink)) continue;
      // Not its first thousand: which those are would be the file system's choice.
      if (names.push(name) > SCAN_LIMITS.folders) throw tooMany(root);
    }
  } catch (error) {
    signal?.throwIfAborted();
    return [{ folder: root + SEPARATOR, outcome: problemOf(error, root) }]; // no plugin's real path ends so
  }
  names.sort();
  const inspected: Inspected[] = [];
  const waiting = names.entries();
  await Promise.all(Array.from({ length: SCAN_LIMITS.together }, async () => {
    for (const [index, name] of waiting) {
      if (signal?.aborted) return; // not thrown: nothing of a scan is under way after it ended
      inspected[index] = await inspect(root, name, looking);
    }
  }));
  signal?.throwIfAborted();
  return inspected;
}

async function inspect(root: string, name: string, looking: Looking): Promise<Inspected> {
  let folder = root + SEPARATOR + name;
  let manifest: PluginManifest | undefined;
  try {
    if (!(await Deno.stat(folder)).isDirectory) return { folder, outcome: undefined };
    folder = await realInside(folder, root);
    if (await isMissing(folder + SEPARATOR + MANIFEST)) return { folder, outcome: undefined };
    manifest = parseManifest(await manifestText(folder), printable(folder + SEPARATOR + MANIFEST));
    checkCompatibility(manifest, looking.runtimeVersion);
    const { path: place, kind } = looking.place;
    return { folder, outcome: { manifest, folder, place, kind } };
  } catch (error) {
    return { folder, outcome: problemOf(error, folder, manifest?.name) };
  }
}

/** It is read through the source that the plugin's code will come from: what is found can be loaded. */
async function manifestText(folder: string): Promise<string> {
  const file = await realInside(folder + SEPARATOR + MANIFEST, folder);
  const most = SCAN_LIMITS.manifestBytes;
  const bytes = await pluginSource(folder).read(MANIFEST, most);
  if (bytes.length > most) {
    throw new Refusal("limit", `Cannot read ${printable(file)}: it has more than ${most} bytes, the limit`);
  }
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    throw new Refusal("manifest", `Cannot read ${printable(file)}: it is not UTF-8 text`);
  }
}

const MANIFEST = "plugin.yaml";
const SEPARATOR = Deno.build.os === "windows" ? "\\" : "/";

/** A problem on its way to the report. */
class Refusal extends Error {
  constructor(readonly code: DiscoveryProblem["code"], message: string) {
    super(message);
  }
}

async function realInside(path: string, folder: string): Promise<string> {
  const real = await Deno.realPath(path);
  if (real.startsWith(folder.endsWith(SEPARATOR) ? folder : folder + SEPARATOR)) return real;
  throw new Refusal("link", `Cannot use ${printable(path)}: it is a link that leads out of its folder`);
}

async function isMissing(path: string): Promise<boolean> {
  try {
    await Deno.lstat(path); // of a link itself: one that leads nowhere is no missing file
    return false;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return true;
    throw error;
  }
}

function closed(
  path: string,
  { state, reason }: Exclude<OpenedPlace, { state: "open" | "skipped" }>,
): DiscoveryProblem {
  const what = state === "missing" ? "There is no place for plugins at" : "Cannot look for plugins in";
  return { path, code: state, message: `${what} ${printable(path) || '""'}: ${reason}` };
}

function tooMany(root: string): Refusal {
  const message = `Cannot look for plugins in ${printable(root)}: it has more than ${SCAN_LIMITS.folders} ` +
    "folders, the limit; name the folder whose subfolders are plugins";
  return new Refusal("limit", message);
}

function problemOf(error: unknown, path: string, plugin?: string): DiscoveryProblem {
  if (error instanceof Refusal) return { path, code: error.code, message: error.message };
  if (error instanceof Deno.errors.NotFound || error instanceof Deno.errors.FilesystemLoop) {
    return { path, code: "link", message: `Cannot use ${printable(path)}: it is a link that leads nowhere` };
  }
  if (!(error instanceof KBertError)) {
    const message = `Cannot read ${printable(path)}: ${printable(messageOf(error))}`;
    return { path, code: "unreadable", message };
  }
  if (plugin !== undefined) return { path, code: "incompatible", message: error.message, plugin, error };
  if (error.code === "document/invalid") return { path, code: "manifest", message: error.message, error };
  return { path, code: "unreadable", message: printable(error.message), error };
}

function isFound(outcome: Inspected["outcome"]): outcome is FoundPlugin {
  return outcome !== undefined && "manifest" in outcome;
}

/** Whoever comes second is the problem. */
function addFirst(found: Map<string, FoundPlugin>, plugin: FoundPlugin): DiscoveryProblem | undefined {
  const winner = found.get(plugin.manifest.name);
  if (winner !== undefined) return duplicateOf(winner, plugin);
  found.set(plugin.manifest.name, plugin);
  return undefined;
}

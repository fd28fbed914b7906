/**
 * The image of a plugin: its manifest and every module that it consists of, as text, with one hash.
 *
 * What is hashed is what runs. The worker gets the image, never a path, so a file that changes later, a
 * link out of the folder or an import that the vetting did not see cannot get in. npm packages are modules of
 * the image like the plugin's own: `plugin install` has put them in its folder, and nothing is fetched here.
 *
 * @module
 */
import { dependencyFile } from "../manifest/dependency_file.ts";
import { parseManifest, type PluginManifest, splitEntryPoint } from "../manifest/schema.ts";
import { checkCompatibility, RUNTIME_VERSION } from "../manifest/version.ts";
import { KBertError } from "../wall/errors.ts";
import type { Kit } from "../wall/sandbox.ts";
import { sha256 } from "../wall/sha256.ts";
import { installCommand } from "./commands.ts";
import { type Import, importsOf, TABLE_SDK, TENSOR_SDK } from "./imports.ts";
import { plainCode } from "./plain_code.ts";
import { refused } from "./refusal.ts";
import type { PluginSource } from "./source.ts";

/** A plugin, ready to be sent to a worker. */
export interface PluginImage {
  readonly manifest: PluginManifest;
  /** The text of plugin.yaml, which is hashed with the modules. */
  readonly manifestText: string;
  /** URL (`plugin:///file.ts`) → JavaScript, in the order of the URLs. */
  readonly modules: ReadonlyMap<string, string>;
  /** Which parts of the SDK its modules import. */
  readonly kit: Kit;
  /** Of the manifest and the modules, in hexadecimal. */
  readonly sha256: string;
  /** Where it was read from, a path or a URL: there a reload finds what has become of it. Not a part of the hash. */
  readonly location?: string;
}

/** Bounds of an image: what a person could still read before they trust it, and room for a few packages. */
export const IMAGE_LIMITS = {
  modules: 200,
  bytesPerFile: 1_000_000,
  bytes: 4_000_000,
} as const;

const ROOT = "plugin:///";

/**
 * Reads and vets a plugin.
 *
 * @throws {KBertError} as {@linkcode readManifest} does; `plugin/image` for a missing file, a package that was
 * not installed, a file that is not TypeScript, an import that is not allowed, or a limit of
 * {@linkcode IMAGE_LIMITS}
 */
export async function buildImage(source: PluginSource): Promise<PluginImage> {
  const { manifest, text: manifestText } = await readManifest(source);
  const modules = new Map<string, string>();
  await readModules(source, manifest, {
    take: (url, code) => void modules.set(url, code),
    follow: () => true,
  });
  const image = await sealImage(manifestText, new Map([...modules].sort(byUrl)), source.name);
  return { ...image, location: source.location };
}

/**
 * The npm packages that a plugin's own modules import, as they write them, each once. What was installed is not
 * looked at, nor has it to be there.
 *
 * @throws {KBertError} as {@linkcode buildImage} does
 */
export async function packagesOf(source: PluginSource): Promise<string[]> {
  const { manifest } = await readManifest(source);
  const packages = new Set<string>();
  await readModules(source, manifest, {
    follow: ({ specifier, kind }) => {
      if (kind === "package") packages.add(specifier);
      return kind === "own";
    },
  });
  return [...packages].sort();
}

/**
 * Reads the manifest of a plugin, and nothing else of it.
 *
 * @throws {KBertError} `plugin/image` if it cannot be read, `document/invalid`, and `plugin/incompatible` if
 * it was made for another version of k-bert
 */
export async function readManifest(
  source: PluginSource,
): Promise<{ manifest: PluginManifest; text: string }> {
  const text = await readLimited(source, "plugin.yaml", source.name);
  const manifest = parseManifest(text, `${source.name}/plugin.yaml`);
  checkCompatibility(manifest, RUNTIME_VERSION);
  return { manifest, text };
}

/**
 * Makes an image of its parts, with the hash computed anew. The modules are vetted here too: parts that
 * were saved may have been changed since.
 *
 * @throws {KBertError} as {@linkcode buildImage} does.
 */
export async function sealImage(
  manifestText: string,
  modules: ReadonlyMap<string, string>,
  name: string,
): Promise<PluginImage> {
  const manifest = parseManifest(manifestText, `${name}/plugin.yaml`);
  const used = new Set<string>();
  for (const [url, code] of modules) {
    const file = url.slice(ROOT.length);
    if (url !== moduleUrl(file)) throw refused(manifest.name, file, `${url} is not a module's URL`);
    for (const found of importsOf(code, file, manifest)) {
      used.add(found.specifier);
      const target = targetOf(found, url);
      if (target === undefined || modules.has(target)) continue;
      throw refused(
        manifest.name,
        file,
        `${found.place} imports ${found.specifier}, which is not part of it`,
      );
    }
  }
  // JSON of a list is unambiguous about where one text ends and the next begins.
  const canonical = JSON.stringify([manifestText, ...[...modules].flat()]);
  return { manifest, manifestText, modules, kit: kitOf(used), sha256: await sha256(canonical) };
}

/** Characters of all modules, as they run: what people are told of an image's size. */
export function codeSize({ modules }: Pick<PluginImage, "modules">): number {
  return [...modules.values()].reduce((sum, code) => sum + code.length, 0);
}

/** The URL of a plugin's file within its image. */
export function moduleUrl(file: string): string {
  return ROOT + file;
}

function kitOf(specifiers: ReadonlySet<string>): Kit {
  const tensors = specifiers.has(TENSOR_SDK);
  const tables = specifiers.has(TABLE_SDK);
  return tensors && tables ? "all" : tensors ? "tensors" : tables ? "tables" : "plain";
}

/** What is done with what is found. */
interface Walk {
  take?(url: string, code: string): void;
  /** Whether the module that is imported is read as well. */
  follow(found: Import): boolean;
}

/** From the entry points to all that they import. */
async function readModules(source: PluginSource, manifest: PluginManifest, walk: Walk): Promise<void> {
  const { name } = manifest;
  const entries = Object.values(manifest.entry_points).filter((entry) => entry !== undefined);
  const waiting = entries.map((entry) => ({
    url: moduleUrl(splitEntryPoint(entry).file),
    by: undefined as Import | undefined,
  }));
  const seen = new Set<string>();
  let bytes = 0;
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    const { url, by } = next;
    if (seen.has(url)) continue;
    seen.add(url);
    limit("modules", seen.size, IMAGE_LIMITS.modules, name);
    const file = url.slice(ROOT.length);
    const text = by?.kind === "package"
      ? await readPackage(source, file, name, by)
      : await readLimited(source, file, name);
    const code = plainCode(text, file, name);
    limit("bytes of code", bytes += code.length, IMAGE_LIMITS.bytes, name);
    walk.take?.(url, code);
    for (const found of importsOf(code, file, manifest)) {
      const target = targetOf(found, url);
      if (walk.follow(found) && target !== undefined) waiting.push({ url: target, by: found });
    }
  }
}

/** The module of the image that an import means; undefined for the SDK's. */
function targetOf({ specifier, kind }: Import, importer: string): string | undefined {
  if (kind === "sdk") return undefined;
  return kind === "own" ? new URL(specifier, importer).href : moduleUrl(dependencyFile(specifier)!);
}

async function readPackage(
  source: PluginSource,
  file: string,
  plugin: string,
  { specifier, place }: Import,
): Promise<string> {
  try {
    return await readLimited(source, file, plugin);
  } catch (cause) {
    if (!(cause instanceof KBertError && cause.cause instanceof Deno.errors.NotFound)) throw cause;
    const advice = `run: ${installCommand(source.location)}`;
    const reason = `${place} imports ${specifier}, which is not installed in its folder; ${advice}`;
    throw refused(plugin, file, reason, { cause });
  }
}

async function readLimited(source: PluginSource, file: string, plugin: string): Promise<string> {
  const bytes = await source.read(file, IMAGE_LIMITS.bytesPerFile);
  limit(`bytes in ${file}`, bytes.length, IMAGE_LIMITS.bytesPerFile, plugin);
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch (cause) {
    throw refused(plugin, file, `Cannot read ${file}: it is not UTF-8 text`, { cause });
  }
}

function limit(what: string, value: number, most: number, plugin: string): void {
  if (value <= most) return;
  const message = `The plugin ${plugin} has ${value} ${what}, and the limit is ${most}`;
  throw new KBertError("plugin/image", message, { plugin, limit: most, value });
}

function byUrl([a]: [string, string], [b]: [string, string]): number {
  return a < b ? -1 : 1;
}

/**
 * The image of a plugin: its manifest and every module that it consists of, as text, with one hash.
 *
 * What is hashed is what runs. The worker gets the image, never a path, so a file that changes later, a
 * link out of the folder or an import that the vetting did not see cannot get in. A plugin may import its
 * own files by relative path, and the SDK; anything else is refused here, with the line.
 *
 * @module
 */
import { stripTypeScriptTypes } from "node:module";
import { init, parse } from "../deps/es_module_lexer.ts";
import { parseManifest, type PluginManifest, splitEntryPoint } from "../manifest/schema.ts";
import { KBertError, messageOf } from "../wall/errors.ts";
import type { PluginSource } from "./source.ts";

/** A plugin, ready to be sent to a worker. */
export interface PluginImage {
  readonly manifest: PluginManifest;
  /** The text of plugin.yaml, which is hashed with the modules. */
  readonly manifestText: string;
  /** URL (`plugin:///file.ts`) → JavaScript, in the order of the URLs. */
  readonly modules: ReadonlyMap<string, string>;
  /** Whether a module imports the tensor part of the SDK. */
  readonly usesTensors: boolean;
  /** Of everything above, in hexadecimal. */
  readonly sha256: string;
}

/** Bounds of an image: what a person could still read before they trust it. */
export const IMAGE_LIMITS = { modules: 200, bytesPerFile: 1_000_000, bytes: 4_000_000 } as const;

const SDK = "k-bert/sdk";
const TENSOR_SDK = "k-bert/sdk/tensors";
const ROOT = "plugin:///";

/**
 * Reads and vets a plugin.
 *
 * @throws {KBertError} `document/invalid` for its manifest; `plugin/image` for a missing file, a file that
 * is not TypeScript, an import that is not allowed, or a limit of {@linkcode IMAGE_LIMITS}.
 */
export async function buildImage(source: PluginSource): Promise<PluginImage> {
  const manifestText = await readLimited(source, "plugin.yaml", source.name);
  const manifest = parseManifest(manifestText, `${source.name}/plugin.yaml`);
  await init();

  const modules = new Map<string, string>();
  let usesTensors = false;
  let bytes = 0;
  const entries = Object.values(manifest.entry_points).filter((entry) => entry !== undefined);
  const waiting = entries.map((entry) => moduleUrl(splitEntryPoint(entry).file));
  for (let url = waiting.pop(); url !== undefined; url = waiting.pop()) {
    if (modules.has(url)) continue;
    limit("modules", modules.size + 1, IMAGE_LIMITS.modules, manifest.name);
    const file = url.slice(ROOT.length);
    const code = stripTypes(await readLimited(source, file, manifest.name), file, manifest.name);
    limit("bytes of code", bytes += code.length, IMAGE_LIMITS.bytes, manifest.name);
    modules.set(url, code);
    for (const specifier of importsOf(code, file, manifest.name)) {
      if (specifier === TENSOR_SDK) usesTensors = true;
      else if (specifier !== SDK) waiting.push(new URL(specifier, url).href);
    }
  }
  return await sealImage(manifestText, new Map([...modules].sort(byUrl)), usesTensors, source.name);
}

/** Makes an image of parts that were vetted before (a saved one), with the hash computed anew. */
export async function sealImage(
  manifestText: string,
  modules: ReadonlyMap<string, string>,
  usesTensors: boolean,
  name: string,
): Promise<PluginImage> {
  const manifest = parseManifest(manifestText, `${name}/plugin.yaml`);
  // JSON of a list is unambiguous about where one text ends and the next begins.
  const canonical = JSON.stringify([manifestText, ...[...modules].flat()]);
  const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(canonical));
  return { manifest, manifestText, modules, usesTensors, sha256: new Uint8Array(digest).toHex() };
}

/** The URL of a plugin's file within its image. */
export function moduleUrl(file: string): string {
  return ROOT + file;
}

/** Every import that may not be made is an error; the answer has the SDK's and the plugin's own. */
function importsOf(code: string, file: string, plugin: string): string[] {
  const specifiers: string[] = [];
  let imports;
  try {
    [imports] = parse(code, file);
  } catch (cause) {
    throw refused(plugin, file, `Cannot read the imports of ${file}: ${messageOf(cause)}`, { cause });
  }
  for (const one of imports) {
    if (one.type === "import-meta") continue;
    const { specifier, start, phase, attributes } = one;
    const place = `${file}:${code.slice(0, start).split("\n").length}`;
    if (specifier === undefined) {
      throw refused(plugin, file, `${place} imports a module whose name is computed; write it out`);
    }
    const isSdk = specifier === SDK || specifier === TENSOR_SDK;
    if (!isSdk && !isInside(specifier, file)) {
      const advice = `a plugin may import its own files (./…), "${SDK}" and "${TENSOR_SDK}"`;
      throw refused(plugin, file, `${place} imports ${JSON.stringify(specifier)}; ${advice}`);
    }
    // Attributes make JSON, text or bytes of a file, and phases make wasm: none of it was vetted.
    if (phase !== null || attributes !== null) {
      throw refused(
        plugin,
        file,
        `${place} imports ${JSON.stringify(specifier)} as something else than code`,
      );
    }
    specifiers.push(specifier);
  }
  return specifiers;
}

/** Whether a relative specifier, read as a URL, stays inside of the plugin's folder. */
function isInside(specifier: string, file: string): boolean {
  if (!/^\.\.?\//.test(specifier) || /[%\\?#]/.test(specifier)) return false;
  return new URL(specifier, `plugin:///folder/${file}`).href.startsWith("plugin:///folder/");
}

function stripTypes(text: string, file: string, plugin: string): string {
  try {
    return stripTypeScriptTypes(text, { mode: "strip" }); // keeps lines and columns
  } catch {
    // Enums and parameter properties are not only types: they have to be rewritten.
  }
  try {
    return stripTypeScriptTypes(text, { mode: "transform" });
  } catch (cause) {
    const reason = messageOf(cause).split("\n")[0];
    throw refused(plugin, file, `Cannot read ${file} as TypeScript: ${reason}`, { cause });
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

function refused(plugin: string, file: string, reason: string, options?: ErrorOptions): KBertError {
  const message = `Cannot load the plugin ${plugin}: ${reason}`;
  return new KBertError("plugin/image", message, { plugin, file }, options);
}

function byUrl([a]: [string, string], [b]: [string, string]): number {
  return a < b ? -1 : 1;
}

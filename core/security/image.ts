/**
 * The image of a plugin: its manifest and every module that it consists of, as text, with one hash.
 *
 * What is hashed is what runs. The worker gets the image, never a path, so a file that changes later, a
 * link out of the folder or an import that the vetting did not see cannot get in. A plugin may import its
 * own files by relative path, and the SDK; anything else is refused here, with the line. The imports are
 * found by a parser of the whole language: a lexer, which guesses where a regular expression begins, was
 * talked into overlooking `const f = class {} / 1; import "node:worker_threads"; 1 / 1`.
 *
 * @module
 */
import { stripTypeScriptTypes } from "node:module";
import { type Node, parseJavaScript, parseTypeScript } from "../deps/acorn.ts";
import { parseManifest, type PluginManifest, splitEntryPoint } from "../manifest/schema.ts";
import { checkCompatibility, RUNTIME_VERSION } from "../manifest/version.ts";
import { KBertError, messageOf } from "../wall/errors.ts";
import { printable } from "../wall/failure.ts";
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
export const IMAGE_LIMITS = {
  modules: 200,
  bytesPerFile: 1_000_000,
  bytes: 4_000_000,
  nesting: 250,
} as const;

const SDK = "k-bert/sdk";
const TENSOR_SDK = "k-bert/sdk/tensors";
const ROOT = "plugin:///";

/**
 * Reads and vets a plugin.
 *
 * @throws {KBertError} as {@linkcode readManifest} does; `plugin/image` for a missing file, a file that is not
 * TypeScript, an import that is not allowed, or a limit of {@linkcode IMAGE_LIMITS}.
 */
export async function buildImage(source: PluginSource): Promise<PluginImage> {
  const { manifest, text: manifestText } = await readManifest(source);

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
    for (const { specifier } of importsOf(code, file, manifest.name)) {
      if (specifier === TENSOR_SDK) usesTensors = true;
      else if (specifier !== SDK) waiting.push(new URL(specifier, url).href);
    }
  }
  return await sealImage(manifestText, new Map([...modules].sort(byUrl)), usesTensors, source.name);
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
  usesTensors: boolean,
  name: string,
): Promise<PluginImage> {
  const manifest = parseManifest(manifestText, `${name}/plugin.yaml`);
  for (const [url, code] of modules) {
    const file = url.slice(ROOT.length);
    if (url !== moduleUrl(file)) throw refused(manifest.name, file, `${url} is not a module's URL`);
    for (const { specifier, place } of importsOf(code, file, manifest.name)) {
      if (specifier === SDK || specifier === TENSOR_SDK || modules.has(new URL(specifier, url).href)) {
        continue;
      }
      throw refused(manifest.name, file, `${place} imports ${specifier}, which is not part of it`);
    }
  }
  // JSON of a list is unambiguous about where one text ends and the next begins.
  const canonical = JSON.stringify([manifestText, ...[...modules].flat()]);
  const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(canonical));
  return { manifest, manifestText, modules, usesTensors, sha256: new Uint8Array(digest).toHex() };
}

/** The URL of a plugin's file within its image. */
export function moduleUrl(file: string): string {
  return ROOT + file;
}

interface Import {
  readonly specifier: string;
  /** `file.ts:3`, for errors. */
  readonly place: string;
}

/** Every import that may not be made is an error; the answer has the SDK's and the plugin's own. */
function importsOf(code: string, file: string, plugin: string): Import[] {
  return importNodes(code, file, plugin).map(({ start, source, attributes, options }) => {
    const place = placeOf(code, start, file);
    const specifier = literal(source);
    if (specifier === undefined) {
      throw refused(plugin, file, `${place} imports a module whose name is computed; write it out`);
    }
    const quoted = printable(JSON.stringify(specifier), 200);
    if (specifier !== SDK && specifier !== TENSOR_SDK && !isInside(specifier, file)) {
      const advice = `a plugin may import its own files ("./name.ts"), "${SDK}" and "${TENSOR_SDK}"`;
      throw refused(plugin, file, `${place} imports ${quoted}; ${advice}`);
    }
    // Attributes make JSON, text or bytes of a file: none of it was vetted.
    if (attributes?.length || options) {
      throw refused(plugin, file, `${place} imports ${quoted} as something else than code`);
    }
    return { specifier, place };
  });
}

function placeOf(code: string, start: number, file: string): string {
  return `${file}:${code.slice(0, start).split("\n").length}`;
}

/** What acorn's four nodes that import have in common. */
interface ImportNode extends Node {
  readonly source: Node;
  readonly attributes?: readonly Node[];
  /** The second argument of `import()`. */
  readonly options?: Node | null;
}

function importNodes(code: string, file: string, plugin: string): ImportNode[] {
  const found: ImportNode[] = [];
  for (const { node } of partsOf(parsed(parseJavaScript, code, file, plugin))) {
    const { type, source, meta } = node as Partial<ImportNode> & { meta?: { name?: string } };
    if (type === "MetaProperty" && meta?.name === "import") {
      const place = placeOf(code, (node as Node).start, file);
      throw refused(
        plugin,
        file,
        `${place} uses import.meta, which would tell it where on this machine it runs`,
      );
    }
    if (type !== undefined && IMPORTING.has(type) && source) found.push(node as ImportNode);
  }
  return found.sort((a, b) => a.start - b.start);
}

function parsed(parse: (text: string) => Node, text: string, file: string, plugin: string): Node {
  try {
    return parse(text);
  } catch (cause) {
    const message = messageOf(cause);
    const [, reason = message, line = "1"] = /^(.*) \((\d+):\d+\)$/.exec(message) ?? [];
    throw refused(plugin, file, `Cannot read ${file}:${line}: ${printable(reason, 200)}`, { cause });
  }
}

/** Every object of a syntax tree with its depth, in no particular order and without recursion. */
function* partsOf(root: Node): Iterable<{ node: object; depth: number }> {
  const waiting: { node: object; depth: number }[] = [{ node: root, depth: 0 }];
  for (let part = waiting.pop(); part !== undefined; part = waiting.pop()) {
    yield part;
    for (const child of Object.values(part.node)) {
      if (typeof child === "object" && child !== null) waiting.push({ node: child, depth: part.depth + 1 });
    }
  }
}

const IMPORTING = new Set([
  "ImportDeclaration",
  "ExportNamedDeclaration",
  "ExportAllDeclaration",
  "ImportExpression",
]);

/** The text of a string, or of a template without anything to fill in. */
function literal(node: Node): string | undefined {
  const { value, quasis } = node as { value?: unknown; quasis?: { value: { cooked?: string } }[] };
  if (typeof value === "string") return value;
  return quasis?.length === 1 ? quasis[0]?.value.cooked : undefined;
}

/** Whether a relative specifier, read as a URL, is a code file inside of the plugin's folder. */
function isInside(specifier: string, file: string): boolean {
  if (!/^\.\.?(?:\/[\w.-]+)+\.[jt]s$/.test(specifier)) return false;
  // A folder whose name no specifier can have: nothing leads out of it and in again.
  return new URL(specifier, `plugin:///~/${file}`).href.startsWith("plugin:///~/");
}

function stripTypes(text: string, file: string, plugin: string): string {
  // Deno's own parser is native and ends the process, not the call, when it runs out of stack: a file of
  // 5,000 parentheses is enough. So it gets nothing that was not measured.
  for (const { depth } of partsOf(parsed(parseTypeScript, text, file, plugin))) {
    if (depth > IMAGE_LIMITS.nesting) {
      throw refused(plugin, file, `${file} is nested deeper than ${IMAGE_LIMITS.nesting} levels`);
    }
  }
  try {
    return stripTypeScriptTypes(text, { mode: "strip" }); // keeps lines and columns
  } catch {
    // Enums and parameter properties are not only types: they have to be rewritten.
  }
  try {
    return stripTypeScriptTypes(text, { mode: "transform" });
  } catch (cause) {
    const message = messageOf(cause);
    const reason = printable(message.split("\n")[0]!.replace(/^SyntaxError: /, ""), 200);
    const line = /:(\d+):\d+$/.exec(message)?.[1] ?? "1";
    throw refused(plugin, file, `Cannot read ${file}:${line} as TypeScript: ${reason}`, { cause });
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

/**
 * The files of a plugin on their way: names and sizes are checked as they come, and nothing is on the disk before
 * all of them are known to be right.
 *
 * Only what a plugin may consist of is kept. The rest of a repository (its pictures, its settings for editors) is
 * counted and left out; but its names are checked as well, because whoever hides `..` there is not to be trusted
 * with the rest.
 *
 * @module
 */
import { VENDOR_FOLDER } from "../manifest/dependency_file.ts";
import { KBertError, messageOf } from "../wall/errors.ts";
import { ARCHIVE_LIMITS } from "./archive_limits.ts";
import { nameProblem, sameName } from "./file_names.ts";
import { quoted, refusedSource } from "./source_errors.ts";

/** The plugin's manifest, which is what makes a folder a plugin's. */
export const MANIFEST_FILE = "plugin.yaml";
/** See signature.ts. */
export const SIGNATURE_FILE = "signature.json";

/** Texts beside the code, in the plugin's folder itself. */
const TEXT = /^(?:README|LICEN[CS]E|NOTICE|CHANGELOG|COPYING)(?:[.-][\w.-]+)?$/i;
const CODE = /\.(?:ts|js|md)$/;
/** Folders of other programs. */
const FOREIGN = /(?:^|\/)(?:node_modules|\.[^/]*)(?:\/|$)/;

/**
 * Whether a plugin may consist of a file of this name. In `vendor/` are the npm packages that were made a part of it.
 *
 * @example
 * ```ts
 * import { isPluginFile } from "./plugin_files.ts";
 * import { assertEquals } from "../deps/assert.ts";
 *
 * const files = ["plugin.yaml", "src/head.ts", "LICENSE", "logo.png", ".git/hooks/x.js", "old/plugin.yaml"];
 * assertEquals(files.filter(isPluginFile), ["plugin.yaml", "src/head.ts", "LICENSE"]);
 * ```
 */
export function isPluginFile(path: string): boolean {
  if (FOREIGN.test(path)) return false;
  return path === MANIFEST_FILE || path === SIGNATURE_FILE || CODE.test(path) || TEXT.test(path) ||
    path.startsWith(`${VENDOR_FOLDER}/`);
}

/** See the module's text. */
export class PluginFiles {
  readonly #source: string;
  readonly #kept = new Map<string, Uint8Array>();
  /** {@linkcode sameName} → the name itself, of every file and of every folder that one is in. */
  readonly #names = new Map<string, { path: string; isFolder: boolean }>();
  #entries = 0;
  #bytes = 0;
  #leftOut = 0;

  /** @param source for sentences */
  constructor(source: string) {
    this.#source = source;
  }

  /** Path → content. */
  get kept(): ReadonlyMap<string, Uint8Array> {
    return this.#kept;
  }

  /** How many files no plugin consists of. */
  get leftOut(): number {
    return this.#leftOut;
  }

  /**
   * A folder, which only takes a name: folders are made for the files that are in them.
   *
   * @returns false, because it has no content
   * @throws {KBertError} `source/refused` if its name may not be, or there are too many
   */
  addFolder(path: string): false {
    this.#count();
    this.#claim(path, true);
    return false;
  }

  /**
   * Announces a file, before its content is had.
   *
   * @returns whether the content is wanted
   * @throws {KBertError} `source/refused` if its name may not be, it is too large, or there are too many
   */
  announce(path: string, bytes: number): boolean {
    this.#count();
    this.#claim(path, false);
    if (!isPluginFile(path)) {
      this.#leftOut++;
      return false;
    }
    this.#limit(`bytes in ${quoted(path)}`, bytes, ARCHIVE_LIMITS.bytesPerFile, path);
    this.#limit("bytes of files", this.#bytes += bytes, ARCHIVE_LIMITS.bytes);
    return true;
  }

  /** Takes the content of a file that was announced, which from here on is not changed any more. */
  put(path: string, content: Uint8Array): void {
    this.#kept.set(path, content);
  }

  /**
   * Makes the plugin's folder of them.
   *
   * @param folder that does not exist yet
   * @throws {KBertError} `source/refused` if there is no plugin.yaml, `file/unusable` if it cannot be written
   */
  async writeTo(folder: string): Promise<void> {
    if (!this.#kept.has(MANIFEST_FILE)) {
      const advice = "name a source that has a plugin's folder at its top";
      throw refusedSource(this.#source, `it has no ${MANIFEST_FILE}; ${advice}`, { file: MANIFEST_FILE });
    }
    try {
      await Deno.mkdir(folder);
      for (const [path, content] of this.#kept) {
        const parent = path.split("/").slice(0, -1).join("/");
        if (parent !== "") await Deno.mkdir(`${folder}/${parent}`, { recursive: true });
        await Deno.writeFile(`${folder}/${path}`, content, { createNew: true, mode: 0o644 });
      }
    } catch (cause) {
      const message = `Cannot write the plugin to ${folder}: ${messageOf(cause)}`;
      throw new KBertError("file/unusable", message, { path: folder }, { cause });
    }
  }

  #count(): void {
    this.#limit("files and folders", ++this.#entries, ARCHIVE_LIMITS.entries);
  }

  #claim(path: string, isFolder: boolean): void {
    const problem = nameProblem(path);
    if (problem !== undefined) throw refusedSource(this.#source, problem, { file: path });
    const parts = path.split("/");
    for (let end = 1; end < parts.length; end++) this.#name(parts.slice(0, end).join("/"), true);
    this.#name(path, isFolder);
  }

  #name(path: string, isFolder: boolean): void {
    const key = sameName(path);
    const known = this.#names.get(key);
    if (known === undefined) return void this.#names.set(key, { path, isFolder });
    if (known.path !== path) {
      const both = `${quoted(known.path)} and ${quoted(path)}`;
      throw refusedSource(this.#source, `${both} are the same file on some systems`, { file: path });
    }
    if (isFolder && known.isFolder) return;
    const reason = known.isFolder === isFolder ? "is in it twice" : "is a file and a folder";
    throw refusedSource(this.#source, `${quoted(path)} ${reason}`, { file: path });
  }

  #limit(what: string, value: number, limit: number, file?: string): void {
    if (value <= limit) return;
    const fault = { limit, value, ...(file !== undefined && { file }) };
    throw refusedSource(this.#source, `it has ${value} ${what}, and the limit is ${limit}`, fault);
  }
}

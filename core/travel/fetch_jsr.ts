/**
 * A plugin in a package of JSR, or of a registry like it.
 *
 * Deno knows where the registry is, and is asked for nothing else: had it to load the package, it would load all that
 * this imports as well. Each version has a list of its files with their hashes, and the list's own hash is what is
 * locked. JSR writes names of imports out, so those of the SDK are written back (jsr_imports.ts).
 *
 * @module
 */
import { maxSatisfying } from "../deps/semver.ts";
import { z } from "../deps/zod.ts";
import { sha256 } from "../wall/sha256.ts";
import { ARCHIVE_LIMITS } from "./archive_limits.ts";
import { denoFailure, runDeno } from "./deno_project.ts";
import { download } from "./download.ts";
import { checkHash, type Fetching, type Gathered } from "./fetching.ts";
import { writeBackImports } from "./jsr_imports.ts";
import { PluginFiles } from "./plugin_files.ts";
import { quoted, refusedSource, unreachable } from "./source_errors.ts";

const PACKAGE = /^@[a-z0-9-]+\/[a-z0-9-]+$/;
/** A list of versions, or of the files of one. */
const LIST_BYTES = 4_000_000;

const versionsSchema = z.object({
  versions: z.record(
    z.string(),
    z.object({ yanked: z.boolean().optional(), createdAt: z.string().optional() }),
  ),
});
const filesSchema = z.object({
  manifest: z.record(
    z.string().regex(/^\//),
    z.object({ size: z.int().min(0), checksum: z.string().regex(/^sha256-[0-9a-f]{64}$/) }),
  ),
});

/**
 * Fetches the highest version of a range that is old enough.
 *
 * @throws {KBertError} `source/unreachable`, `source/refused`
 */
export async function fetchJsr(
  { package: name, version: range }: { package: string; version: string },
  { scratch, signal, minimumAgeMinutes, locked }: Fetching,
): Promise<Gathered> {
  const source = `jsr:${name}@${range}`;
  if (!PACKAGE.test(name)) {
    throw refusedSource(source, `${quoted(name)} is not the name of a package; correct it`);
  }
  const known = locked?.source === "jsr" ? locked : undefined;
  const server = new JsrPackage(source, name, signal);
  await server.find(await scratch.work());
  const version = known?.version ?? await server.version(range, minimumAgeMinutes);
  const list = await server.list(version);
  const manifestSha256 = await sha256(list);
  checkHash(
    source,
    `the list of files of version ${version}`,
    manifestSha256,
    known?.manifestSha256,
    "k-bert.lock",
  );
  const files = await server.files(version, list);
  return { files, resolved: { source: "jsr", package: name, version, manifestSha256 } };
}

/** A package on a server. */
class JsrPackage {
  readonly #source: string;
  readonly #name: string;
  readonly #signal: AbortSignal;
  #base = "";

  constructor(source: string, name: string, signal: AbortSignal) {
    this.#source = source;
    this.#name = name;
    this.#signal = signal;
  }

  /** Finds out where the package is, by having Deno look for a module that no package has. */
  async find(folder: string): Promise<void> {
    const project = { source: this.#source, folder, signal: this.#signal };
    const { stdout, stderr } = await runDeno(project, [
      ...["info", "--json", "--no-config", "--no-lock", "--minimum-dependency-age=0"],
      `jsr:${this.#name}@*/k-bert-looks-for-the-package`,
    ]);
    if (/"error": "JSR package not found/.test(new TextDecoder().decode(stdout))) {
      throw unreachable(this.#source, "the registry has no such package; correct the name");
    }
    const end = `/${this.#name}/meta.json`;
    const [url] = stderr.split(/\s/).filter((word) => /^https?:\/\//.test(word) && word.endsWith(end));
    if (url === undefined) throw denoFailure(this.#source, stderr);
    this.#base = url.slice(0, -"meta.json".length);
  }

  async version(range: string, minimumAgeMinutes: number): Promise<string> {
    const { versions } = this.#parse(versionsSchema, await this.#download("meta.json", LIST_BYTES));
    const offered = Object.keys(versions).filter((version) => versions[version]!.yanked !== true);
    // A version without a date is as old as anybody likes: the registry cannot tell.
    const youngest = Date.now() - minimumAgeMinutes * 60_000;
    const isOld = (version: string): boolean => !(Date.parse(versions[version]!.createdAt ?? "") > youngest);
    const found = maxSatisfying(offered.filter(isOld), range);
    if (found !== null) return found;
    const young = maxSatisfying(offered, range);
    if (young !== null) {
      const advice = "wait until it is older, or set minimum_age_hours in registry.yaml lower";
      throw unreachable(
        this.#source,
        `its version ${young} is younger than ${minimumAgeMinutes} minutes; ${advice}`,
      );
    }
    throw unreachable(
      this.#source,
      `it has no version ${range}; it has ${offered.slice(-5).join(", ") || "none"}`,
    );
  }

  list(version: string): Promise<Uint8Array<ArrayBuffer>> {
    return this.#download(`${version}_meta.json`, LIST_BYTES);
  }

  /** @param list of the version's files */
  async files(version: string, list: Uint8Array): Promise<PluginFiles> {
    const { manifest } = this.#parse(filesSchema, list);
    const files = new PluginFiles(this.#source);
    const entries = Object.entries(manifest).map(([path, entry]) => ({ path: path.slice(1), ...entry }));
    const wanted = entries.filter(({ path, size }) => files.announce(path, size));
    const contents = await download(wanted.map(({ path }) => this.#url(version, path)), {
      source: this.#source,
      maxBytes: ARCHIVE_LIMITS.bytesPerFile,
      maxBytesInAll: ARCHIVE_LIMITS.bytes,
      signal: this.#signal,
    });
    for (const [index, { path, checksum }] of wanted.entries()) {
      const content = contents[index]!;
      const actual = `sha256-${await sha256(content)}`;
      if (actual !== checksum) {
        const reason = `${quoted(path)} has the hash ${actual}, and the registry's list says ${checksum}; ` +
          "the registry lies, or was tampered with: do not use it";
        throw refusedSource(this.#source, reason, { file: path, expected: checksum, actual });
      }
      files.put(path, /\.[jt]s$/.test(path) ? writtenBack(content, path) : content);
    }
    return files;
  }

  #url(version: string, path: string): URL {
    return new URL(`${this.#base}${version}/${path.split("/").map(encodeURIComponent).join("/")}`);
  }

  async #download(file: string, maxBytes: number): Promise<Uint8Array<ArrayBuffer>> {
    const options = { source: this.#source, maxBytes, signal: this.#signal };
    const [content] = await download([new URL(this.#base + file)], options);
    return content!;
  }

  #parse<T>(schema: z.ZodType<T>, bytes: Uint8Array): T {
    try {
      return schema.parse(JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes)));
    } catch (cause) {
      const reason = "the registry does not answer as JSR does; look at which one Deno is configured for";
      throw refusedSource(this.#source, reason, {}, { cause });
    }
  }
}

/** What is not UTF-8 stays as it is, for the vetting to refuse. */
function writtenBack(content: Uint8Array, path: string): Uint8Array {
  try {
    const text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(content);
    return new TextEncoder().encode(writeBackImports(text, path));
  } catch {
    return content;
  }
}

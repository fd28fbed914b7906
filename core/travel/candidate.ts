/**
 * A plugin that was fetched and could be put into a place: read, vetted, its packages installed, its signature
 * checked. Nothing of it has run, and nothing of the place has changed.
 *
 * @module
 */
import { installPackages, PACKAGES_FILE } from "../plugins/install.ts";
import { buildImage, codeSize, packagesOf, type PluginImage } from "../security/image.ts";
import type { LockEntry } from "../security/lock_file.ts";
import { fileHashes } from "../security/locked_image.ts";
import { pluginSource } from "../security/source.ts";
import { type Faults, KBertError } from "../wall/errors.ts";
import { fetchPlugin } from "./fetch.ts";
import type { FetchOptions, PluginSourceSpec } from "./fetched.ts";
import { folderInPlace, fromRoot, type LocalSource } from "./local_path.ts";
import type { HeldPlace } from "./place.ts";
import { verifySignature } from "./signature.ts";
import { formatSource } from "./source_text.ts";

/** See the module's text. Disposing of it removes what was fetched and has not been put in place. */
export interface Candidate extends AsyncDisposable {
  /** Where its files are. */
  readonly folder: string;
  readonly image: PluginImage;
  /** What the lock will say of it. */
  readonly entry: LockEntry;
  /** Bytes of its code, as it runs. */
  readonly bytes: number;
  /** Whether its folder is in the place already, so that nothing has to be moved. */
  readonly isInPlace: boolean;
}

/** How a candidate is made. */
export interface CandidateOptions extends Omit<FetchOptions, "scratch"> {
  /** What it has to be called, if somebody has said so. */
  readonly name?: string;
}

/**
 * Fetches a plugin and makes sure that it could run.
 *
 * @throws {KBertError} `source/unreachable`, `source/refused` (also for another name than was asked for),
 * `plugin/signature`, and what vetting throws: `plugin/image`, `document/invalid`, `plugin/incompatible`
 */
export async function fetchCandidate(
  spec: PluginSourceSpec,
  place: HeldPlace,
  { name, ...options }: CandidateOptions,
): Promise<Candidate> {
  if (spec.source === "local") {
    const own = await folderInPlace(spec, place);
    if (own !== undefined) return await inspect(own, spec, spec, own.slice(own.lastIndexOf("/") + 1), true);
  }
  await using owned = new AsyncDisposableStack();
  const fetched = owned.use(
    await fetchPlugin(rooted(spec, place), {
      ...options,
      ...(options.locked && { locked: rooted(options.locked, place) }),
      scratch: place.path,
    }),
  );
  const source = spec.source === "local" // as it is written, so that the lock is right on other machines too
    ? { ...fetched.resolved as LocalSource, path: spec.path }
    : fetched.resolved;
  const candidate = await inspect(fetched.folder, source, spec, name, false).catch((error) => {
    throw withFound(error, source);
  });
  const held = owned.move();
  return { ...candidate, [Symbol.asyncDispose]: () => held.disposeAsync() };
}

/** Paths of registries and locks start where their place is. */
function rooted<Source extends PluginSourceSpec | LockEntry["source"]>(
  source: Source,
  place: HeldPlace,
): Source {
  return source.source === "local" ? { ...source, path: fromRoot(source.path, place) } : source;
}

async function inspect(
  folder: string,
  source: LockEntry["source"],
  spec: PluginSourceSpec,
  name: string | undefined,
  isInPlace: boolean,
): Promise<Candidate> {
  const files = pluginSource(folder);
  if (!isInPlace && (await packagesOf(files)).length > 0 && !await exists(`${folder}/${PACKAGES_FILE}`)) {
    await installPackages(folder);
  }
  const image = await buildImage(files);
  const { manifest, sha256 } = image;
  if (name !== undefined && manifest.name !== name) throw misnamed(spec, name, manifest.name);
  const signature = await verifySignature(folder, image);
  const entry: LockEntry = {
    version: manifest.version,
    source,
    sha256,
    files: await fileHashes(image),
    packages: await packagesIn(folder),
    ...(signature && { key: signature.key }),
  };
  const bytes = codeSize(image);
  return { folder, image, entry, bytes, isInPlace, [Symbol.asyncDispose]: () => Promise.resolve() };
}

/** Which version did not fit, so that an older one can be asked for. */
function withFound(error: unknown, source: LockEntry["source"]): unknown {
  const isIncompatible = error instanceof KBertError && error.code === "plugin/incompatible";
  if (!isIncompatible || !("package" in source)) return error;
  const detail = { ...error.detail as Faults["plugin/incompatible"], found: source.version };
  return new KBertError("plugin/incompatible", error.message, detail, { cause: error });
}

async function packagesIn(folder: string): Promise<Record<string, string>> {
  try {
    const packages: unknown = JSON.parse(await Deno.readTextFile(`${folder}/${PACKAGES_FILE}`));
    const entries = Object.entries(packages as Record<string, unknown>);
    return Object.fromEntries(entries.map(([id, integrity]) => [id, String(integrity) || "unknown"]));
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return {};
    const message =
      `Cannot read ${PACKAGES_FILE} of the plugin, which lists its npm packages; install them anew`;
    throw new KBertError("source/refused", message, { source: folder, file: PACKAGES_FILE }, {
      cause: error,
    });
  }
}

async function exists(path: string): Promise<boolean> {
  return await Deno.stat(path).then(() => true, () => false);
}

function misnamed(spec: PluginSourceSpec, expected: string, actual: string): KBertError<"source/refused"> {
  const source = formatSource(spec);
  const message = `${source} gave a plugin that is called ${actual}, and ${expected} was wanted; ` +
    "if it is the right one, add it under its own name";
  return new KBertError("source/refused", message, { source, expected, actual });
}

/**
 * Fetches a plugin from wherever it is, into a folder that is just the plugin.
 *
 * This is the only place where plugins come from elsewhere. Nothing that is fetched is run, and nothing is put into the
 * plugin's folder before all of it was looked at; if anything is wrong, nothing is left.
 *
 * @module
 */
import { fetchGit } from "./fetch_git.ts";
import { fetchJsr } from "./fetch_jsr.ts";
import { fetchLocal } from "./fetch_local.ts";
import { fetchNpm } from "./fetch_npm.ts";
import { fetchUrl } from "./fetch_url.ts";
import type { FetchedPlugin, FetchOptions, PluginSourceSpec, ResolvedSource } from "./fetched.ts";
import type { Fetching, Gathered } from "./fetching.ts";
import { gitAddress } from "./git_url.ts";
import { Scratch } from "./scratch.ts";
import { refusedSource, unreachable } from "./source_errors.ts";

const TIMEOUT_MS = 120_000;

/**
 * Fetches a plugin, or the very same plugin as before if `locked` says which one that was.
 *
 * Needs the rights to read and write `scratch`, and to start `deno` (npm, jsr, url) or `git` (git).
 *
 * @returns owned by the caller, who moves the folder away or disposes of it
 * @throws {KBertError} `source/unreachable` if it cannot be had now, `source/refused` if it is not what it should be,
 * `file/unusable` if `scratch` is of no use; the reason of the signal if it is given up. Nothing is left in `scratch`.
 * @example
 * ```ts
 * import { fetchPlugin } from "./fetch.ts";
 * import { assertEquals } from "../deps/assert.ts";
 *
 * const scratch = await Deno.makeTempDir();
 * {
 *   await using fetched = await fetchPlugin({ source: "local", path: "examples/plugins/robust" }, {
 *     scratch,
 *     signal: new AbortController().signal,
 *     minimumAgeMinutes: 0,
 *   });
 *   assertEquals([...Deno.readDirSync(fetched.folder)].length, 3);
 * }
 * assertEquals([...Deno.readDirSync(scratch)], []);
 * await Deno.remove(scratch);
 * ```
 */
export async function fetchPlugin(spec: PluginSourceSpec, options: FetchOptions): Promise<FetchedPlugin> {
  const { signal, minimumAgeMinutes, timeoutMs = TIMEOUT_MS, locked } = options;
  if (locked !== undefined) checkSame(spec, locked);
  await using undo = new AsyncDisposableStack();
  const scratch = undo.use(await Scratch.make(options.scratch));
  const { files, resolved } = await within(spec, timeoutMs, signal, (signal) => {
    return gather(spec, { scratch, signal, minimumAgeMinutes, locked });
  });
  await scratch.clear();
  await files.writeTo(scratch.plugin);
  undo.move(); // from here on it is the caller's
  return {
    folder: scratch.plugin,
    resolved,
    leftOut: files.leftOut,
    [Symbol.asyncDispose]: () => scratch[Symbol.asyncDispose](),
  };
}

function gather(spec: PluginSourceSpec, fetching: Fetching): Promise<Gathered> {
  switch (spec.source) {
    case "local":
      return fetchLocal(spec, fetching);
    case "git":
      return fetchGit(spec, fetching);
    case "npm":
      return fetchNpm(spec, fetching);
    case "jsr":
      return fetchJsr(spec, fetching);
    case "url":
      return fetchUrl(spec, fetching);
  }
}

/** A lock that is of another source would say nothing about this one. */
function checkSame(spec: PluginSourceSpec, locked: ResolvedSource): void {
  const [wanted, known] = [placeOf(spec), placeOf(locked)];
  if (wanted === known) return;
  const reason = `k-bert.lock has it from ${known}; update the plugin if it is meant to come from here now`;
  throw refusedSource(wanted, reason, { expected: known, actual: wanted });
}

/** Where a source is, without which version of it. */
function placeOf(source: PluginSourceSpec | ResolvedSource): string {
  switch (source.source) {
    case "local":
      return source.path;
    case "git":
      return gitAddress(source.url).shown;
    case "npm":
    case "jsr":
      return `${source.source}:${source.package}`;
    case "url":
      return source.url;
  }
}

async function within<T>(
  spec: PluginSourceSpec,
  timeoutMs: number,
  signal: AbortSignal,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const late = new AbortController();
  const timer = setTimeout(() => late.abort(), timeoutMs);
  try {
    return await work(AbortSignal.any([signal, late.signal]));
  } catch (error) {
    if (signal.aborted || !late.signal.aborted) throw error;
    const reason =
      `it was not there within ${timeoutMs} ms; try again later, or when the connection is better`;
    throw unreachable(placeOf(spec), reason, { cause: error });
  } finally {
    clearTimeout(timer);
  }
}

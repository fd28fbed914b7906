/**
 * A plugin's image as it is loaded: read, vetted, and compared with the lock that lies beside its folder.
 *
 * The lock is looked for where the folder is, whichever way led there, and by both names that a plugin has: a
 * folder that the lock names must be that plugin, and a plugin that the lock names must be that code, also in a
 * second folder that took its name. A lock that may not be read stops the loading: without it nobody can tell
 * whether the code is what was added.
 *
 * @module
 */
import { printable } from "../manifest/problems.ts";
import { KBertError } from "../wall/errors.ts";
import { sha256 } from "../wall/sha256.ts";
import { programCommand, shellWord } from "./commands.ts";
import { buildImage, type PluginImage } from "./image.ts";
import { type Lock, LOCK_FILE, type LockEntry, readLock } from "./lock_file.ts";
import { pluginSource } from "./source.ts";

/**
 * Reads the plugin at a path or URL. Nothing else may make an image that is going to run.
 *
 * @throws {KBertError} what {@linkcode buildImage} and {@linkcode readLock} throw; `plugin/locked` if the code is not
 * what the lock says
 */
export async function lockedImage(location: string | URL): Promise<PluginImage> {
  const source = pluginSource(location);
  const image = await buildImage(source);
  if (/^https?:/.test(source.location)) return image; // nothing lies beside a URL
  const folders = new Set([source.location, await Deno.realPath(source.location)]);
  for (const folder of folders) {
    const { place, name } = splitPath(folder);
    if (name !== "." && name !== "..") await requireLocked(image, name, place);
  }
  return image;
}

/**
 * What a lock keeps of the files of an image, to tell later what has changed.
 *
 * @example
 * ```ts
 * import { fileHashes } from "./locked_image.ts";
 * import { assertEquals } from "../deps/assert.ts";
 *
 * const hashes = await fileHashes({ manifestText: "", modules: new Map([["plugin:///main.ts", ""]]) });
 * const ofNothing = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
 * assertEquals(hashes, { "main.ts": ofNothing, "plugin.yaml": ofNothing });
 * ```
 */
export async function fileHashes(
  { manifestText, modules }: Pick<PluginImage, "manifestText" | "modules">,
): Promise<Record<string, string>> {
  const files = [
    ["plugin.yaml", manifestText] as const,
    ...[...modules].map(([url, code]) => [url.slice("plugin:///".length), code] as const),
  ];
  const hashed = await Promise.all(files.map(async ([file, text]) => [file, await sha256(text)] as const));
  return Object.fromEntries(hashed.sort(([a], [b]) => a < b ? -1 : 1));
}

/**
 * What has become of the files since, in words; a list without entries if nothing has.
 *
 * @example
 * ```ts
 * import { changedFiles } from "./locked_image.ts";
 * import { assertEquals } from "../deps/assert.ts";
 *
 * assertEquals(changedFiles({ a: "1", b: "1" }, { b: "2", c: "1" }), ["a is gone", "b has changed", "c is new"]);
 * ```
 */
export function changedFiles(
  before: Readonly<Record<string, string>>,
  now: Readonly<Record<string, string>>,
): string[] {
  const names = new Set([...Object.keys(before), ...Object.keys(now)]);
  return [...names].sort().flatMap((name) => {
    if (!Object.hasOwn(now, name)) return [`${printable(name)} is gone`];
    if (!Object.hasOwn(before, name)) return [`${printable(name)} is new`];
    return before[name] === now[name] ? [] : [`${printable(name)} has changed`];
  });
}

async function requireLocked(image: PluginImage, folder: string, place: string): Promise<void> {
  const lock = await lockOf(image, place);
  const { name } = image.manifest;
  const byFolder = lock.get(folder);
  if (byFolder !== undefined && folder !== name) {
    throw locked(image, byFolder, place, [`plugin.yaml calls it ${name}, and the lock ${folder}`]);
  }
  const entry = lock.get(name);
  if (entry === undefined || entry.sha256 === image.sha256) return;
  const changed = changedFiles(entry.files, await fileHashes(image));
  // A file that is the same in other words cannot be: then the lock was edited by hand.
  throw locked(image, entry, place, changed.length > 0 ? changed : ["the lock does not fit itself"]);
}

async function lockOf({ manifest: { name } }: PluginImage, place: string): Promise<Lock> {
  const path = `${place}/${LOCK_FILE}`;
  if (Deno.permissions.querySync({ name: "read", path }).state === "granted") return await readLock(place);
  const message =
    `Cannot tell whether ${name} is what ${printable(path)} says, because that may not be read; ` +
    `give deno --allow-read=${printable(path)} too`;
  throw new KBertError("file/unusable", message, { path });
}

function locked(
  { manifest: { name }, sha256 }: PluginImage,
  entry: LockEntry,
  place: string,
  changed: readonly string[],
): KBertError<"plugin/locked"> {
  const lock = `${place}/${LOCK_FILE}`;
  const shown = changed.slice(0, MOST_SHOWN).join(", ");
  const more = changed.length > MOST_SHOWN ? ` and ${changed.length - MOST_SHOWN} more` : "";
  const message = `The plugin ${name} is not the code that was added: its hash is ${sha256}, and ` +
    `${printable(lock)} says ${entry.sha256}; ${shown}${more}; if the change is right, run: ${
      updateCommand(name, entry, place)
    }` +
    ` (which takes what its source has now; plugin add brings back what was added)`;
  return new KBertError("plugin/locked", message, {
    ...{ plugin: name, lock, expected: entry.sha256, actual: sha256, changed },
  });
}

/** To be run in the same folder. What it fetches from this machine, it has to be allowed to read. */
function updateCommand(name: string, { source }: LockEntry, place: string): string {
  const path = source.source !== "local"
    ? []
    : source.path.startsWith("/")
    ? source.path
    : `${place}/../${source.path}`;
  const command = programCommand(place, ["--allow-run=deno,git"], [path].flat());
  return `${command} plugin update ${name} --place ${shellWord(place)}`;
}

const MOST_SHOWN = 5;

/** As it is written: a link is taken for where it lies. Where it leads is the caller's other question. */
function splitPath(path: string): { place: string; name: string } {
  const cut = path.lastIndexOf("/");
  return { place: cut < 0 ? "." : path.slice(0, cut) || "/", name: path.slice(cut + 1) };
}

/**
 * Takes a plugin out of a place: its folder, its line in the lock, its entry in the registry.
 *
 * @module
 */
import { writeLock } from "../security/lock_file.ts";
import { KBertError, messageOf } from "../wall/errors.ts";
import { rangesFor } from "./conflicts.ts";
import { folderInPlace } from "./local_path.ts";
import type { HeldPlace } from "./place.ts";
import type { Before } from "./proposal.ts";
import { removeRegistryEntry } from "./registry_file.ts";
import { beforeOf, surroundingsOf } from "./surroundings.ts";

/**
 * Removes a plugin that was added. A source that lies in the place itself stays where it is, unlocked.
 *
 * @param force whether a folder goes that is not what was added, and may be somebody's work
 * @throws {KBertError} `plugin/unknown` if it was not added, `plugin/dependency` if another one needs it,
 * `plugin/locked` for a folder that has changed, `file/unusable`
 */
export async function removePlugin(name: string, place: HeldPlace, force = false): Promise<void> {
  const { lock, registry, manifests } = await surroundingsOf(place);
  if (!lock.has(name) && !registry.some((entry) => entry.name === name)) throw notAdded(name, place);
  const [needed] = rangesFor(name, manifests);
  if (needed !== undefined) {
    const message =
      `Cannot remove ${name}: ${needed.by} needs ${name} ${needed.range}; remove ${needed.by} first`;
    throw new KBertError("plugin/dependency", message, {
      ...{ plugin: name, chain: [needed.by, name], range: needed.range },
    });
  }
  const before = await beforeOf(name, lock, place);
  if (before?.isChanged && !force) throw changed(name, before, place);
  // The last first: until the folder is gone, the lock says what it was.
  await removeRegistryEntry(place.path, name);
  const spec = before?.entry.source;
  const isSource = spec?.source === "local" && await folderInPlace(spec, place) !== undefined;
  if (before !== undefined && !isSource) await removeFolder(`${place.path}/${name}`);
  await writeLock(place.path, new Map([...lock].filter(([key]) => key !== name)));
}

async function removeFolder(path: string): Promise<void> {
  try {
    await Deno.remove(path, { recursive: true });
  } catch (cause) {
    if (cause instanceof Deno.errors.NotFound) return;
    throw new KBertError("file/unusable", `Cannot remove ${path}: ${messageOf(cause)}`, { path }, { cause });
  }
}

function changed(name: string, { entry, image }: Before, place: HeldPlace): KBertError<"plugin/locked"> {
  const folder = `${place.path}/${name}`;
  const message =
    `Cannot remove ${name}: ${folder} was changed since it was added; save what is yours in it, then ` +
    "run the command again with --force";
  const actual = image?.sha256 ?? "";
  return new KBertError("plugin/locked", message, {
    ...{ plugin: name, lock: place.path, expected: entry.sha256, actual, changed: [folder] },
  });
}

function notAdded(name: string, { path }: HeldPlace): KBertError<"plugin/unknown"> {
  const message =
    `No plugin ${name} was added to ${path}; a folder that you made yourself you remove yourself`;
  return new KBertError("plugin/unknown", message, { plugin: name });
}

/**
 * The last steps of a change: the folder, the lock, the registry, all of them or none.
 *
 * The order makes a crash harmless: between the folder and the lock, the plugin is not what its lock says and does
 * not load, and running the command again mends it.
 *
 * @module
 */
import { type Lock, writeLock } from "../security/lock_file.ts";
import { KBertError, messageOf } from "../wall/errors.ts";
import type { Candidate } from "./candidate.ts";
import type { HeldPlace } from "./place.ts";
import { type RegistryEntry, writeRegistryEntry } from "./registry_file.ts";

/**
 * Puts a candidate into the place under the name of its entry.
 *
 * @param lock as it was before
 * @throws {KBertError} `file/unusable`; everything is as it was before then
 */
export async function putInPlace(
  candidate: Candidate,
  entry: RegistryEntry,
  place: HeldPlace,
  lock: Lock,
): Promise<void> {
  await using swap = await swapFolders(candidate, entry.name, place);
  try {
    await writeLock(place.path, new Map(lock).set(entry.name, candidate.entry));
    await writeRegistryEntry(place.path, entry);
  } catch (error) {
    await writeLock(place.path, lock);
    throw error;
  }
  swap.keep();
}

/** Puts only the folder in place, because lock and registry say so already. */
export async function putFolder(candidate: Candidate, name: string, place: HeldPlace): Promise<void> {
  await using swap = await swapFolders(candidate, name, place);
  swap.keep();
}

/** Undone when it is disposed of, unless it shall be kept. */
interface Swap extends AsyncDisposable {
  keep(): void;
}

const NOTHING_TO_SWAP: Swap = { keep: () => {}, [Symbol.asyncDispose]: () => Promise.resolve() };

/** A folder cannot take the place of another at once; between the two there is none, and loading says so. */
async function swapFolders(candidate: Candidate, name: string, { path }: HeldPlace): Promise<Swap> {
  if (candidate.isInPlace) return NOTHING_TO_SWAP;
  const [folder, old] = [`${path}/${name}`, `${candidate.folder}.before`];
  let isKept = false;
  const hadOne = await renamed(folder, old);
  try {
    await Deno.rename(candidate.folder, folder);
  } catch (cause) {
    if (hadOne) await Deno.rename(old, folder);
    const message = `Cannot put ${name} into ${path}: ${messageOf(cause)}`;
    throw new KBertError("file/unusable", message, { path: folder }, { cause });
  }
  return {
    keep: () => void (isKept = true),
    async [Symbol.asyncDispose](): Promise<void> {
      if (!isKept) {
        await Deno.rename(folder, candidate.folder);
        if (hadOne) await Deno.rename(old, folder);
      } else if (hadOne) await Deno.remove(old, { recursive: true });
    },
  };
}

/** Whether there was something to rename. */
async function renamed(from: string, to: string): Promise<boolean> {
  try {
    await Deno.rename(from, to);
    return true;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw new KBertError("file/unusable", `Cannot move ${from} away: ${messageOf(error)}`, { path: from }, {
      cause: error,
    });
  }
}

/**
 * What a folder that is watched is now: which folder it is, and the files of it that a plugin's image can have,
 * without reading them.
 *
 * @module
 */
import { printable } from "../manifest/problems.ts";
import { unusable } from "./watch_problems.ts";

/** A folder as it was found. */
export interface Place {
  /** Another one for another folder, also at the same path. */
  readonly id: string;
  /** Without links. */
  readonly path: string;
}

/** Path below the folder → what changes with its content, beginning with the size. */
export type Files = ReadonlyMap<string, string>;

const SEPARATOR = Deno.build.os === "windows" ? "\\" : "/";
/** Large, and never part of a plugin: its packages are in `vendor/`. */
const SKIPPED = new Set([".git", "node_modules"]);

/** Undefined if there is none. Asks first whether it may be read, because Deno would prompt. */
export function placeOf(folder: string): Place | undefined {
  try {
    checkReadable(folder);
    const path = Deno.realPathSync(folder);
    checkReadable(path); // Deno's rights do not follow links
    const { isDirectory, dev, ino, birthtime } = Deno.statSync(path);
    if (!isDirectory) throw unusable(folder, "it is not a folder; name the folder of a plugin");
    // Of a folder that was deleted and made again the inode may be the same.
    return { id: [dev, ino, birthtime?.getTime(), path].join(" "), path };
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
}

function checkReadable(path: string): void {
  if (Deno.permissions.querySync({ name: "read", path }).state === "granted") return;
  throw unusable(path, `the right to read it is not granted; --allow-read=${printable(path)} grants it`);
}

/** What cannot be read is as good as not there: the reload will say why. */
export function filesBelow(root: string): Files {
  const files = new Map<string, string>();
  const folders = [root];
  for (const folder of folders) {
    for (const { name, isDirectory, isSymlink } of entriesOf(folder)) {
      const path = folder + SEPARATOR + name;
      if (isDirectory) {
        if (!SKIPPED.has(name)) folders.push(path);
      } else if (isPart(name) || isSymlink) {
        const stamp = stampOf(path);
        if (stamp !== undefined) files.set(path.slice(root.length), stamp);
      }
    }
  }
  return files;
}

function entriesOf(folder: string): Deno.DirEntry[] {
  try {
    return [...Deno.readDirSync(folder)];
  } catch {
    return [];
  }
}

/** Of a folder behind a link, which folder it is; its files are found where they are. */
function stampOf(path: string): string | undefined {
  try {
    const { isFile, isDirectory, size, dev, ino, mtime, ctime } = Deno.statSync(path);
    if (isFile && isPart(path)) return [size, dev, ino, mtime?.getTime(), ctime?.getTime()].join(" ");
    return isDirectory ? [dev, ino].join(" ") : undefined;
  } catch {
    return undefined; // a link that leads nowhere, as Emacs makes them beside a file
  }
}

/** Whether an image can have a file of this name. */
export function isPart(path: string): boolean {
  return /\.(?:ts|js|mjs|yaml)$/.test(path);
}

export function areSame(some: Files, others: Files): boolean {
  return some.size === others.size && [...some].every(([path, stamp]) => others.get(path) === stamp);
}

/** Whether a file that had content has none now, or is gone. */
export function isHalfSaved(now: Files, before: Files): boolean {
  const isEmpty = (stamp: string | undefined): boolean => stamp === undefined || stamp.startsWith("0 ");
  return [...before].some(([path, stamp]) => !isEmpty(stamp) && isEmpty(now.get(path)));
}

/**
 * Files in a plugin's name: read, written whole, and listed, below the roots that it was granted.
 *
 * Only regular files: to open a pipe or a device can wait for ever. Links are followed as long as they stay
 * below their root. A file is written beside its place and renamed, so that nobody reads half of it; that is
 * why a folder has to be granted for writing, not a file.
 *
 * @module
 */
import { join } from "node:path";
import { z } from "../../deps/zod.ts";
import type { ServedCall } from "../../wall/options.ts";
import { GatheredBytes } from "./gathered_bytes.ts";
import { ifThere, type Place, Roots, unusable } from "./roots.ts";
import type { Rows } from "./rows.ts";
import { Turns } from "./turns.ts";

/** Bytes of a file that is read or written. */
const MAX_FILE = 2 ** 24;
/** Entries of a folder that is listed, and characters of their names: with all escaped, they fit into a frame. */
const MAX_ENTRIES = 2_000;
const MAX_NAMES = 2 ** 17;
/** Of one plugin; each may hold a file twice. */
const AT_ONCE = 4;
const PIECE = 2 ** 18;

const path = z.string().min(1).max(4_096).regex(/^[^\p{Cc}]+$/u, "a path without control characters");
const bytes = z.instanceof(Uint8Array).refine(
  ({ byteLength }) => byteLength <= MAX_FILE,
  `at most ${MAX_FILE} bytes`,
);

/** See {@linkcode filesApi}. */
export const FILES_ARGUMENTS = {
  /** The bytes of a file. */
  "files.read": z.tuple([path]),
  /** Writes a file, in place of the one that is there. */
  "files.write": z.tuple([path, bytes]),
  /** `{ name, kind }` of what is in a folder, by name; kinds are `file`, `folder`, `link` and `other`. */
  "files.list": z.tuple([path]),
} as const;

/** What was granted for files. */
export interface GrantedFiles {
  readonly read: readonly string[];
  readonly write: readonly string[];
}

/**
 * @throws {KBertError} from the methods: `capability/refused`; `file/unusable` for what is missing, too
 * large, or no regular file
 */
export function filesApi(plugin: string, { read, write }: GrantedFiles): Rows<typeof FILES_ARGUMENTS> {
  const readable = new Roots(plugin, "read", read);
  const writable = new Roots(plugin, "write", write);
  const turns = new Turns(AT_ONCE);
  const inTurn = <T>({ signal }: ServedCall, work: () => Promise<T>): Promise<T> => turns.run(signal, work);
  return {
    "files.read": ([path], call) => inTurn(call, () => readFile(readable, path)),
    "files.write": ([path, bytes], call) => inTurn(call, () => writeFile(writable, path, bytes)),
    "files.list": ([path], call) => inTurn(call, () => listFolder(readable, path)),
  };
}

async function readFile(roots: Roots, path: string): Promise<Uint8Array> {
  const real = await roots.find(path);
  return await roots.ask(path, async () => {
    // Before it is opened: to open a pipe waits until somebody writes to it.
    const before = await Deno.lstat(real);
    requireRegular(before, path);
    using file = await Deno.open(real);
    const opened = await file.stat();
    requireRegular(opened, path);
    // Whoever put something else there meanwhile has to put it back before this to remain unseen.
    if (opened.ino !== before.ino || opened.dev !== before.dev || await Deno.realPath(real) !== real) {
      throw unusable(path, "it was replaced while it was opened; try again");
    }
    return await readBounded(file, path);
  });
}

/** Up to its end, wherever that is by now. */
async function readBounded(file: Deno.FsFile, path: string): Promise<Uint8Array> {
  const gathered = new GatheredBytes(MAX_FILE);
  const piece = new Uint8Array(PIECE);
  for (let count = await file.read(piece); count !== null; count = await file.read(piece)) {
    if (!gathered.add(piece.subarray(0, count))) {
      throw unusable(path, `it is larger than the limit of ${MAX_FILE} bytes`);
    }
  }
  return gathered.take();
}

async function writeFile(roots: Roots, path: string, bytes: Uint8Array): Promise<undefined> {
  const { folder, name } = await roots.place(path);
  const target = join(folder, name);
  await roots.ask(path, async () => {
    const before = await ifThere(() => Deno.lstat(target));
    if (before?.isSymlink) throw unusable(path, "a link is there, and it is not written through");
    if (before) requireRegular(before, path);
    await replace({ folder, name }, bytes);
  });
}

/** Under another name first, and then renamed in one step; the old file stays if anything fails. */
async function replace({ folder, name }: Place, bytes: Uint8Array): Promise<void> {
  const partial = join(folder, `.partial-${crypto.randomUUID()}`);
  try {
    await writeNew(partial, bytes);
    await Deno.rename(partial, join(folder, name));
  } catch (error) {
    await Deno.remove(partial).catch(() => {});
    throw error;
  }
}

/** A file that is new, so it can be no link; flushed, so that its name never comes before its bytes. */
async function writeNew(path: string, bytes: Uint8Array): Promise<void> {
  using file = await Deno.open(path, { write: true, createNew: true });
  for (let written = 0; written < bytes.byteLength;) written += await file.write(bytes.subarray(written));
  await file.syncData();
}

async function listFolder(roots: Roots, path: string): Promise<{ name: string; kind: string }[]> {
  const real = await roots.find(path);
  return await roots.ask(path, async () => {
    if (!(await Deno.lstat(real)).isDirectory) throw unusable(path, "it is no folder");
    const entries: { name: string; kind: string }[] = [];
    let characters = 0;
    for await (const entry of Deno.readDir(real)) {
      characters += entry.name.length;
      if (entries.length === MAX_ENTRIES || characters > MAX_NAMES) {
        throw unusable(path, `it has more than ${MAX_ENTRIES} entries, or ${MAX_NAMES} characters of names`);
      }
      entries.push({ name: entry.name, kind: kindOf(entry) });
    }
    return entries.sort((a, b) => a.name < b.name ? -1 : 1);
  });
}

function kindOf({ isFile, isDirectory, isSymlink }: Deno.DirEntry): string {
  if (isSymlink) return "link";
  return isFile ? "file" : isDirectory ? "folder" : "other";
}

function requireRegular({ isFile, isDirectory, size }: Deno.FileInfo, path: string): void {
  if (!isFile) throw unusable(path, isDirectory ? "it is a folder" : "it is no regular file");
  if (size > MAX_FILE) throw unusable(path, `it has ${size} bytes, and the limit is ${MAX_FILE}`);
}

/**
 * Puts files and folders on disk so that a kill at any moment leaves the old or the new, never half.
 *
 * Everything is first written under a name that starts with `.partial-`, flushed to the disk, and then
 * renamed, which is one indivisible step; the folder is flushed too, because the name is kept there. No
 * system exchanges two folders in one step everywhere, so a folder that is replaced is called
 * `NAME.replaced` for the moment in between: a reader that misses NAME looks there.
 *
 * The operations come as a {@linkcode FileSystem}, so that a test can pull the plug before any of them.
 *
 * @module
 */
import { KBertError, messageOf } from "../wall/errors.ts";

/** What is asked of a disk. Every operation has taken place when its promise is fulfilled. */
export interface FileSystem {
  /** Makes a folder and those above it; one that is there is fine. */
  makeFolder(path: string): Promise<void>;
  /** Writes a file, emptied first if it is there, and flushes it to the disk. */
  writeFlushed(path: string, bytes: Uint8Array): Promise<void>;
  /** Gives a file or folder another name on the same disk; a file that has that name is replaced. */
  rename(from: string, to: string): Promise<void>;
  /** Flushes the names in a folder to the disk. */
  flushFolder(path: string): Promise<void>;
  /** Removes a file; one that is not there is fine. */
  removeFile(path: string): Promise<void>;
  /** Removes a folder and all in it; one that is not there is fine. */
  removeFolder(path: string): Promise<void>;
  /** The names in a folder, in no order; none for a folder that is not there. */
  list(path: string): Promise<string[]>;
}

/** What the names of unfinished files and folders start with. */
export const PARTIAL = ".partial-";

/** What the name of a folder ends in while another takes its place. */
export const REPLACED = ".replaced";

/** The disk of this machine. Needs the right to read and write the paths it is given. */
export const diskFileSystem: FileSystem = {
  makeFolder: (path) => Deno.mkdir(path, { recursive: true }),
  async writeFlushed(path, bytes): Promise<void> {
    using file = await Deno.open(path, { write: true, create: true, truncate: true });
    for (let written = 0; written < bytes.length;) {
      written += await file.write(bytes.subarray(written));
    }
    await file.sync();
  },
  rename: (from, to) => Deno.rename(from, to),
  async flushFolder(path): Promise<void> {
    if (Deno.build.os === "windows") return; // cannot open a folder, and keeps names in order by itself
    using folder = await Deno.open(path);
    await folder.sync().catch((error) => {
      if (codeOf(error) !== "EINVAL") throw error; // network file systems that cannot say so
    });
  },
  removeFile: (path) => removeIfThere(path, false),
  removeFolder: (path) => removeIfThere(path, true),
  async list(path): Promise<string[]> {
    try {
      return (await Array.fromAsync(Deno.readDir(path))).map((entry) => entry.name);
    } catch (error) {
      if (error instanceof Deno.errors.NotFound) return [];
      throw error;
    }
  },
};

/**
 * Writes one file, and its folder if that is missing. One writer at a time per path.
 *
 * @throws {KBertError} `file/unusable` with the reason of the operating system; the old file is untouched
 *
 * @example
 * ```ts
 * import { writeFileAtomically } from "./durable.ts";
 * import { assertEquals } from "../deps/assert.ts";
 *
 * const folder = await Deno.makeTempDir();
 * await writeFileAtomically(`${folder}/notes.txt`, new TextEncoder().encode("kept"));
 *
 * assertEquals(await Deno.readTextFile(`${folder}/notes.txt`), "kept");
 * await Deno.remove(folder, { recursive: true });
 * ```
 */
export async function writeFileAtomically(
  path: string,
  bytes: Uint8Array,
  fs: FileSystem = diskFileSystem,
): Promise<void> {
  const { parent, name } = splitPath(path);
  const partial = `${parent}/${PARTIAL}${name}`;
  try {
    await fs.makeFolder(parent);
    await fs.writeFlushed(partial, bytes);
    await fs.rename(partial, path);
    await fs.flushFolder(parent);
  } catch (error) {
    await quietly(() => fs.removeFile(partial));
    throw asFileError("write", path, error);
  }
}

/**
 * Writes a folder of files, in place of one of that name. One writer at a time per path.
 *
 * @param files names and contents; taken one by one, so a generator need not hold all of them at once
 * @throws {KBertError} `file/unusable` with the reason of the operating system; the old folder is untouched
 *
 * @example
 * ```ts
 * import { writeFolderAtomically } from "./durable.ts";
 * import { assertEquals } from "../deps/assert.ts";
 *
 * const folder = await Deno.makeTempDir();
 * const files = new Map([["a", new Uint8Array([1])], ["b", new Uint8Array([2])]]);
 * await writeFolderAtomically(`${folder}/pair`, files);
 *
 * assertEquals(await Deno.readFile(`${folder}/pair/b`), new Uint8Array([2]));
 * await Deno.remove(folder, { recursive: true });
 * ```
 */
export async function writeFolderAtomically(
  path: string,
  files: Iterable<readonly [string, Uint8Array]> | AsyncIterable<readonly [string, Uint8Array]>,
  fs: FileSystem = diskFileSystem,
): Promise<void> {
  const { parent, name } = splitPath(path);
  const partial = `${parent}/${PARTIAL}${name}`;
  try {
    await fs.removeFolder(partial); // of a run that was killed
    await fs.makeFolder(partial);
    for await (const [file, bytes] of files) await fs.writeFlushed(`${partial}/${file}`, bytes);
    await fs.flushFolder(partial);
    await putInPlace(partial, path, fs);
    await fs.flushFolder(parent);
    await fs.removeFolder(path + REPLACED);
  } catch (error) {
    await quietly(() => fs.removeFolder(partial));
    throw asFileError("write", path, error);
  }
}

/** Renames `partial` to `path`; a folder of that name is set aside, and put back if that fails. */
async function putInPlace(partial: string, path: string, fs: FileSystem): Promise<void> {
  const { parent, name } = splitPath(path);
  const replacing = (await fs.list(parent)).includes(name);
  if (replacing) {
    await fs.removeFolder(path + REPLACED); // older than the one at `path`
    await fs.rename(path, path + REPLACED);
  }
  try {
    await fs.rename(partial, path);
  } catch (error) {
    if (replacing) await quietly(() => fs.rename(path + REPLACED, path));
    throw error;
  }
}

/**
 * An error of the operating system as one sentence with what to do; any other error as it is, for that is
 * a bug and not the disk's fault.
 *
 * @param action a verb: "write", "read"
 *
 * @example
 * ```ts
 * import { asFileError } from "./durable.ts";
 * import { assertEquals, assertInstanceOf } from "../deps/assert.ts";
 *
 * const thrown = Object.assign(new Error("File name too long (os error 36)"), { code: "ENAMETOOLONG" });
 * const error = asFileError("write", "runs/a", thrown);
 * assertInstanceOf(error, Error);
 * assertEquals(error.message, "Cannot write runs/a: file name too long; choose a shorter name");
 * ```
 */
export function asFileError(action: string, path: string, thrown: unknown): unknown {
  const code = codeOf(thrown);
  if (code === undefined) return thrown;
  // "No space left on device (os error 28): rename 'a' -> 'b'" says the path twice and a number nobody knows.
  const reason = messageOf(thrown).replace(/ \(os error.*$/s, "").replace(
    /^./,
    (first) => first.toLowerCase(),
  );
  const advice = ADVICE[code] ?? "check the path and try again";
  return new KBertError(
    "file/unusable",
    `Cannot ${action} ${path}: ${reason}; ${advice}`,
    { path },
    { cause: thrown },
  );
}

const ADVICE: Readonly<Record<string, string>> = {
  ENOSPC: "free some space on that disk and start the command again",
  EDQUOT: "free some of your quota and start the command again",
  EACCES: "give yourself the right to it or choose another folder",
  EPERM: "give yourself the right to it or choose another folder",
  EROFS: "choose a folder on a disk that can be written",
  EEXIST: "a file stands where a folder is needed, so choose another path",
  ENOTDIR: "a file stands where a folder is needed, so choose another path",
  EISDIR: "a folder stands where a file is needed, so choose another path",
  ENAMETOOLONG: "choose a shorter name",
  ENOENT: "check that the path is right",
  NotCapable: "give the path to deno with --allow-read and --allow-write",
};

/** "ENOSPC" and the like; "NotCapable" if Deno itself refused; undefined if it is no such error. */
function codeOf(thrown: unknown): string | undefined {
  if (thrown instanceof Deno.errors.NotCapable) return "NotCapable";
  if (!(thrown instanceof Error) || !("code" in thrown)) return undefined;
  return typeof thrown.code === "string" && /^E[A-Z0-9]+$/.test(thrown.code) ? thrown.code : undefined;
}

async function removeIfThere(path: string, recursive: boolean): Promise<void> {
  try {
    await Deno.remove(path, { recursive });
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
}

/** For cleaning up after a failure: the failure is what the user needs to hear of, not this one. */
async function quietly(action: () => Promise<void>): Promise<void> {
  await action().catch(() => {});
}

function splitPath(path: string): { parent: string; name: string } {
  const [, parent, name] = /^(?:(.*)[\\/])?([^\\/]+)[\\/]*$/s.exec(path) ?? [];
  if (name === undefined || name === "." || name === "..") {
    throw new TypeError(`Cannot write "${path}": it must end in a name`);
  }
  return { parent: parent === undefined ? "." : parent === "" ? "/" : parent, name };
}

/**
 * A folder of plugins' folders while a command changes it: nobody else changes it meanwhile, and what a command
 * gives up is as if it had never begun.
 *
 * @module
 */
import { lockedFile } from "../security/private_file.ts";
import { KBertError, messageOf } from "../wall/errors.ts";

/** A place that this program holds. */
export interface HeldPlace extends AsyncDisposable {
  /** Its real path. */
  readonly path: string;
  /** What relative paths in its registry start from: the folder that the place is in. */
  readonly root: string;
}

const BUSY_FILE = ".k-bert.busy";

/**
 * Waits until no other program holds the place, and holds it until it is disposed of. A place that is missing is
 * made, and is gone again if nothing has come into it by then.
 *
 * @throws {KBertError} `file/unusable`
 * @example
 * ```ts
 * import { holdPlace } from "./place.ts";
 * import { assertEquals } from "../deps/assert.ts";
 *
 * const folder = await Deno.makeTempDir();
 * {
 *   await using place = await holdPlace(`${folder}/plugins`);
 *   assertEquals(place.root, await Deno.realPath(folder));
 * }
 * assertEquals(Array.from(Deno.readDirSync(folder)), []);
 * await Deno.remove(folder);
 * ```
 */
export async function holdPlace(path: string): Promise<HeldPlace> {
  try {
    await Deno.mkdir(path, { recursive: true });
    const real = await Deno.realPath(path);
    const lock = await heldFile(`${real}/${BUSY_FILE}`);
    return {
      path: real,
      root: real.slice(0, real.lastIndexOf("/")) || "/",
      async [Symbol.asyncDispose](): Promise<void> {
        await Deno.remove(`${real}/${BUSY_FILE}`).catch(() => {}); // while it is held: see heldFile
        lock[Symbol.dispose]();
        await Deno.remove(real).catch(() => {}); // only an empty folder goes
      },
    };
  } catch (cause) {
    throw new KBertError("file/unusable", `Cannot use ${path} as a place for plugins: ${messageOf(cause)}`, {
      path,
    }, { cause });
  }
}

/** Whoever held the file before has removed it: a lock on what is no longer there keeps nobody out. */
async function heldFile(path: string): Promise<Disposable> {
  for (;;) {
    const lock = await lockedFile(path);
    if (await isSameFile(path, lock as Deno.FsFile)) return lock;
    lock[Symbol.dispose]();
  }
}

async function isSameFile(path: string, file: Deno.FsFile): Promise<boolean> {
  try {
    const [there, held] = [await Deno.stat(path), await file.stat()];
    return there.ino === held.ino && there.dev === held.dev;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}

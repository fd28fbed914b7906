/**
 * A small file that only its user may write: read whole, replaced whole, one writer at a time.
 *
 * Plain errors come out of here; whoever knows what the file is for makes sentences of them.
 *
 * @module
 */

/** How long a writer waits for another one, and how long between two looks. */
const WAIT = { ms: 10_000, lookMs: 10 } as const;

/**
 * The text of a file; undefined if there is none.
 *
 * @throws {Error} with what is wrong and what to do: not a file, too large, not UTF-8, or others may write it
 * @example
 * ```ts
 * import { readPrivateFile } from "./private_file.ts";
 * import { assertEquals } from "../deps/assert.ts";
 *
 * assertEquals(await readPrivateFile("no/such/file", 1_000), undefined);
 * ```
 */
export async function readPrivateFile(path: string, maxBytes: number): Promise<string | undefined> {
  try {
    // Before it is opened: a pipe would wait there until somebody writes to it.
    if (!(await Deno.stat(path)).isFile) {
      throw new Error("it is not a file; remove it or choose another path");
    }
    using file = await Deno.open(path);
    const { mode, size } = await file.stat();
    if (mode !== null && (mode & 0o022) !== 0) {
      throw new Error(
        `other users may write it; look whether it is what it should be, then chmod 600 ${path}`,
      );
    }
    if (size > maxBytes) throw new Error(`it has ${size} bytes, and the limit is ${maxBytes}; remove it`);
    const bytes = new Uint8Array(size);
    let filled = 0;
    for (let count: number | null = 0; filled < size && count !== null; filled += count ?? 0) {
      count = await file.read(bytes.subarray(filled));
    }
    return decode(bytes.subarray(0, filled));
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
}

function decode(bytes: Uint8Array): string {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch (cause) {
    throw new Error("it is not UTF-8 text; mend it or remove it", { cause });
  }
}

/**
 * {@linkcode replaceFile} for a file that only its user may read and write.
 *
 * @example
 * ```ts
 * import { readPrivateFile, replacePrivateFile } from "./private_file.ts";
 * import { assertEquals } from "../deps/assert.ts";
 *
 * const folder = await Deno.makeTempDir();
 * await replacePrivateFile(`${folder}/notes`, new TextEncoder().encode("kept"));
 * assertEquals(await readPrivateFile(`${folder}/notes`, 100), "kept");
 * await Deno.remove(folder, { recursive: true });
 * ```
 */
export function replacePrivateFile(path: string, bytes: Uint8Array): Promise<void> {
  return replaceFile(path, bytes, 0o600);
}

/**
 * Puts a file in the place of another one, in one step, on the disk when the promise is fulfilled. The caller
 * holds the lock.
 *
 * @param mode who may read and write it, as far as the user's mask allows
 */
export async function replaceFile(path: string, bytes: Uint8Array, mode: number): Promise<void> {
  const partial = `${path}.partial`;
  await removeIfThere(partial); // of a process that was killed
  try {
    using file = await Deno.open(partial, { write: true, createNew: true, mode });
    for (let written = 0; written < bytes.length;) written += await file.write(bytes.subarray(written));
    await file.sync();
  } catch (error) {
    await removeIfThere(partial).catch(() => {}); // a full disk is what the user needs to hear of
    throw error;
  }
  await Deno.rename(partial, path);
  if (Deno.build.os === "windows") return; // cannot open a folder, and keeps names in order by itself
  using folder = await Deno.open(path.replace(/[^/]*$/, "") || ".");
  await folder.sync().catch(() => {}); // some network disks cannot; the file is whole all the same
}

/**
 * Waits until nobody else holds this file, and holds it until it is disposed of. The operating system lets it
 * go when the process ends, in whatever way; so the file itself is left where it is.
 *
 * @throws {Error} if somebody else holds it for 10 seconds
 * @example
 * ```ts
 * import { lockedFile } from "./private_file.ts";
 *
 * const folder = await Deno.makeTempDir();
 * {
 *   using lock = await lockedFile(`${folder}/grants.lock`);
 * }
 * await Deno.remove(folder, { recursive: true });
 * ```
 */
export async function lockedFile(path: string): Promise<Disposable> {
  const file = await Deno.open(path, { write: true, create: true, mode: 0o600 });
  try {
    for (let waitedMs = 0; !(await file.tryLock(true)); waitedMs += WAIT.lookMs) {
      if (waitedMs >= WAIT.ms) {
        throw new Error(`another program holds ${path} for more than ${WAIT.ms} ms; end it and try again`);
      }
      await new Promise((resolve) => setTimeout(resolve, WAIT.lookMs));
    }
    return file;
  } catch (error) {
    file.close();
    throw error;
  }
}

async function removeIfThere(path: string): Promise<void> {
  try {
    await Deno.remove(path);
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
}

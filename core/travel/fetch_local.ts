/**
 * A plugin in a folder of this machine, or in an archive.
 *
 * Links are not followed: what is taken is what the folder has, not what it leads to.
 *
 * @module
 */
import { KBertError, messageOf } from "../wall/errors.ts";
import { sha256 } from "../wall/sha256.ts";
import { readArchive } from "./archive.ts";
import { ARCHIVE_LIMITS } from "./archive_limits.ts";
import { checkHash, type Fetching, type Gathered } from "./fetching.ts";
import { isPluginFile, PluginFiles } from "./plugin_files.ts";
import { quoted, refusedSource, unreachable } from "./source_errors.ts";

/**
 * Reads a folder, or the archive at a path that ends with .tgz or .tar.gz.
 *
 * @throws {KBertError} `source/unreachable` if there is nothing there that can be read, `source/refused`
 */
export async function fetchLocal(
  { path }: { path: string },
  { signal, locked }: Fetching,
): Promise<Gathered> {
  const folder = path.replace(/(?<=.)\/+$/, "");
  const { isDirectory, isFile, size } = await statOf(path);
  if (isDirectory) {
    return { files: await readFolder(path, folder, signal), resolved: { source: "local", path } };
  }
  if (!isFile) throw refusedSource(path, "it is neither a folder nor a file; name the folder of a plugin");
  if (!/\.(?:tgz|tar\.gz)$/i.test(path)) {
    throw refusedSource(path, "it is a file, and archives end with .tgz or .tar.gz; name one, or a folder");
  }
  limit(path, size, ARCHIVE_LIMITS.packedBytes);
  const packed = await Deno.readFile(path, { signal });
  const archiveSha256 = await sha256(packed);
  const known = locked?.source === "local" ? locked.archiveSha256 : undefined;
  checkHash(path, "the archive", archiveSha256, known, "k-bert.lock");
  return { files: await readArchive(path, packed), resolved: { source: "local", path, archiveSha256 } };
}

/**
 * The files of a plugin's folder. Folders of other programs (`node_modules`, `.git`) are not looked into.
 *
 * @param source for sentences
 * @throws {KBertError} `source/refused` if it has a link where a file should be, or too much; `source/unreachable` if
 * a part of it cannot be read
 */
export async function readFolder(
  source: string,
  root: string,
  signal: AbortSignal,
): Promise<PluginFiles> {
  const files = new PluginFiles(source);
  try {
    await readInto(files, source, root, signal);
    return files;
  } catch (cause) {
    if (cause instanceof KBertError || signal.aborted) throw cause;
    throw unreachable(source, `it cannot be read: ${messageOf(cause)}`, { cause });
  }
}

async function readInto(
  files: PluginFiles,
  source: string,
  root: string,
  signal: AbortSignal,
): Promise<void> {
  const folders = [""];
  for (const below of folders) {
    // In the order of their names, so that of several mistakes it is always the same that is told.
    const entries = [...Deno.readDirSync(`${root}/${below}`)].sort((a, b) => a.name < b.name ? -1 : 1);
    for (const { name, isDirectory, isFile } of entries) {
      signal.throwIfAborted();
      const path = below + name;
      if (isDirectory) {
        if (name === "node_modules" || name.startsWith(".")) continue;
        files.addFolder(path);
        folders.push(`${path}/`);
      } else if (isFile) {
        const { size } = await Deno.lstat(`${root}/${path}`);
        if (files.announce(path, size)) files.put(path, await Deno.readFile(`${root}/${path}`, { signal }));
      } else if (isPluginFile(path)) {
        const reason = `${quoted(path)} is a link or something else than a file; put the file itself there`;
        throw refusedSource(source, reason, { file: path });
      }
    }
  }
}

async function statOf(path: string): Promise<Deno.FileInfo> {
  try {
    return await Deno.stat(path);
  } catch (cause) {
    const reason = cause instanceof Deno.errors.NotFound
      ? "there is no such file or folder; correct the path"
      : messageOf(cause);
    throw unreachable(path, reason, { cause });
  }
}

function limit(path: string, value: number, most: number): void {
  if (value <= most) return;
  throw refusedSource(path, `it has ${value} bytes, and the limit is ${most}`, { limit: most, value });
}

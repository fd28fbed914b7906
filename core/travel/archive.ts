/**
 * Reads an archive (tar, compressed with gzip) that may be hostile.
 *
 * All of it is looked at before anything is on the disk, and one wrong entry refuses the whole archive. The format
 * itself is read by a library; but as its kinds of entries have grown wild, a second look at the headers makes sure
 * that nothing is taken for a file that another program would take for something else.
 *
 * @module
 */
import { type TarHeader, unpackTar } from "../deps/modern_tar.ts";
import { messageOf } from "../wall/errors.ts";
import { ARCHIVE_LIMITS } from "./archive_limits.ts";
import { nameProblem } from "./file_names.ts";
import { gunzip } from "./gzip.ts";
import { MANIFEST_FILE, PluginFiles } from "./plugin_files.ts";
import { quoted, refusedSource } from "./source_errors.ts";

/**
 * The files of a plugin in an archive: at its top, or in its only folder, which is how npm (`package/`) and servers of
 * repositories pack.
 *
 * @param source for sentences
 * @throws {KBertError} `source/refused` if it is no archive, is larger than {@linkcode ARCHIVE_LIMITS}, or has links,
 * devices, names that may not be, or no plugin.yaml
 * @example
 * ```ts
 * import { readArchive } from "./archive.ts";
 * import { assertRejects } from "../deps/assert.ts";
 *
 * await assertRejects(() => readArchive("a.tgz", new Uint8Array(9)), Error, "it is no gzip archive");
 * ```
 */
export async function readArchive(source: string, packed: Uint8Array<ArrayBuffer>): Promise<PluginFiles> {
  const tar = await unpacked(source, packed);
  const headers = await headersOf(source, tar);
  checkKinds(source, tar, headers);
  const top = topFolder(source, headers.map(nameOf));
  const files = new PluginFiles(source);
  const wanted: boolean[] = [];
  for (const header of headers) {
    const path = nameOf(header).slice(top.length);
    if (path === "" || path === ".") wanted.push(false);
    else if (header.type === "directory") wanted.push(files.addFolder(path));
    else wanted.push(files.announce(path, header.size));
  }
  let index = 0;
  for (const { header, data } of await unpackTar(tar, { strict: true, filter: () => wanted[index++]! })) {
    files.put(nameOf(header).slice(top.length), data ?? new Uint8Array());
  }
  return files;
}

async function unpacked(source: string, packed: Uint8Array<ArrayBuffer>): Promise<Uint8Array<ArrayBuffer>> {
  const { packedBytes, unpackedBytes } = ARCHIVE_LIMITS;
  if (packed.length > packedBytes) {
    const fault = { limit: packedBytes, value: packed.length };
    throw refusedSource(source, `it has ${packed.length} bytes, and the limit is ${packedBytes}`, fault);
  }
  if (packed[0] !== 0x1f || packed[1] !== 0x8b) {
    throw refusedSource(source, "it is no gzip archive; name one that ends with .tgz or .tar.gz");
  }
  let tar: Uint8Array<ArrayBuffer> | undefined;
  try {
    tar = await gunzip(packed, unpackedBytes);
  } catch (cause) {
    const reason = "its compressed data is cut off, damaged, or followed by something else; fetch it again";
    throw refusedSource(source, reason, {}, { cause });
  }
  if (tar !== undefined) return tar;
  throw refusedSource(source, `unpacked it has more than ${unpackedBytes} bytes, which is the limit`, {
    limit: unpackedBytes,
  });
}

async function headersOf(source: string, tar: Uint8Array<ArrayBuffer>): Promise<TarHeader[]> {
  const headers: TarHeader[] = [];
  // Without their contents: of those most may not be wanted.
  const filter = (header: TarHeader): boolean => {
    headers.push(header);
    return false;
  };
  try {
    await unpackTar(tar, { strict: true, filter });
  } catch (cause) {
    const reason = `it is no tar archive, or a damaged one (${messageOf(cause)}); fetch it again`;
    throw refusedSource(source, reason, {}, { cause });
  }
  return headers;
}

/** What an entry may be called that is neither a file nor a folder. */
const KINDS: Readonly<Record<string, string>> = {
  "link": "a link",
  "symlink": "a link",
  "character-device": "a device",
  "block-device": "a device",
  "fifo": "a pipe",
};

function checkKinds(source: string, tar: Uint8Array, headers: readonly TarHeader[]): void {
  const raw = [...rawEntries(tar)];
  for (const [index, header] of headers.entries()) {
    const { name, type = "file", size, pax = {} } = header;
    const other = KINDS[type];
    if (other !== undefined) {
      throw refusedSource(source, `${quoted(name)} is ${other}, and a plugin consists of files`, {
        file: name,
      });
    }
    const known = raw[index]?.flag === (type === "directory" ? "5" : "0");
    const sparse = Object.keys(pax).some((key) => key === "size" || key.startsWith("GNU.sparse"));
    if (known && !sparse && raw[index]!.size === size) continue;
    throw refusedSource(source, `${quoted(name)} is of a kind that not all programs read alike`, {
      file: name,
    });
  }
  if (raw.length !== headers.length) {
    throw refusedSource(source, "not all programs would find the same files in it; pack it anew");
  }
}

const BLOCK = 512;
/** Kinds of entries that are about the next one, or about all. */
const ABOUT_OTHERS = new Set(["x", "g", "L", "K"]);

/** Kind and size of each entry, just as its header says; in the old form of the format, a file has no kind. */
function* rawEntries(tar: Uint8Array): Iterable<{ flag: string; size: number }> {
  for (let at = 0; at + BLOCK <= tar.length && tar[at] !== 0;) {
    const flag = String.fromCharCode(tar[at + 156]! || 0x30);
    const digits = String.fromCharCode(...tar.subarray(at + 124, at + 136)).replace(/[ \0]+$/, "").trim();
    const size = /^[0-7]*$/.test(digits) ? parseInt(digits || "0", 8) : NaN;
    if (!ABOUT_OTHERS.has(flag)) yield { flag, size };
    at += BLOCK + Math.ceil(size / BLOCK) * BLOCK;
  }
}

/** Without what means the folder itself, and without the slash that ends a folder's. */
function nameOf({ name, type }: TarHeader): string {
  const path = name.replace(/^\.\/(?=.)/, "");
  return type === "directory" ? path.replace(/(?<=.)\/$/, "") : path;
}

/** What all names begin with, before the plugin's own: nothing, or its only folder with a slash. */
function topFolder(source: string, names: readonly string[]): string {
  for (const name of names) {
    const problem = name === "." ? undefined : nameProblem(name);
    if (problem !== undefined) throw refusedSource(source, problem, { file: name });
  }
  const [top = ""] = names.find((name) => name !== ".")?.split("/") ?? [];
  const isOnly = names.every((name) => name === "." || name === top || name.startsWith(`${top}/`));
  return isOnly && names.includes(`${top}/${MANIFEST_FILE}`) ? `${top}/` : "";
}

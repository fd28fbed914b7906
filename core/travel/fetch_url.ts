/**
 * A plugin in an archive on a web server.
 *
 * @module
 */
import { sha256 } from "../wall/sha256.ts";
import { readArchive } from "./archive.ts";
import { ARCHIVE_LIMITS } from "./archive_limits.ts";
import { download } from "./download.ts";
import { checkHash, type Fetching, type Gathered } from "./fetching.ts";

/**
 * Downloads and reads it.
 *
 * @throws {KBertError} as {@linkcode download} and {@linkcode readArchive} do, and `source/refused` for another hash
 * than the one that is expected
 */
export async function fetchUrl(
  { url, sha256: expected }: { url: string; sha256?: string },
  { signal, locked }: Fetching,
): Promise<Gathered> {
  const [packed] = await download([new URL(url)], {
    source: url,
    maxBytes: ARCHIVE_LIMITS.packedBytes,
    signal,
  });
  const actual = await sha256(packed!);
  checkHash(url, "the archive", actual, expected?.toLowerCase(), "registry.yaml");
  const known = locked?.source === "url" ? locked.archiveSha256 : undefined;
  checkHash(url, "the archive", actual, known, "k-bert.lock");
  return { files: await readArchive(url, packed!), resolved: { source: "url", url, archiveSha256: actual } };
}

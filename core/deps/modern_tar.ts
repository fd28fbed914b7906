/**
 * Reads and writes the tar format, and nothing else: no files, no compression.
 *
 * Of the libraries that were looked at, this is the one that checks with `strict` what an archive says of itself
 * (checksums, ends, what comes after the end); nanotar checks none of it and mends names silently, tar-stream goes
 * on after the end. Entries of kinds that it does not know it takes for files: archive.ts looks after that.
 *
 * @module
 */
export { packTar, type TarHeader, unpackTar } from "npm:modern-tar@0.8.6";

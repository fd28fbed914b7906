/**
 * What a source may give at most. The numbers follow from what an image may have (`IMAGE_LIMITS`): room for its
 * files, their tests and texts, and for a repository's other files, which are counted and left out.
 *
 * @module
 */

/** See the module's text. */
export const ARCHIVE_LIMITS = {
  /** Of an archive as it travels. */
  packedBytes: 8_000_000,
  /** Of an archive unpacked, headers and files that are left out included: decompressing stops there. */
  unpackedBytes: 16_000_000,
  /** Files and folders, those that are left out included. */
  entries: 5_000,
  /** Of one file of the plugin. */
  bytesPerFile: 1_000_000,
  /** Of all files of the plugin. */
  bytes: 8_000_000,
  /** Of a path, in UTF-8. */
  pathBytes: 200,
  /** Of what a program that fetches writes to its own folder before it is stopped: a repository, a package. */
  workBytes: 100_000_000,
} as const;

/**
 * Decompresses what comes from elsewhere, up to a bound that it does not get past by one chunk: a kilobyte of gzip can
 * become a megabyte, so it is fed in pieces of that size and stopped between two of them.
 *
 * @module
 */

/** Becomes about 1 MB at most: deflate makes at most 1,032 bytes of one. */
const PIECE_BYTES = 1_024;

/**
 * The bytes that were compressed.
 *
 * @returns undefined if they are more than `maxBytes`
 * @throws {TypeError} if the bytes are no gzip, are cut off, damaged, or followed by others
 * @example
 * ```ts
 * import { gunzip } from "./gzip.ts";
 * import { assertEquals } from "../deps/assert.ts";
 *
 * const packed = new Response(new Blob(["hello"]).stream().pipeThrough(new CompressionStream("gzip")));
 * const bytes = await packed.bytes();
 * assertEquals(new TextDecoder().decode(await gunzip(bytes, 5)), "hello");
 * assertEquals(await gunzip(bytes, 4), undefined);
 * ```
 */
export async function gunzip(
  packed: Uint8Array<ArrayBuffer>,
  maxBytes: number,
): Promise<Uint8Array<ArrayBuffer> | undefined> {
  const { writable, readable } = new DecompressionStream("gzip");
  const feeding = feed(writable, packed);
  feeding.catch(() => {}); // reading fails with the same error, or has ended it
  const chunks: Uint8Array<ArrayBuffer>[] = [];
  let bytes = 0;
  for await (const chunk of readable) {
    if ((bytes += chunk.length) > maxBytes) return undefined; // which cancels the stream
    chunks.push(chunk);
  }
  await feeding;
  return joined(chunks, bytes);
}

/** One after the other, in an array of their own. */
export function joined(chunks: readonly Uint8Array[], bytes: number): Uint8Array<ArrayBuffer> {
  const all = new Uint8Array(bytes);
  let at = 0;
  for (const chunk of chunks) {
    all.set(chunk, at);
    at += chunk.length;
  }
  return all;
}

async function feed(into: WritableStream<BufferSource>, packed: Uint8Array<ArrayBuffer>): Promise<void> {
  const writer = into.getWriter();
  for (let at = 0; at < packed.length; at += PIECE_BYTES) {
    await writer.write(packed.subarray(at, at + PIECE_BYTES));
  }
  await writer.close();
}

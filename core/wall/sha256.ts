/**
 * The name of content: SHA-256. What is hashed on one side can be compared on the other, and on disk.
 *
 * @module
 */

/**
 * SHA-256 in hexadecimal, of bytes or of a text as UTF-8.
 *
 * @example
 * ```ts
 * import { sha256 } from "./sha256.ts";
 * import { assertEquals } from "../deps/assert.ts";
 *
 * // The example of FIPS 180-4.
 * const expected = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
 * assertEquals(await sha256("abc"), expected);
 * assertEquals(await sha256(Uint8Array.of(0x61, 0x62, 0x63)), expected);
 * ```
 */
export async function sha256(content: string | ArrayBufferView): Promise<string> {
  const bytes = typeof content === "string" ? new TextEncoder().encode(content) : content;
  // Its memory is never shared: such a buffer has no way into k-bert.
  const digest = await crypto.subtle.digest("SHA-256", bytes as ArrayBufferView<ArrayBuffer>);
  return new Uint8Array(digest).toHex();
}

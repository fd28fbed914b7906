/**
 * CRC-32C (Castagnoli), the check sum of TFRecord files, by a table: one step for each byte.
 *
 * @see RFC 3720, appendix B.4, https://www.rfc-editor.org/rfc/rfc3720#appendix-B.4
 * @module
 */

/** Of the polynomial 0x1EDC6F41, with its bits reversed. */
const TABLE = Uint32Array.from({ length: 256 }, (_, byte) => {
  let crc = byte;
  for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ 0x82f63b78 : crc >>> 1;
  return crc;
});

/**
 * The check sum of some bytes, from 0 to 2^32 - 1.
 *
 * @example
 * ```ts
 * import { crc32c } from "./crc32c.ts";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(crc32c(new TextEncoder().encode("123456789")), 0xe3069283);
 * ```
 */
export function crc32c(bytes: Uint8Array): number {
  let crc = 0xffffffff;
  for (const byte of bytes) crc = TABLE[(crc ^ byte) & 0xff]! ^ (crc >>> 8);
  return (crc ^ 0xffffffff) >>> 0;
}

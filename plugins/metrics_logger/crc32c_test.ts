import { assertEquals } from "@std/assert";
import { crc32c } from "./crc32c.ts";
import { bitwiseCrc32c } from "./event_file_reader.ts";
import { Random } from "k-bert/sdk";

// The vectors of RFC 3720, appendix B.4, and the check value of the catalogues.
const VECTORS: readonly (readonly [title: string, bytes: Uint8Array, crc: number])[] = [
  ["the digits 1 to 9", new TextEncoder().encode("123456789"), 0xe3069283],
  ["32 zeros", new Uint8Array(32), 0x8a9136aa],
  ["32 times 255", new Uint8Array(32).fill(255), 0x62a8ab43],
  ["0 to 31", Uint8Array.from({ length: 32 }, (_, index) => index), 0x46dd794e],
  ["31 to 0", Uint8Array.from({ length: 32 }, (_, index) => 31 - index), 0x113fdb5c],
  ["nothing", new Uint8Array(), 0],
];

for (const [title, bytes, crc] of VECTORS) {
  Deno.test(`crc32c() of ${title} is what the standard says`, () => {
    assertEquals([crc32c(bytes), bitwiseCrc32c(bytes)], [crc, crc]);
  });
}

Deno.test("crc32c() is the remainder of a division of polynomials, for bytes of any number and value", () => {
  const random = new Random(7);

  for (let length = 1; length < 200; length++) {
    const bytes = Uint8Array.from({ length }, () => random.below(256));
    assertEquals(crc32c(bytes), bitwiseCrc32c(bytes));
  }
});

/**
 * Bytes that arrive in pieces, copied together as they come.
 *
 * Copied, because a piece of one byte may keep a buffer of 64 KiB alive: a server that sends single bytes
 * would fill the memory long before it reached the limit.
 *
 * @module
 */

/** Room for so many at first. */
const FIRST = 2 ** 16;

/**
 * Takes pieces up to a limit.
 *
 * @example
 * ```ts
 * import { GatheredBytes } from "./gathered_bytes.ts";
 * import { assertEquals } from "../../deps/assert.ts";
 *
 * const gathered = new GatheredBytes(3);
 * assertEquals([gathered.add(Uint8Array.of(1, 2)), gathered.add(Uint8Array.of(3, 4))], [true, false]);
 * assertEquals(gathered.take(), Uint8Array.of(1, 2));
 * ```
 */
export class GatheredBytes {
  readonly #limit: number;
  #bytes: Uint8Array<ArrayBuffer>;
  #size = 0;

  constructor(limit: number) {
    this.#limit = limit;
    this.#bytes = new Uint8Array(Math.min(FIRST, limit));
  }

  /** Answers whether there was room; otherwise nothing is taken. */
  add(piece: Uint8Array): boolean {
    const size = this.#size + piece.byteLength;
    if (size > this.#limit) return false;
    if (size > this.#bytes.byteLength) {
      const larger = new Uint8Array(Math.min(this.#limit, Math.max(size, this.#bytes.byteLength * 2)));
      larger.set(this.#bytes.subarray(0, this.#size));
      this.#bytes = larger;
    }
    this.#bytes.set(piece, this.#size);
    this.#size = size;
    return true;
  }

  /** Everything, in a buffer of its own. */
  take(): Uint8Array<ArrayBuffer> {
    return this.#bytes.slice(0, this.#size);
  }
}

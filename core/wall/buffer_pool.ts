/**
 * Buffers that were sent and may be filled again.
 *
 * Memory that is used for the first time costs more than what is copied into it: the pages of 16 MiB take
 * longer to get than the bytes through a pipe. Who gets one from here overwrites all of it before anybody
 * else sees it.
 *
 * @module
 */

/** Smaller buffers are cheaper to make than to keep. */
const POOLED_BYTES = 2 ** 16;

/** The newest buffers, up to a number of bytes. */
export class BufferPool {
  readonly #maxBytes: number;
  /** The oldest first. */
  #buffers: ArrayBuffer[] = [];
  #bytes = 0;

  constructor(maxBytes: number = 2 ** 25) {
    this.#maxBytes = maxBytes;
  }

  /** Bytes that are kept. */
  get bytes(): number {
    return this.#bytes;
  }

  /**
   * A buffer of exactly this size: what it holds is old, and the caller's to overwrite.
   *
   * @example
   * ```ts
   * import { BufferPool } from "./buffer_pool.ts";
   * import { assertEquals } from "../deps/assert.ts";
   *
   * const pool = new BufferPool();
   * const buffer = new ArrayBuffer(2 ** 20);
   * pool.give(buffer);
   * assertEquals(pool.take(2 ** 20) === buffer, true);
   * assertEquals(pool.take(2 ** 20) === buffer, false);
   * ```
   */
  take(bytes: number): ArrayBuffer {
    const index = bytes < POOLED_BYTES
      ? -1
      : this.#buffers.findLastIndex((kept) => kept.byteLength === bytes);
    if (index < 0) return new ArrayBuffer(bytes);
    this.#bytes -= bytes;
    return this.#buffers.splice(index, 1)[0]!;
  }

  /** Gives a buffer away. Small ones and those for which there is no room are forgotten. */
  give(buffer: ArrayBuffer): void {
    const { byteLength } = buffer;
    if (byteLength < POOLED_BYTES || byteLength > this.#maxBytes) return;
    while (this.#bytes + byteLength > this.#maxBytes) this.#bytes -= this.#buffers.shift()!.byteLength;
    this.#buffers.push(buffer);
    this.#bytes += byteLength;
  }
}

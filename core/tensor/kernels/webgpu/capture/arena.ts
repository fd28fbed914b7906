/**
 * The memory of recordings.
 *
 * A replay writes to the very buffers that were written to when it was recorded, so nobody else may have got them
 * in the meantime: they never go back to tfjs' pool while a recording names them. Within the arena they are handed
 * out again and again, as in the pool, so that recordings of several lengths share most of their memory.
 *
 * @module
 */

/** tfjs' buffer pool; semi-private, pinned with tfjs. */
export interface BufferPool {
  acquireBuffer(bytes: number, usage: number, mapped?: boolean, reuse?: boolean): GPUBuffer;
  releaseBuffer(buffer: GPUBuffer, reuse?: boolean): void;
}

/** Hands out buffers, and knows which are in use. They come from a pool and go back to it. */
export class Arena {
  readonly #pool: BufferPool;
  readonly #isNeeded: (buffer: GPUBuffer) => boolean;
  /** By size and usage. */
  readonly #free = new Map<string, GPUBuffer[]>();
  readonly #inUse = new Set<GPUBuffer>();
  /** Of a recording for good; true if the tensor that it was made for is gone. */
  readonly #reserved = new Map<GPUBuffer, boolean>();
  readonly #owned = new Set<GPUBuffer>();
  #bytes = 0;

  /** @param isNeeded whether a recording names the buffer: another one is given back when nobody has it */
  constructor(pool: BufferPool, isNeeded: (buffer: GPUBuffer) => boolean) {
    this.#pool = pool;
    this.#isNeeded = isNeeded;
  }

  /** Of all its buffers. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Whether the buffer is one of the arena's. */
  owns(buffer: GPUBuffer): boolean {
    return this.#owned.has(buffer);
  }

  /** Whether a tensor has the buffer, or a recording has it for good. */
  isInUse(buffer: GPUBuffer): boolean {
    return this.#inUse.has(buffer);
  }

  /** A buffer that nobody has. */
  acquire(bytes: number, usage: number): GPUBuffer {
    const buffer = this.#free.get(kindOf(bytes, usage))?.pop() ?? this.#acquireNew(bytes, usage);
    this.#inUse.add(buffer);
    return buffer;
  }

  /** A buffer that nobody has nor will get, whose numbers stay there between two replays. */
  reserve(bytes: number, usage: number, mapped = false): GPUBuffer {
    const buffer = this.#acquireNew(bytes, usage, mapped);
    this.#inUse.add(buffer);
    this.#reserved.set(buffer, false);
    return buffer;
  }

  /** Takes a certain buffer, which has to be free, for a tensor that a replay has computed. */
  claim(buffer: GPUBuffer): void {
    const free = this.#free.get(kindOf(buffer.size, buffer.usage)) ?? [];
    const at = free.lastIndexOf(buffer);
    if (at < 0) throw new Error("Cannot claim a buffer that is in use");
    free.splice(at, 1);
    this.#inUse.add(buffer);
  }

  /** The tensor that had it is gone. */
  release(buffer: GPUBuffer): void {
    if (this.#reserved.has(buffer)) this.#reserved.set(buffer, true);
    else if (this.#inUse.delete(buffer)) this.#addFree(buffer);
  }

  /** Ends reservations: of a recording that is given up. One that a tensor still has is its as any other. */
  unreserve(buffers: Iterable<GPUBuffer>): void {
    for (const buffer of buffers) {
      const isReleased = this.#reserved.get(buffer);
      this.#reserved.delete(buffer);
      if (isReleased) this.release(buffer);
    }
  }

  /** Gives back what is free and not needed any more. */
  trim(): void {
    for (const [kind, free] of this.#free) {
      this.#free.set(kind, free.filter(this.#isNeeded));
      for (const buffer of free) if (!this.#isNeeded(buffer)) this.#giveBack(buffer);
    }
  }

  #acquireNew(bytes: number, usage: number, mapped = false): GPUBuffer {
    const buffer = this.#pool.acquireBuffer(bytes, usage, mapped);
    this.#owned.add(buffer);
    this.#bytes += buffer.size;
    return buffer;
  }

  #addFree(buffer: GPUBuffer): void {
    if (!this.#isNeeded(buffer)) return this.#giveBack(buffer);
    const kind = kindOf(buffer.size, buffer.usage);
    const free = this.#free.get(kind);
    if (free) free.push(buffer);
    else this.#free.set(kind, [buffer]);
  }

  #giveBack(buffer: GPUBuffer): void {
    this.#owned.delete(buffer);
    this.#bytes -= buffer.size;
    this.#pool.releaseBuffer(buffer);
  }
}

/** As tfjs' pool tells them apart. */
function kindOf(bytes: number, usage: number): string {
  return `${bytes}_${usage}`;
}

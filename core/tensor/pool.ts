/**
 * A bound for the buffer pool of tfjs' webgpu backend.
 *
 * tfjs keeps every buffer that it ever made, by its exact size, to hand it out again. Sequences of 60 lengths
 * leave 60 sets of buffers, of which one is in use. Here those that were not used for longest are freed as
 * soon as the backend has more memory than a multiple of what it has lately needed at once. A multiple, because
 * the sets of a few length buckets are to stay: making a set again costs more than keeping it.
 *
 * @module
 */
import type * as tf from "../deps/tfjs.ts";

/** Times the memory that was in use at once: the buffers of four length buckets are twice those of the longest. */
const FACTOR = 3;
/** Never given back, in bytes: a small model may have what it likes. */
const SLACK_BYTES = 2 ** 26;
/** Buffers that are handed out in a window; what was needed at once is that of the last two. A step takes hundreds. */
const WINDOW = 8_192;

/** tfjs' buffer pool; semi-private, pinned with tfjs. */
interface BufferManager {
  /** By size and usage. */
  readonly freeBuffers: Map<string, GPUBuffer[]>;
  numFreeBuffers: number;
  readonly numBytesUsed: number;
  /** In use, or free. */
  numBytesAllocated: number;
  acquireBuffer(bytes: number, usage: number, ...rest: unknown[]): GPUBuffer;
  releaseBuffer(buffer: GPUBuffer, reuse?: boolean): void;
}

/** How much a pool may keep. */
export interface PoolBound {
  /** @default {3} */
  readonly factor?: number;
  /** @default {64 MiB} */
  readonly slackBytes?: number;
  /** @default {8,192} */
  readonly window?: number;
}

/** Bounds the pool of a webgpu backend from now on: allocated is at most `factor` times needed, or the slack. */
export function boundPool(backend: tf.KernelBackend, bound: PoolBound = {}): void {
  const { factor = FACTOR, slackBytes = SLACK_BYTES, window = WINDOW } = bound;
  const { bufferManager: pool } = backend as unknown as { bufferManager: BufferManager };
  const acquire = pool.acquireBuffer.bind(pool);
  const release = pool.releaseBuffer.bind(pool);
  const needed = new WindowMaximum(window);
  /** Kinds of buffers, the one that was used last at the end. */
  const kinds = new Set<string>();
  const touch = (kind: string): void => {
    kinds.delete(kind);
    kinds.add(kind);
  };

  pool.acquireBuffer = (bytes, usage, ...rest) => {
    touch(kindOf(bytes, usage));
    const buffer = acquire(bytes, usage, ...rest);
    needed.add(pool.numBytesUsed);
    return buffer;
  };
  pool.releaseBuffer = (buffer, reuse) => {
    const kind = kindOf(buffer.size, buffer.usage);
    release(buffer, reuse);
    touch(kind);
    const limitBytes = Math.max(slackBytes, factor * needed.value);
    for (const oldest of kinds) {
      if (pool.numBytesAllocated <= limitBytes) return;
      freeKind(pool, oldest, limitBytes);
      // What is in use comes back to it.
      if (oldest !== kind) kinds.delete(oldest);
    }
  };
}

/** A buffer in the pool is in no command that is still to be submitted; one that was, the device keeps until it is done. */
function freeKind(pool: BufferManager, kind: string, limitBytes: number): void {
  const free = pool.freeBuffers.get(kind) ?? [];
  while (free.length > 0 && pool.numBytesAllocated > limitBytes) {
    const buffer = free.pop()!;
    pool.numFreeBuffers--;
    pool.numBytesAllocated -= buffer.size;
    buffer.destroy();
  }
}

/** The key of tfjs' pool. */
function kindOf(bytes: number, usage: number): string {
  return `${bytes}_${usage}`;
}

/** The largest of the last numbers: at least `window` of them, and at most twice as many. */
class WindowMaximum {
  readonly #window: number;
  #before = 0;
  #now = 0;
  #count = 0;

  constructor(window: number) {
    this.#window = window;
  }

  get value(): number {
    return Math.max(this.#before, this.#now);
  }

  add(value: number): void {
    if (this.#count++ === this.#window) [this.#before, this.#now, this.#count] = [this.#now, 0, 1];
    if (value > this.#now) this.#now = value;
  }
}

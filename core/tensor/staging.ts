/**
 * Buffers that a GPU's numbers are read through without Deno's pause, one for each power of two of sizes.
 *
 * The first read through a buffer has the pause: only one that was mapped before is mapped as soon as it is asked
 * for. Whether that is so on a device is tried out by readback.ts, the only one who uses this.
 *
 * @module
 */
import { closed, opened } from "../wall/ledger.ts";

/** Of a plugin's worker the original: its guard refuses what is not mapped for certain (workers/gpu_guard.ts). */
const getMappedRange = typeof GPUBuffer === "undefined" ? undefined : GPUBuffer.prototype.getMappedRange;
/** Kept, so that the original cannot be got at through a `call` of the plugin's own. */
const { apply } = Reflect;
/** What a smaller read takes, too. */
export const SMALLEST_BYTES = 2 ** 8;

/** See the module's text. Owns the buffers. */
export class Staging implements Disposable {
  readonly #device: GPUDevice;
  readonly #mappedOnce = new Map<number, GPUBuffer>();
  readonly #opening = new Set<number>();
  #isDisposed = false;

  constructor(device: GPUDevice) {
    this.#device = device;
  }

  /**
   * @param sizes in bytes, of what lies one after the other in the buffer
   * @param copy submits a copy of all of it to the buffer that it is given; called before this returns, or the
   * tensors could be others by then
   * @returns undefined, and nothing is copied, while the first read of this size is under way
   */
  read(
    sizes: readonly number[],
    copy: (target: GPUBuffer) => void,
  ): Promise<ArrayBuffer[]> | undefined {
    const bytes = sizes.reduce((sum, one) => sum + one, 0);
    const size = Math.max(SMALLEST_BYTES, 2 ** Math.ceil(Math.log2(bytes)));
    const known = this.#mappedOnce.get(size);
    if (known) return readAtOnce(known, sizes, copy);
    return this.#opening.has(size) ? undefined : this.#open(size, sizes, copy);
  }

  [Symbol.dispose](): void {
    this.#isDisposed = true;
    for (const buffer of this.#mappedOnce.values()) buffer.destroy();
    this.#mappedOnce.clear();
  }

  async #open(
    size: number,
    sizes: readonly number[],
    copy: (target: GPUBuffer) => void,
  ): Promise<ArrayBuffer[]> {
    const usage = GPUBufferUsage.COPY_DST | GPUBufferUsage.MAP_READ;
    const buffer = this.#device.createBuffer({ label: "read-back", size, usage });
    this.#opening.add(size);
    try {
      copy(buffer);
      await buffer.mapAsync(GPUMapMode.READ);
      const values = cut(buffer, sizes);
      buffer.unmap();
      if (this.#isDisposed) buffer.destroy();
      else this.#mappedOnce.set(size, buffer);
      return values;
    } catch (error) {
      buffer.destroy();
      throw error;
    } finally {
      this.#opening.delete(size);
    }
  }
}

// deno-lint-ignore require-await -- what it throws has to be a rejection
async function readAtOnce(
  buffer: GPUBuffer,
  sizes: readonly number[],
  copy: (target: GPUBuffer) => void,
): Promise<ArrayBuffer[]> {
  copy(buffer);
  const bytes = sizes.reduce((sum, one) => sum + one, 0);
  const mapped = buffer.mapAsync(GPUMapMode.READ, 0, bytes);
  opened("reads"); // it sleeps its 10 ms all the same, while nobody waits
  mapped.then(() => closed("reads"), () => closed("reads"));
  const values = cut(buffer, sizes);
  buffer.unmap();
  return values;
}

/** Copies of so many bytes each, from the beginning of a mapped buffer. */
function cut(buffer: GPUBuffer, sizes: readonly number[]): ArrayBuffer[] {
  const bytes = sizes.reduce((sum, one) => sum + one, 0);
  const mapped = apply(getMappedRange!, buffer, [0, bytes]) as ArrayBuffer;
  let end = 0;
  return sizes.map((size) => mapped.slice(end, end += size));
}

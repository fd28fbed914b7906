/**
 * Reading numbers back from a GPU without Deno's pause of 10 ms.
 *
 * `mapAsync()` of Deno first waits for the device, which blocks this thread, and then sleeps 10 ms before it
 * says so. The memory is mapped before that sleep: on a buffer that was mapped once before, `getMappedRange()`
 * right after the call gives the numbers. That is a promise of nobody, so it is tried out on each device and
 * the numbers are compared; where they are not right, or the engine refuses, tfjs reads as before.
 *
 * @module
 */
import type * as tf from "../deps/tfjs.ts";
import { closed, opened } from "../wall/ledger.ts";

/** What is used of tfjs' webgpu backend; semi-private, pinned with tfjs. */
interface ReadingBackend {
  readonly device: GPUDevice;
  readonly commandEncoder: GPUCommandEncoder | null;
  ensureCommandEncoderReady(): void;
  endComputePassEncoder(): void;
  submitQueue(): void;
  /** Reads a whole buffer. What is encoded at the time of the call is what is read. */
  getBufferData(buffer: GPUBuffer): Promise<ArrayBuffer>;
  dispose(): void;
}

/** Of a plugin's worker the original: its guard refuses what is not mapped for certain (workers/gpu_guard.ts). */
const getMappedRange = typeof GPUBuffer === "undefined" ? undefined : GPUBuffer.prototype.getMappedRange;
/** Kept, so that the original cannot be got at through a `call` of the plugin's own. */
const { apply } = Reflect;
/** Larger buffers are read as before: the copy costs more than the pause, and the memory would be kept. */
const LARGEST_BYTES = 2 ** 24;
const SMALLEST_BYTES = 2 ** 8;

const tried = new WeakMap<object, Promise<boolean>>();

/**
 * Makes `data()` of all tensors of a webgpu backend read without the pause, if that is right on its device.
 * Asked again for the same backend, it does nothing.
 *
 * Keeps a buffer for each power of two of sizes that were read, at most 32 MiB, until the backend ends.
 *
 * @returns whether it does
 */
export function useBlockingReads(backend: tf.KernelBackend): Promise<boolean> {
  let answer = tried.get(backend);
  if (!answer) tried.set(backend, answer = install(backend as unknown as ReadingBackend));
  return answer;
}

async function install(backend: ReadingBackend): Promise<boolean> {
  if (!await readsAreRight(backend.device).catch(() => false)) return false;
  const { dispose, getBufferData } = backend;
  const staging = new Staging(backend.device);
  backend.getBufferData = (buffer) => {
    if (buffer.size > LARGEST_BYTES) return getBufferData.call(backend, buffer);
    return staging.read(buffer.size, (target) => {
      backend.ensureCommandEncoderReady();
      backend.endComputePassEncoder();
      backend.commandEncoder!.copyBufferToBuffer(buffer, 0, target, 0, buffer.size);
      backend.submitQueue();
    }) ?? getBufferData.call(backend, buffer);
  };
  backend.dispose = () => {
    staging[Symbol.dispose]();
    dispose.call(backend);
  };
  return true;
}

/** Reads three buffers whose numbers are known; the first one makes the staging buffer one that was mapped. */
async function readsAreRight(device: GPUDevice): Promise<boolean> {
  const usage = GPUBufferUsage.COPY_SRC | GPUBufferUsage.COPY_DST;
  const source = device.createBuffer({ size: SMALLEST_BYTES, usage });
  using staging = new Staging(device);
  try {
    for (let round = 1; round <= 3; round++) {
      const numbers = Float32Array.from({ length: SMALLEST_BYTES / 4 }, (_, index) => round * 1e3 + index);
      device.queue.writeBuffer(source, 0, numbers);
      const bytes = await staging.read(SMALLEST_BYTES, (target) => {
        const encoder = device.createCommandEncoder();
        encoder.copyBufferToBuffer(source, 0, target, 0, SMALLEST_BYTES);
        device.queue.submit([encoder.finish()]);
      });
      const read = new Float32Array(bytes!);
      if (!numbers.every((number, index) => number === read[index])) return false;
    }
    return true;
  } finally {
    source.destroy();
  }
}

/** Buffers that are read through, one for each power of two. Owns them. */
class Staging implements Disposable {
  readonly #device: GPUDevice;
  readonly #mappedOnce = new Map<number, GPUBuffer>();
  readonly #opening = new Set<number>();
  #isDisposed = false;

  constructor(device: GPUDevice) {
    this.#device = device;
  }

  /**
   * @param copy submits a copy of so many bytes to the buffer that it is given; called before this returns, or
   * the tensor could be another one by then
   * @returns undefined, and nothing is copied, while the first read of this size is under way
   */
  read(bytes: number, copy: (target: GPUBuffer) => void): Promise<ArrayBuffer> | undefined {
    const size = Math.max(SMALLEST_BYTES, 2 ** Math.ceil(Math.log2(bytes)));
    const known = this.#mappedOnce.get(size);
    if (known) return readAtOnce(known, bytes, copy);
    return this.#opening.has(size) ? undefined : this.#open(size, bytes, copy);
  }

  [Symbol.dispose](): void {
    this.#isDisposed = true;
    for (const buffer of this.#mappedOnce.values()) buffer.destroy();
    this.#mappedOnce.clear();
  }

  async #open(size: number, bytes: number, copy: (target: GPUBuffer) => void): Promise<ArrayBuffer> {
    const usage = GPUBufferUsage.COPY_DST | GPUBufferUsage.MAP_READ;
    const buffer = this.#device.createBuffer({ label: "read-back", size, usage });
    this.#opening.add(size);
    try {
      copy(buffer);
      await buffer.mapAsync(GPUMapMode.READ, 0, bytes);
      const values = mappedRange(buffer, bytes).slice(0);
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
  bytes: number,
  copy: (target: GPUBuffer) => void,
): Promise<ArrayBuffer> {
  copy(buffer);
  const mapped = buffer.mapAsync(GPUMapMode.READ, 0, bytes);
  opened("reads"); // it sleeps its 10 ms all the same, while nobody waits
  mapped.then(() => closed("reads"), () => closed("reads"));
  const values = mappedRange(buffer, bytes).slice(0);
  buffer.unmap();
  return values;
}

function mappedRange(buffer: GPUBuffer, bytes: number): ArrayBuffer {
  return apply(getMappedRange!, buffer, [0, bytes]) as ArrayBuffer;
}

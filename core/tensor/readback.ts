/**
 * Reading numbers back from a GPU without Deno's pause of 10 ms.
 *
 * `mapAsync()` of Deno first waits for the device, which blocks this thread, and then sleeps 10 ms before it
 * says so. The memory is mapped before that sleep: on a buffer that was mapped once before, `getMappedRange()`
 * right after the call gives the numbers. That is a promise of nobody, so it is tried out on each device and
 * the numbers are compared; where they are not right, or the engine refuses, tfjs reads as before.
 *
 * Each read waits until the device has done all that it was given. Reads that are gathered are copied into one
 * buffer and wait once.
 *
 * @module
 */
import type * as tf from "../deps/tfjs.ts";
import { SMALLEST_BYTES, Staging } from "./staging.ts";

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

/** Larger buffers are read as before: the copy costs more than the pause, and the memory would be kept. */
const LARGEST_BYTES = 2 ** 24;

const tried = new WeakMap<object, Promise<boolean>>();
/** Those whose answer is known. */
const decided = new WeakSet<object>();
/** By backend, those that read without the pause. */
const readers = new WeakMap<object, Reader>();

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

/** Whether {@linkcode useBlockingReads} has answered for a backend, so that nobody has to wait for it. */
export function blockingReadsAreDecided(backend: tf.KernelBackend): boolean {
  return decided.has(backend);
}

/**
 * What is read in `reads` is put into one buffer and waited for once, if the backend reads without the pause;
 * otherwise it is read as ever. `reads` has to ask for the numbers before it returns, and leaves the promises to
 * the caller: awaiting one in it would wait for ever.
 *
 * Together they are to have at most 16 MiB; a read that is larger is made by itself.
 *
 * @returns what `reads` answers
 */
export function gatherReads<T>(backend: tf.KernelBackend, reads: () => T): T {
  const reader = readers.get(backend);
  return reader === undefined ? reads() : reader.gather(reads);
}

async function install(backend: ReadingBackend): Promise<boolean> {
  const isRight = await readsAreRight(backend.device).catch(() => false);
  decided.add(backend);
  if (!isRight) return false;
  const { dispose } = backend;
  const reader = new Reader(backend);
  readers.set(backend, reader);
  backend.getBufferData = (buffer) => reader.read(buffer);
  backend.dispose = () => {
    reader[Symbol.dispose]();
    dispose.call(backend);
  };
  return true;
}

/** Reads the buffers of one backend, alone or several at a time. Owns what they are read through. */
class Reader implements Disposable {
  readonly #backend: ReadingBackend;
  readonly #readAsBefore: ReadingBackend["getBufferData"];
  readonly #staging: Staging;
  #gathered: Gathered | undefined;

  constructor(backend: ReadingBackend) {
    this.#backend = backend;
    this.#readAsBefore = backend.getBufferData.bind(backend);
    this.#staging = new Staging(backend.device);
  }

  read(buffer: GPUBuffer): Promise<ArrayBuffer> {
    if (buffer.size > LARGEST_BYTES) return this.#readAsBefore(buffer);
    if (this.#gathered !== undefined) return this.#gathered.add(buffer);
    return this.#readNow([buffer]).then(([bytes]) => bytes!);
  }

  gather<T>(reads: () => T): T {
    if (this.#gathered !== undefined) return reads(); // within another one, which reads all of it
    const gathered = this.#gathered = new Gathered();
    try {
      return reads();
    } finally {
      this.#gathered = undefined;
      const { buffers } = gathered;
      if (buffers.length > 0) this.#readNow(buffers).then(gathered.resolve, gathered.reject);
    }
  }

  [Symbol.dispose](): void {
    this.#staging[Symbol.dispose]();
  }

  /** What is encoded at the time of the call is what is read. */
  #readNow(buffers: readonly GPUBuffer[]): Promise<ArrayBuffer[]> {
    const sizes = buffers.map(({ size }) => size);
    const isSmall = sizes.reduce((sum, size) => sum + size, 0) <= LARGEST_BYTES;
    const read = isSmall ? this.#staging.read(sizes, (target) => this.#copy(buffers, target)) : undefined;
    return read ?? Promise.all(buffers.map((buffer) => this.#readAsBefore(buffer)));
  }

  /** One after the other, as `Staging.read` cuts them. */
  #copy(buffers: readonly GPUBuffer[], target: GPUBuffer): void {
    const backend = this.#backend;
    backend.ensureCommandEncoderReady();
    backend.endComputePassEncoder();
    let offset = 0;
    for (const buffer of buffers) {
      backend.commandEncoder!.copyBufferToBuffer(buffer, 0, target, offset, buffer.size);
      offset += buffer.size;
    }
    backend.submitQueue();
  }
}

/** Buffers that are to be read, and the promises of their bytes. */
class Gathered {
  readonly buffers: GPUBuffer[] = [];
  readonly resolve: (bytes: ArrayBuffer[]) => void;
  readonly reject: (error: unknown) => void;
  readonly #read: Promise<ArrayBuffer[]>;

  constructor() {
    ({ promise: this.#read, resolve: this.resolve, reject: this.reject } = Promise.withResolvers());
  }

  add(buffer: GPUBuffer): Promise<ArrayBuffer> {
    const index = this.buffers.push(buffer) - 1;
    return this.#read.then((bytes) => bytes[index]!);
  }
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
      const bytes = await staging.read([SMALLEST_BYTES], (target) => {
        const encoder = device.createCommandEncoder();
        encoder.copyBufferToBuffer(source, 0, target, 0, SMALLEST_BYTES);
        device.queue.submit([encoder.finish()]);
      });
      const read = new Float32Array(bytes![0]!);
      if (!numbers.every((number, index) => number === read[index])) return false;
    }
    return true;
  } finally {
    source.destroy();
  }
}

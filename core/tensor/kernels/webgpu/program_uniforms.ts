/**
 * Uniforms of the programs: one buffer, filled on the host and written once per submit.
 *
 * Every batch of commands starts at its beginning again. That is safe, because the queue writes a buffer only
 * after the commands before have run; and a write per dispatch would cost more than all the rest of it.
 *
 * @module
 */

import { now, type Varying } from "../../varying.ts";

/** Numbers that a program is told, in order. */
export type UniformTypes = Readonly<Record<string, "f32" | "u32">>;

/** Where the uniforms of dispatches go. */
export interface UniformStore {
  /** Has the set that was added last. */
  readonly buffer: GPUBuffer;
  /** Adds a set and answers its offset in bytes, as bind groups want it: none for an empty set. */
  add(types: UniformTypes, values: Varying<Readonly<Record<string, number>>>): number[];
  /** Writes what was added; to be called before each submit. */
  flush(): void;
}

/** Enough for 256 dispatches at the usual alignment of 256 bytes; tfjs submits after 15. */
const CAPACITY_BYTES = 65_536;

const NO_OFFSETS: number[] = [];

/** The buffer and what is in it. Disposing of it destroys the buffer. */
export class UniformBatch implements UniformStore, Disposable {
  readonly buffer: GPUBuffer;
  readonly #device: GPUDevice;
  readonly #host = new DataView(new ArrayBuffer(CAPACITY_BYTES));
  readonly #alignmentBytes: number;
  #usedBytes = 0;

  constructor(device: GPUDevice) {
    this.#device = device;
    this.#alignmentBytes = device.limits.minUniformBufferOffsetAlignment;
    this.buffer = device.createBuffer({
      label: "uniforms",
      size: CAPACITY_BYTES,
      usage: GPUBufferUsage.UNIFORM | GPUBufferUsage.COPY_DST,
    });
  }

  /** How much of the buffer a program sees. */
  static bytesOf(types: UniformTypes): number {
    return Math.ceil(Object.keys(types).length / 4) * 16;
  }

  /** Whether another set fits; if not, what was encoded has to be submitted first. */
  hasRoom(types: UniformTypes): boolean {
    return this.#usedBytes + UniformBatch.bytesOf(types) <= CAPACITY_BYTES;
  }

  add(types: UniformTypes, values: Varying<Readonly<Record<string, number>>>): number[] {
    const bytes = UniformBatch.bytesOf(types);
    if (bytes === 0) return NO_OFFSETS;
    const offset = this.#usedBytes;
    writeUniforms(this.#host, offset, types, now(values));
    this.#usedBytes = Math.ceil((offset + bytes) / this.#alignmentBytes) * this.#alignmentBytes;
    return [offset];
  }

  /** Also starts over: the next set is at the beginning again. */
  flush(): void {
    if (this.#usedBytes === 0) return;
    const bytes = Math.min(this.#usedBytes, CAPACITY_BYTES);
    this.#device.queue.writeBuffer(this.buffer, 0, this.#host.buffer, 0, bytes);
    this.#usedBytes = 0;
  }

  [Symbol.dispose](): void {
    this.buffer.destroy();
  }
}

/** Writes a set, in the order of its types. */
export function writeUniforms(
  host: DataView,
  offset: number,
  types: UniformTypes,
  values: Readonly<Record<string, number>>,
): void {
  let at = offset;
  for (const name in types) {
    const value = values[name]!;
    if (types[name] === "f32") host.setFloat32(at, value, true);
    else host.setUint32(at, value, true);
    at += 4;
  }
}

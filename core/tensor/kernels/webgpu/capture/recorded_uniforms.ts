/**
 * Uniforms of a recording: written once, as the buffers that they are in are the recording's own. Only sets that come
 * from a function are asked for and written again at each replay.
 *
 * @module
 */
import { now, type Varying } from "../../../varying.ts";
import { UniformBatch, type UniformStore, type UniformTypes, writeUniforms } from "../program_uniforms.ts";

/** Of one buffer: 256 sets at the usual alignment. */
const CHUNK_BYTES = 65_536;

/** One buffer, as it is on the host and on the device. */
interface Chunk {
  readonly buffer: GPUBuffer;
  readonly host: DataView<ArrayBuffer>;
  usedBytes: number;
  isWritten: boolean;
}

/** A set that is asked for again. */
interface VaryingSet {
  readonly chunk: Chunk;
  readonly offset: number;
  readonly types: UniformTypes;
  readonly values: () => Readonly<Record<string, number>>;
}

/** Stores what the dispatches of one part are told. Disposing of it destroys its buffers. */
export class RecordedUniforms implements UniformStore, Disposable {
  readonly #device: GPUDevice;
  readonly #alignmentBytes: number;
  readonly #chunks: Chunk[] = [];
  readonly #varying: VaryingSet[] = [];

  constructor(device: GPUDevice) {
    this.#device = device;
    this.#alignmentBytes = device.limits.minUniformBufferOffsetAlignment;
  }

  /** Where the set that was added last is. */
  get buffer(): GPUBuffer {
    return this.#chunks.at(-1)!.buffer;
  }

  add(types: UniformTypes, values: Varying<Readonly<Record<string, number>>>): number[] {
    const bytes = UniformBatch.bytesOf(types);
    if (bytes === 0) return [];
    const chunk = this.#chunkFor(bytes);
    const offset = chunk.usedBytes;
    writeUniforms(chunk.host, offset, types, now(values));
    if (typeof values === "function") this.#varying.push({ chunk, offset, types, values });
    chunk.usedBytes = Math.ceil((offset + bytes) / this.#alignmentBytes) * this.#alignmentBytes;
    chunk.isWritten = false;
    return [offset];
  }

  /** Asks again for what varies. Nothing is on the device before {@linkcode RecordedUniforms.flush}. */
  refresh(): void {
    for (const { chunk, offset, types, values } of this.#varying) {
      writeUniforms(chunk.host, offset, types, values());
      chunk.isWritten = false;
    }
  }

  flush(): void {
    for (const chunk of this.#chunks) {
      if (chunk.isWritten) continue;
      this.#device.queue.writeBuffer(
        chunk.buffer,
        0,
        chunk.host.buffer,
        0,
        Math.min(chunk.usedBytes, CHUNK_BYTES),
      );
      chunk.isWritten = true;
    }
  }

  [Symbol.dispose](): void {
    for (const { buffer } of this.#chunks) buffer.destroy();
    this.#chunks.length = 0;
    this.#varying.length = 0;
  }

  #chunkFor(bytes: number): Chunk {
    const last = this.#chunks.at(-1);
    if (last && last.usedBytes + bytes <= CHUNK_BYTES) return last;
    const usage = GPUBufferUsage.UNIFORM | GPUBufferUsage.COPY_DST;
    const buffer = this.#device.createBuffer({ label: "recorded uniforms", size: CHUNK_BYTES, usage });
    const host = new DataView(new ArrayBuffer(CHUNK_BYTES));
    const chunk = { buffer, host, usedBytes: 0, isWritten: true };
    this.#chunks.push(chunk);
    return chunk;
  }
}

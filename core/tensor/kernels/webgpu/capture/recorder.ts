/**
 * Writes recordings on one backend, and replays them.
 *
 * While a part is recorded it is computed as ever; what is different is where the memory comes from (arena.ts), where
 * uniforms go, and that all commands pass a list (commands.ts). A tensor made of numbers must have come from
 * `hostInput`: any other would be the same at every replay, so the recording is given up, and says why.
 *
 * @module
 */
import * as tf from "../../../../deps/tfjs.ts";
import { fillOf, type HostNumbers } from "../../../varying.ts";
import { gpu } from "../gpu.ts";
import type { WebGpuBackend } from "../program_backend.ts";
import { Arena, type BufferPool } from "./arena.ts";
import { type Outputs, RecordedPart, Recording } from "./recording.ts";

/** tfjs' backend with its pool; semi-private, pinned with tfjs. */
type PoolingBackend = WebGpuBackend & { readonly bufferManager: BufferPool };

/** What is recorded at the moment. */
interface Session {
  readonly recording: Recording;
  readonly part: RecordedPart;
  /** Data that came from the host since the part began. */
  readonly written: WeakSet<object>;
  /** Whose memory is asked for: what is uploaded stays where it is, what was there before is the pool's. */
  upload: "reserved" | "pool" | undefined;
}

/** One for each backend, see {@linkcode recorder}; it goes with the backend. */
export class Recorder {
  readonly arena: Arena;
  /** A run is under way, from its first part to its last; its memory is nobody else's. */
  isBusy = false;
  readonly #backend: PoolingBackend;
  /** With the backend all memory has gone. */
  #isGone = false;
  readonly #kept = new Set<Recording>();
  /** The one that is being made. */
  #current: Recording | undefined;
  #session: Session | undefined;

  /** @param backend gets hooks */
  constructor(backend: PoolingBackend) {
    this.#backend = backend;
    this.arena = new Arena(this.#hookPool(), (buffer) => this.#isNeeded(buffer));
    this.#hookCommands();
    this.#hookUploads();
    const { dispose } = backend;
    backend.dispose = () => {
      this.#isGone = true;
      dispose.call(backend);
    };
  }

  /** An empty recording, which has to be kept or dropped before the next one is begun. */
  begin(variables: readonly tf.Variable[]): Recording {
    return this.#current = new Recording(this.#backend, variables);
  }

  /** Computes a part, and adds it to the recording. */
  record<Given, Answer extends Outputs>(
    recording: Recording,
    given: Given,
    compute: (given: () => Given) => Answer,
  ): Answer {
    this.#submit(); // what came before is not of this part
    const part = new RecordedPart(this.#backend.device);
    part.given = given;
    recording.parts.push(part);
    this.#session = { recording, part, written: new WeakSet(), upload: undefined };
    gpu().recordInto(part.uniforms);
    try {
      const answer = compute(() => part.given as Given);
      recording.addOutputs(part, answer, this.arena);
      return answer;
    } finally {
      this.#submit();
      gpu().recordInto(undefined);
      this.#session = undefined;
      recording.problem ??= part.commands.problem;
    }
  }

  /** Computes a part as it was recorded, with other inputs. */
  replay(recording: Recording, part: RecordedPart, given: unknown): Outputs {
    this.#submit(); // also returns the memory of tensors that were disposed of
    part.given = given;
    const { device } = this.#backend;
    // All functions are asked before the device is told anything: one of them may throw.
    const numbers = part.inputs.map(({ buffer, fill }) => fitting(fill(), buffer));
    part.uniforms.refresh();
    part.uniforms.flush();
    part.inputs.forEach(({ buffer }, index) => device.queue.writeBuffer(buffer, 0, numbers[index]!));
    const encoder = device.createCommandEncoder();
    part.commands.encode(encoder);
    device.queue.submit([encoder.finish()]);
    gpu().dispatches.replayed += part.commands.dispatches;
    return recording.outputsOf(part, this.arena);
  }

  /** Whether a replay would write over nobody's numbers: what the last run answered was disposed of. */
  isFree(recording: Recording): boolean {
    this.#submit();
    for (const buffer of recording.buffers) {
      if (this.arena.isInUse(buffer) && !recording.reserved.has(buffer)) return false;
    }
    return true;
  }

  /** Keeps the memory of a recording until it is dropped. */
  keep(recording: Recording): void {
    this.#kept.add(recording);
    this.#current = undefined;
  }

  /** Gives up a recording, and the memory that was its alone. */
  drop(recording: Recording): void {
    if (this.#isGone) return;
    this.#kept.delete(recording);
    if (this.#current === recording) this.#current = undefined;
    this.#submit(); // its uniforms may be in what is not submitted
    recording.dispose(this.arena);
    this.arena.trim();
  }

  #isNeeded(buffer: GPUBuffer): boolean {
    if (this.#current?.buffers.has(buffer)) return true;
    for (const { buffers } of this.#kept) if (buffers.has(buffer)) return true;
    return false;
  }

  #submit(): void {
    this.#backend.endComputePassEncoder();
    if (this.#backend.commandEncoder) this.#backend.submitQueue();
  }

  #hookPool(): BufferPool {
    const pool = this.#backend.bufferManager;
    const acquireBuffer = pool.acquireBuffer.bind(pool);
    const releaseBuffer = pool.releaseBuffer.bind(pool);
    pool.acquireBuffer = (bytes, usage, mapped = false, reuse = true) => {
      const session = this.#session;
      // A buffer that is not used again brings numbers to the device; a replay does that in another way.
      if (!session || !reuse || session.upload === "pool") return acquireBuffer(bytes, usage, mapped, reuse);
      const stays = session.upload === "reserved" || (usage & GPUBufferUsage.UNIFORM) !== 0;
      const buffer = stays ? this.arena.reserve(bytes, usage, mapped) : this.arena.acquire(bytes, usage);
      session.recording.buffers.add(buffer);
      if (stays) session.recording.reserved.add(buffer);
      return buffer;
    };
    pool.releaseBuffer = (buffer, reuse) => {
      if (this.arena.owns(buffer)) this.arena.release(buffer);
      else releaseBuffer(buffer, reuse);
    };
    return { acquireBuffer, releaseBuffer };
  }

  #hookCommands(): void {
    const backend = this.#backend;
    const ready = backend.ensureCommandEncoderReady;
    backend.ensureCommandEncoderReady = () => {
      const isNew = backend.commandEncoder === null;
      ready.call(backend);
      if (!this.#session || !isNew) return;
      backend.commandEncoder = this.#session.part.commands.listenTo(backend.commandEncoder!);
    };
  }

  #hookUploads(): void {
    const backend = this.#backend;
    const { write, uploadToGPU } = backend;
    backend.write = (values, ...rest) => {
      const dataId = write.call(backend, values, ...rest);
      if (values) this.#session?.written.add(dataId);
      return dataId;
    };
    backend.uploadToGPU = (dataId) => {
      const session = this.#session;
      if (!session) return uploadToGPU.call(backend, dataId);
      const data = backend.tensorMap.get(dataId);
      const isUpload = !data.resource && Boolean(data.values);
      if (isUpload) session.upload = session.written.has(dataId) ? "reserved" : "pool";
      try {
        uploadToGPU.call(backend, dataId);
      } finally {
        session.upload = undefined;
      }
      if (isUpload && session.written.has(dataId)) this.#addInput(session, dataId, data.resource!);
      else if (!this.arena.owns(data.resource!)) session.recording.foundations.set(dataId, data.resource!);
    };
  }

  #addInput({ recording, part }: Session, dataId: object, buffer: GPUBuffer): void {
    const fill = fillOf(dataId);
    if (fill) part.inputs.push({ buffer, fill });
    const count = buffer.size / 4;
    if (!fill) recording.problem ??= `a tensor was made of ${count} numbers, and not by hostInput()`;
  }
}

const recorders = new WeakMap<object, Recorder>();

/** Of the current backend, which has to be webgpu. */
export function recorder(): Recorder {
  const backend = tf.backend() as unknown as PoolingBackend;
  let one = recorders.get(backend);
  if (!one) recorders.set(backend, one = new Recorder(backend));
  return one;
}

function fitting(numbers: HostNumbers, { size }: GPUBuffer): HostNumbers & ArrayBufferView<ArrayBuffer> {
  if (numbers.byteLength === size) return numbers as HostNumbers & ArrayBufferView<ArrayBuffer>;
  throw new TypeError(`An input of a replay has ${numbers.byteLength} bytes, and ${size} were recorded`);
}

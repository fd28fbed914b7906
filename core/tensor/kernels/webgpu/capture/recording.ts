/**
 * A recording: the parts of a computation, with everything that a replay needs, and what it rests on.
 *
 * Between two parts the host is free to do other things, such as asking a head. What it rests on are tensors that
 * were there before, such as the parameters: a replay reads them where they were, so it is possible only while
 * each of them still is there.
 *
 * @module
 */
import * as tf from "../../../../deps/tfjs.ts";
import type { HostNumbers } from "../../../varying.ts";
import type { WebGpuBackend } from "../program_backend.ts";
import type { Arena } from "./arena.ts";
import { CommandList } from "./commands.ts";
import { RecordedUniforms } from "./recorded_uniforms.ts";

/** Numbers that are written before each replay. */
interface Input {
  readonly buffer: GPUBuffer;
  readonly fill: () => HostNumbers;
}

/** A tensor that a replay answers. */
interface Output {
  readonly shape: readonly number[];
  readonly dtype: tf.DataType;
  /** Of the numbers in the buffer. */
  readonly stored: tf.DataType;
  readonly buffer: GPUBuffer;
}

/** What one part of a computation answers; a gradient may be missing. */
export type Outputs = readonly (tf.Tensor | undefined)[];

/** One part. */
export class RecordedPart {
  readonly commands = new CommandList();
  readonly inputs: Input[] = [];
  readonly uniforms: RecordedUniforms;
  /** What the functions of this part see; another one at each replay. */
  given: unknown;
  outputs: readonly (Output | undefined)[] = [];

  constructor(device: GPUDevice) {
    this.uniforms = new RecordedUniforms(device);
  }
}

/** All parts, and what they rest on. Owned by whoever replays it. */
export class Recording {
  readonly backend: WebGpuBackend;
  readonly parts: RecordedPart[] = [];
  /** Of the arena: what the commands read and write. */
  readonly buffers = new Set<GPUBuffer>();
  /** Of these, what nobody else gets, also not between two replays. */
  readonly reserved = new Set<GPUBuffer>();
  /** Data of tensors that were there before, and where it was. */
  readonly foundations = new Map<object, GPUBuffer>();
  /** Why it cannot be replayed. */
  problem: string | undefined;
  readonly #variables: readonly tf.Variable[];
  readonly #dataIds: readonly object[];

  /** @param variables whose values the computation reads, and which may get others by `assign` */
  constructor(backend: WebGpuBackend, variables: readonly tf.Variable[]) {
    this.backend = backend;
    this.#variables = variables;
    this.#dataIds = variables.map(({ dataId }) => dataId);
  }

  /** Whether everything is still where it was. */
  isValid(backend: object): boolean {
    const { tensorMap } = this.backend;
    if (backend !== this.backend) return false;
    if (this.#variables.some(({ dataId }, index) => dataId !== this.#dataIds[index])) return false;
    for (const [dataId, buffer] of this.foundations) {
      if (!tensorMap.has(dataId) || tensorMap.get(dataId).resource !== buffer) return false;
    }
    return true;
  }

  /** Remembers what a part has computed, so that a replay can answer it. */
  addOutputs(part: RecordedPart, outputs: Outputs, arena: Arena): void {
    part.outputs = outputs.map((tensor) => {
      if (!tensor) return undefined;
      const { resource, dtype: stored } = this.backend.tensorMap.get(tensor.dataId);
      const { shape, dtype } = tensor;
      if (!resource || !arena.owns(resource) || this.reserved.has(resource)) {
        this.problem ??= "it answers a tensor that it has not computed";
        return undefined;
      }
      return { shape, dtype, stored, buffer: resource };
    });
  }

  /** What a replay has computed, as tensors; the caller's. */
  outputsOf(part: RecordedPart, arena: Arena): Outputs {
    const known = new Map<GPUBuffer, object>();
    return part.outputs.map((output) => {
      if (!output) return undefined;
      const { shape, dtype, stored, buffer } = output;
      const dataId = known.get(buffer);
      if (dataId) this.backend.incRef(dataId);
      const info = dataId ? { dataId, shape, dtype } : this.backend.makeTensorInfo(shape, dtype);
      if (!dataId) {
        arena.claim(buffer);
        Object.assign(this.backend.tensorMap.get(info.dataId), { resource: buffer, dtype: stored });
        known.set(buffer, info.dataId);
      }
      return tf.engine().makeTensorFromTensorInfo(info as tf.TensorInfo);
    });
  }

  /** Gives the uniforms back; the buffers are the arena's. */
  dispose(arena: Arena): void {
    for (const part of this.parts) part.uniforms[Symbol.dispose]();
    arena.unreserve(this.reserved);
  }
}

/**
 * Runs programs: the one way in which our webgpu kernels reach the device.
 *
 * They are encoded into the pass of tfjs' own backend, on the buffers of its tensors, so that order, batches,
 * the buffer pool and `data()` are the backend's as before. tfjs' way (`runWebGPUProgram`) makes a bind
 * group and a uniform buffer per dispatch (58 µs), and knows one output only.
 *
 * @module
 */
import * as tf from "../../../deps/tfjs.ts";
import { unsupported } from "../../guards/refusal.ts";
import type { ElementType, Program } from "./program.ts";
import { forgetReads, hookInto, type WebGpuBackend } from "./program_backend.ts";
import { compile, type CompiledProgram } from "./program_pipeline.ts";
import { UniformBatch, type UniformStore } from "./program_uniforms.ts";
import type { Varying } from "../../varying.ts";

/** One dispatch. */
export interface Dispatch<Buffer extends string, Uniform extends string> {
  /** A tensor, or a buffer of {@linkcode Gpu.table}. None may be bound twice if one of the two is written. */
  readonly buffers: Readonly<Record<Buffer, tf.TensorInfo | GPUBuffer>>;
  /** A function is asked again at each replay, if the dispatch is recorded. */
  readonly uniforms: Varying<Readonly<Record<Uniform, number>>>;
  /**
   * How many workgroups. A number is laid out in two dimensions if it is over the limit of one: the shader
   * finds its number with `flatGroup(workgroup_id, num_workgroups)`, which may be past the end.
   */
  readonly workgroups: number | readonly [x: number, y: number, z: number];
  /** Values of `override` constants; each new set compiles the program again. */
  readonly constants?: Readonly<Record<string, number>>;
}

/** How many dispatches were encoded, by whom. */
export interface DispatchCounts {
  own: number;
  tfjs: number;
  /** Of recordings. */
  replayed: number;
}

/** Runs programs on one backend. Owns what is compiled and the tables; they go with the backend. */
export class Gpu {
  /** Since the backend started. */
  readonly dispatches: DispatchCounts = { own: 0, tfjs: 0, replayed: 0 };
  /** The device computes on the CPU, where barriers are dear: kernels have variants without. */
  isSoftware: boolean;
  readonly #backend: WebGpuBackend;
  readonly #uniforms: UniformBatch;
  /** Set while dispatches are recorded. */
  #recorded: UniformStore | undefined;
  readonly #compiled = new Map<string, CompiledProgram>();
  readonly #tables = new Map<string, GPUBuffer>();
  readonly #willChange: (dataId: object) => void;
  /** Along an axis; asking the device is a call out of JavaScript. */
  readonly #mostWorkgroups: number;

  /** @param backend gets hooks; there is one Gpu per backend, see {@linkcode gpu} */
  constructor(backend: WebGpuBackend) {
    this.#backend = backend;
    this.isSoftware = backend.device.adapterInfo.isFallbackAdapter;
    this.#uniforms = new UniformBatch(backend.device);
    this.#willChange = forgetReads(backend);
    this.#mostWorkgroups = backend.device.limits.maxComputeWorkgroupsPerDimension;
    hookInto(backend, {
      dispatched: () => void this.dispatches.tfjs++,
      submitting: () => (this.#recorded ?? this.#uniforms).flush(),
      disposed: () => this.#dispose(),
    });
  }

  /** Of the device; the size of programs is up to them. */
  get limits(): GPUSupportedLimits {
    return this.#backend.device.limits;
  }

  /** An uninitialized tensor. It is the caller's, or that of the tidy it is made in. */
  allocate(shape: readonly number[], dtype: "float32" | "int32" = "float32"): tf.Tensor {
    // One without numbers is on the host: no buffer can be empty.
    const empty = shape.includes(0) ? new Float32Array(0) : undefined;
    return tf.engine().makeTensorFromTensorInfo(this.#backend.makeTensorInfo(shape, dtype, empty));
  }

  /** Constant numbers on the device, made once per backend; it owns them. */
  table(name: string, make: () => Uint32Array<ArrayBuffer> | Float32Array<ArrayBuffer>): GPUBuffer {
    const known = this.#tables.get(name);
    if (known) return known;
    const values = make();
    const { device } = this.#backend;
    const usage = GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_DST;
    const buffer = device.createBuffer({ label: name, size: values.byteLength, usage });
    device.queue.writeBuffer(buffer, 0, values);
    this.#tables.set(name, buffer);
    return buffer;
  }

  /**
   * Whether nobody else has the tensor's memory, a clone or a reshaped one. Only then may it be written to
   * in place.
   */
  isSole({ dataId }: tf.TensorInfo): boolean {
    return this.#backend.refCount(dataId) === 1 && !this.#backend.tensorMap.get(dataId).external;
  }

  /** A copy of a tensor with memory of its own; the caller's. */
  copy(tensor: tf.TensorInfo): tf.Tensor {
    const copy = this.allocate(tensor.shape, tensor.dtype as "float32" | "int32");
    const [from, to] = [this.#upload(tensor, "copy"), this.#upload(copy, "copy")];
    this.#backend.ensureCommandEncoderReady();
    this.#backend.endComputePassEncoder();
    this.#backend.commandEncoder!.copyBufferToBuffer(from, 0, to, 0, from.size);
    return copy;
  }

  /**
   * From now on, uniforms go into this store, which has room for all; undefined ends that. Nothing may be encoded
   * and not submitted when it is called.
   */
  recordInto(uniforms: UniformStore | undefined): void {
    this.#recorded = uniforms;
  }

  /**
   * Puts a dispatch into the open pass. What it writes may be a fresh tensor or, if {@linkcode Gpu.isSole},
   * one that is known already. A dispatch of no workgroups is left out.
   *
   * @throws {KBertError} `tensor/unsupported` for a tensor without numbers or too many workgroups
   * @throws {TypeError} if a tensor's numbers are not of the declared type
   */
  run<Buffer extends string, Uniform extends string>(
    program: Program<Buffer, Uniform>,
    { buffers, uniforms, workgroups, constants }: Dispatch<Buffer, Uniform>,
  ): void {
    const grid = this.#grid(program, workgroups);
    if (grid.includes(0)) return;
    if (!this.#uniforms.hasRoom(program.uniforms)) this.#submit();
    // An upload ends the pass, so all of them come before it is opened.
    const bound = program.bindings.map(({ name, type, isWritten }) => {
      const buffer = buffers[name];
      if (buffer instanceof GPUBuffer) return buffer;
      const resource = this.#upload(buffer, program.name, type);
      if (isWritten) this.#willChange(buffer.dataId); // not before: numbers on the host are the upload's
      return resource;
    });
    const compiled = this.#compile(program);
    const backend = this.#backend;
    backend.ensureCommandEncoderReady();
    const pass = backend.computePassEncoder ??= backend.commandEncoder!.beginComputePass();
    const store = this.#recorded ?? this.#uniforms;
    const offsets = store.add(program.uniforms, uniforms);
    const isRecorded = this.#recorded !== undefined && offsets.length > 0;
    const group = isRecorded ? compiled.newBindGroup(bound, store.buffer) : compiled.bindGroup(bound);
    pass.setPipeline(compiled.pipeline(constants));
    pass.setBindGroup(0, group, offsets);
    pass.dispatchWorkgroups(...grid);
    this.dispatches.own++;
    backend.dispatchCountInPass++;
    const limit = tf.env().get("WEBGPU_DEFERRED_SUBMIT_BATCH_SIZE") as number;
    if (backend.dispatchCountInPass >= limit) this.#submit();
  }

  #compile(program: Program): CompiledProgram {
    let compiled = this.#compiled.get(program.shader);
    if (!compiled) {
      compiled = compile(this.#backend.device, program, this.#uniforms.buffer);
      this.#compiled.set(program.shader, compiled);
    }
    return compiled;
  }

  /** The tensor's buffer, which is the commands' until they are submitted. */
  #upload({ dataId, shape }: tf.TensorInfo, operation: string, type?: ElementType): GPUBuffer {
    if (shape.includes(0)) {
      const problem = `a tensor of the shape [${shape}] has no numbers; leave the operation out`;
      throw unsupported({ backend: "webgpu", operation, problem, value: 0 });
    }
    this.#backend.uploadToGPU(dataId);
    this.#backend.commandQueueOwnedIds.add(dataId);
    const { dtype, resource } = this.#backend.tensorMap.get(dataId);
    // A cast from int32 may only change the label: the numbers would be read as what they are not.
    if (type && type.includes("f32") !== (dtype === "float32")) {
      throw new TypeError(
        `Cannot read numbers of ${dtype} as ${type} in ${operation}; multiply by one after a cast`,
      );
    }
    return resource!;
  }

  #submit(): void {
    this.#backend.endComputePassEncoder();
    this.#backend.submitQueue();
  }

  #grid({ name }: Program, workgroups: number | readonly [number, number, number]): [number, number, number] {
    const limit = this.#mostWorkgroups;
    const isFlat = typeof workgroups === "number";
    const side = isFlat ? Math.ceil(Math.sqrt(workgroups)) : 0;
    const grid: [number, number, number] = !isFlat
      ? [...workgroups]
      : workgroups <= limit
      ? [workgroups, 1, 1]
      : [side, Math.ceil(workgroups / side), 1];
    const value = Math.max(...grid);
    if (value <= limit) return grid;
    const problem =
      `it has ${value} workgroups along an axis, and the device takes ${limit}; use a smaller batch`;
    throw unsupported({ backend: "webgpu", operation: name, problem, limit, value });
  }

  #dispose(): void {
    this.#uniforms[Symbol.dispose]();
    for (const buffer of this.#tables.values()) buffer.destroy();
    this.#tables.clear();
    this.#compiled.clear();
  }
}

const runners = new WeakMap<object, Gpu>();

/** Of the current backend, which has to be webgpu. */
export function gpu(): Gpu {
  const backend = tf.backend() as unknown as WebGpuBackend;
  let runner = runners.get(backend);
  if (!runner) runners.set(backend, runner = new Gpu(backend));
  return runner;
}

/**
 * What a program becomes on a device: a layout, a pipeline per set of constants, a bind group per set of
 * buffers.
 *
 * The layout is written down and not derived from the shader: a derived one leaves out what the code does
 * not use. Bind groups are kept, because a training step comes back to the same buffers of the pool, and
 * making one costs more than the dispatch.
 *
 * @module
 */
import type { Program } from "./program.ts";
import { UniformBatch } from "./program_uniforms.ts";

/** A program on a device. */
export interface CompiledProgram {
  /** With these constants; compiled at the first call. */
  pipeline(constants?: Readonly<Record<string, number>>): GPUComputePipeline;
  /** Of these buffers, in the order of the bindings, and the shared uniforms; kept. */
  bindGroup(buffers: readonly GPUBuffer[]): GPUBindGroup;
  /** The same with other uniforms; the caller keeps it. */
  newBindGroup(buffers: readonly GPUBuffer[], uniforms: GPUBuffer): GPUBindGroup;
}

/**
 * Bind groups of one program; when there are more, all are made again. They keep buffers from being freed.
 */
const KEPT_BIND_GROUPS = 512;

/** An error in the shader is one of the device: it throws nothing, see `Backend.check`. */
export function compile(device: GPUDevice, program: Program, uniforms: GPUBuffer): CompiledProgram {
  const { name: label, bindings } = program;
  const uniformBytes = UniformBatch.bytesOf(program.uniforms);
  const layout = device.createBindGroupLayout({ label, entries: layoutEntries(program) });
  const pipelineLayout = device.createPipelineLayout({ label, bindGroupLayouts: [layout] });
  const module = device.createShaderModule({ label, code: program.shader });
  const pipelines = new Map<string, GPUComputePipeline>();
  const groups = new Map<string, GPUBindGroup>();
  const newBindGroup = (buffers: readonly GPUBuffer[], uniforms: GPUBuffer): GPUBindGroup => {
    const entries: GPUBindGroupEntry[] = buffers.map((buffer, binding) => ({
      binding,
      resource: { buffer },
    }));
    if (uniformBytes > 0) {
      entries.push({ binding: bindings.length, resource: { buffer: uniforms, size: uniformBytes } });
    }
    return device.createBindGroup({ label, layout, entries });
  };
  return {
    newBindGroup,
    pipeline(constants = NO_CONSTANTS): GPUComputePipeline {
      const key = constants === NO_CONSTANTS ? "" : JSON.stringify(constants);
      let pipeline = pipelines.get(key);
      if (!pipeline) {
        const compute = { module, entryPoint: "main", constants: { ...constants } };
        pipeline = device.createComputePipeline({ label, layout: pipelineLayout, compute });
        pipelines.set(key, pipeline);
      }
      return pipeline;
    },
    bindGroup(buffers): GPUBindGroup {
      const key = buffers.map(numberOf).join();
      let group = groups.get(key);
      if (!group) {
        group = newBindGroup(buffers, uniforms);
        if (groups.size >= KEPT_BIND_GROUPS) groups.clear();
        groups.set(key, group);
      }
      return group;
    },
  };
}

function layoutEntries({ bindings, uniforms }: Program): GPUBindGroupLayoutEntry[] {
  const visibility = GPUShaderStage.COMPUTE;
  const entries: GPUBindGroupLayoutEntry[] = bindings.map(({ isWritten }, binding) => ({
    ...{ binding, visibility },
    buffer: { type: isWritten ? "storage" : "read-only-storage" },
  }));
  if (Object.keys(uniforms).length > 0) {
    const buffer = { type: "uniform", hasDynamicOffset: true } as const;
    entries.push({ binding: bindings.length, visibility, buffer });
  }
  return entries;
}

const NO_CONSTANTS = {};

const numbers = new WeakMap<GPUBuffer, number>();
let lastNumber = 0;

/** A number that no other buffer has or will have. */
function numberOf(buffer: GPUBuffer): number {
  let number = numbers.get(buffer);
  if (number === undefined) numbers.set(buffer, number = ++lastNumber);
  return number;
}

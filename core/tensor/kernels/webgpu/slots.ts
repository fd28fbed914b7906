/**
 * One dispatch over many tensors: as many slots as the device lets a shader see buffers, each with its own
 * tensors and its own share of the workgroups.
 *
 * An optimizer has dozens of small parameters; one dispatch per parameter costs more than the arithmetic.
 * The tensors stay where they are: putting them into one buffer would cost two copies per step.
 *
 * @module
 */
import type * as tf from "../../../deps/tfjs.ts";
import { gpu } from "./gpu.ts";
import { defineProgram, type Program } from "./program.ts";

/** What happens to the numbers of one slot. */
export interface SlotSource {
  readonly name: string;
  /** Buffers of one slot; in the code they are named with `#`, as `x#`. */
  readonly reads: readonly string[];
  readonly writes: readonly string[];
  /** Numbers of one slot, as `uniforms.decay#`. There is `uniforms.size#` already, the count of numbers. */
  readonly slotUniforms: Readonly<Record<string, "f32">>;
  /** Buffers that all slots write, and numbers that all are told. */
  readonly sharedWrites: readonly string[];
  readonly uniforms: Readonly<Record<string, "f32" | "u32">>;
  /**
   * Runs once per thread, which has the numbers `i = first; i < end; i += LANES` and is number `thread` of
   * all.
   */
  readonly code: string;
}

/** One slot of a call: its buffers by name without `#`, and its uniforms. */
export interface Slot {
  readonly buffers: Readonly<Record<string, tf.TensorInfo>>;
  readonly uniforms: Readonly<Record<string, number>>;
  readonly size: number;
}

/** Threads of a workgroup. */
export const LANES = 64;
/** Numbers of a workgroup: 16 per thread. */
const PER_GROUP = 16 * LANES;
/** More do not make it faster, and each number of slots is a program of its own. */
const MOST_SLOTS = 16;

/** Runs a source over all slots, in as few dispatches as the device allows. */
export class SlotProgram {
  readonly #source: SlotSource;
  /** By count of slots. */
  readonly #programs = new Map<number, Program>();

  constructor(source: SlotSource) {
    this.#source = source;
  }

  /**
   * @param shared buffers that all slots share
   * @param uniforms what all slots are told. There is `firstThread`, counted through all dispatches, already.
   */
  run(
    slots: readonly Slot[],
    shared: Readonly<Record<string, tf.TensorInfo>>,
    uniforms: Readonly<Record<string, number>>,
  ): void {
    const { reads, writes, sharedWrites } = this.#source;
    const free = gpu().limits.maxStorageBuffersPerShaderStage - sharedWrites.length;
    const perDispatch = Math.max(1, Math.min(MOST_SLOTS, Math.floor(free / (reads.length + writes.length))));
    const filled = slots.filter(({ size }) => size > 0);
    let groups = 0;
    for (let first = 0; first < filled.length; first += perDispatch) {
      const some = filled.slice(first, first + perDispatch);
      groups += this.#dispatch(some, shared, { ...uniforms, firstThread: groups * LANES });
    }
  }

  #dispatch(
    slots: readonly Slot[],
    shared: Readonly<Record<string, tf.TensorInfo>>,
    common: Readonly<Record<string, number>>,
  ): number {
    const buffers: Record<string, tf.TensorInfo> = { ...shared };
    const uniforms: Record<string, number> = { ...common };
    let workgroups = 0;
    slots.forEach((slot, index) => {
      for (const name in slot.buffers) buffers[name + index] = slot.buffers[name]!;
      for (const name in slot.uniforms) uniforms[name + index] = slot.uniforms[name]!;
      uniforms[`size${index}`] = slot.size;
      workgroups += groupsOf(slot.size);
      uniforms[`end${index}`] = workgroups;
    });
    gpu().run(this.#program(slots.length), { buffers, uniforms, workgroups });
    return workgroups;
  }

  #program(slots: number): Program {
    let program = this.#programs.get(slots);
    if (!program) this.#programs.set(slots, program = defineSlots(this.#source, slots));
    return program;
  }
}

/** How many threads write, if each writes once. */
export function threadsOf(sizes: Iterable<number>): number {
  let groups = 0;
  for (const size of sizes) groups += groupsOf(size);
  return groups * LANES;
}

const groupsOf = (size: number): number => Math.ceil(size / PER_GROUP);

function defineSlots(source: SlotSource, slots: number): Program {
  const each = Array.from({ length: slots }, (_, index) => index);
  const f32 = (shared: readonly string[], own: readonly string[]): Record<string, "f32"> => {
    const names = [...shared, ...each.flatMap((index) => own.map((name) => name + index))];
    return Object.fromEntries(names.map((name) => [name, "f32"]));
  };
  const uniforms: Record<string, "f32" | "u32"> = { ...source.uniforms, firstThread: "u32" };
  for (const index of each) {
    for (const name in source.slotUniforms) uniforms[name + index] = "f32";
    uniforms[`size${index}`] = uniforms[`end${index}`] = "u32";
  }
  const branches = each.map((index) =>
    `if (group < uniforms.end${index}) {
    let first = (group - ${index === 0 ? "0" : `uniforms.end${index - 1}`}) * ${PER_GROUP} + lane;
    let end = min(first - lane + ${PER_GROUP}, uniforms.size${index});
    ${source.code.replaceAll("#", String(index))}
  }`
  );
  return defineProgram<string, string>({
    name: source.name,
    reads: f32([], source.reads),
    writes: f32(source.sharedWrites, source.writes),
    uniforms,
    code: `const LANES = ${LANES}u;
@compute @workgroup_size(LANES) fn main(
  @builtin(workgroup_id) id: vec3u, @builtin(num_workgroups) ids: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  let group = flatGroup(id, ids);
  let thread = uniforms.firstThread + group * LANES + lane;
  ${branches.join(" else ")}
}`,
  });
}

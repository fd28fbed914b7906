/**
 * Programs that go over the rows of a matrix, each in two variants.
 *
 * A GPU takes a workgroup per row, whose lanes share the row and add up through shared memory. A software
 * adapter takes a thread per row: barriers cost it more than the whole computation; and so does a GPU
 * with rows that are too short for a workgroup.
 *
 * @module
 */
import type * as tf from "../../../deps/tfjs.ts";
import { gpu } from "./gpu.ts";
import { defineProgram, type Program, type ProgramSource } from "./program.ts";

/** A program for rows, in both variants. */
export interface RowProgram<Buffer extends string, Uniform extends string> {
  readonly byThread: Program<Buffer, Uniform | "rows" | "width">;
  readonly byWorkgroup: Program<Buffer, Uniform | "rows" | "width">;
}

/** Threads of a workgroup. */
const LANES = 64;
/** Numbers in a row below which most lanes would have nothing to do. */
const SHORT_ROW = 32;

/**
 * Declares a program for rows; `rows` and `width` are uniforms of it already.
 *
 * @param source its code is what happens to one row: it has `row`, `start` (the index of the row's first
 * number) and `width`, and loops as `for (var i = lane; i < width; i += LANES)`. Outside of any branch it may
 * call `rowSum(part, lane)` and `rowMax(part, lane)`, which join the parts of the lanes.
 */
export function defineRowProgram<Buffer extends string, Uniform extends string>(
  source: ProgramSource<Buffer, Uniform>,
): RowProgram<Buffer, Uniform> {
  const uniforms = { ...source.uniforms, rows: "u32", width: "u32" } as
    & ProgramSource<Buffer, Uniform>["uniforms"]
    & Record<"rows" | "width", "u32">;
  const define = (prelude: string, row: string): RowProgram<Buffer, Uniform>["byThread"] =>
    defineProgram<Buffer, Uniform | "rows" | "width">({
      ...source,
      uniforms,
      code: `${prelude}
@compute @workgroup_size(${LANES}) fn main(
  @builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) thread: u32,
) {
  let row = ${row};
  if (row >= uniforms.rows) { return; }
  let width = uniforms.width;
  let start = row * width;
  ${source.code}
}`,
    });
  return {
    byThread: define(BY_THREAD, `flatGroup(group, groups) * ${LANES} + thread; let lane = 0u`),
    byWorkgroup: define(BY_WORKGROUP, "flatGroup(group, groups); let lane = thread"),
  };
}

const BY_THREAD = `
const LANES = 1u;
fn rowSum(part: f32, lane: u32) -> f32 { return part; }
fn rowMax(part: f32, lane: u32) -> f32 { return part; }`;

// The first barrier waits for those who still read the result of the call before.
const joined = (name: string, join: string): string => `
fn ${name}(part: f32, lane: u32) -> f32 {
  workgroupBarrier();
  parts[lane] = part;
  workgroupBarrier();
  for (var half = LANES / 2; half > 0; half /= 2) {
    if (lane < half) { parts[lane] = ${join}; }
    workgroupBarrier();
  }
  return parts[0];
}`;

const BY_WORKGROUP = `
const LANES = ${LANES}u;
var<workgroup> parts: array<f32, LANES>;
${joined("rowSum", "parts[lane] + parts[lane + half]")}
${joined("rowMax", "max(parts[lane], parts[lane + half])")}`;

/** Runs the variant that suits the adapter and the width. */
export function runRows<Buffer extends string, Uniform extends string>(
  program: RowProgram<Buffer, Uniform>,
  buffers: Readonly<Record<Buffer, tf.TensorInfo>>,
  uniforms: Readonly<Record<Uniform | "rows" | "width", number>>,
): void {
  if (gpu().isSoftware || uniforms.width < SHORT_ROW) {
    gpu().run(program.byThread, { buffers, uniforms, workgroups: Math.ceil(uniforms.rows / LANES) });
  } else {
    gpu().run(program.byWorkgroup, { buffers, uniforms, workgroups: uniforms.rows });
  }
}

/**
 * Sums over many numbers, in a fixed order: the same bits at every run, which atomic additions do not give.
 *
 * A sum is cut into the parts of threads that do not wait for each other, and the parts are summed by the
 * next dispatch, until there is one of each column.
 *
 * @module
 */
import * as tf from "../../../deps/tfjs.ts";
import { requireShape } from "../differentiable.ts";
import { gpu } from "./gpu.ts";
import { defineProgram } from "./program.ts";
import { LANES, type Slot, SlotProgram, threadsOf } from "./slots.ts";

/** Rows that one thread adds up. */
const ROWS_PER_PART = 64;

const columnParts = defineProgram({
  name: "columnSums",
  reads: { x: "f32" },
  writes: { parts: "f32" },
  uniforms: { rows: "u32", width: "u32", size: "u32" },
  code: `@compute @workgroup_size(64) fn main(
  @builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  let index = flatGroup(group, groups) * 64 + lane;
  if (index >= uniforms.size) { return; }
  let column = index % uniforms.width;
  let first = index / uniforms.width * ${ROWS_PER_PART};
  let end = min(first + ${ROWS_PER_PART}, uniforms.rows);
  var sum = 0.0;
  for (var row = first; row < end; row++) { sum += x[row * uniforms.width + column]; }
  parts[index] = sum;
}`,
});

/**
 * The sum of every column, as the gradient of a bias is.
 *
 * @param x `[rows, width]`, float32
 * @returns `[width]`; the caller's
 */
export function columnSums(x: tf.Tensor): tf.Tensor {
  const width = x.shape.at(-1)!;
  let [parts, rows] = [x, x.size / width];
  requireShape(x, [rows, width]);
  if (rows === 0) return tf.zeros([width]);
  do {
    const blocks = Math.ceil(rows / ROWS_PER_PART);
    const sums = gpu().allocate(blocks === 1 ? [width] : [blocks, width]);
    gpu().run(columnParts, {
      buffers: { x: parts, parts: sums },
      uniforms: { rows, width, size: sums.size },
      workgroups: Math.ceil(sums.size / 64),
    });
    if (parts !== x) parts.dispose();
    [parts, rows] = [sums, blocks];
  } while (rows > 1);
  return parts;
}

const squareParts = new SlotProgram({
  name: "squaredNorm",
  reads: ["x"],
  writes: [],
  slotUniforms: {},
  sharedWrites: ["parts"],
  uniforms: {},
  code: `var sum = 0.0;
    for (var i = first; i < end; i += LANES) { sum += x#[i] * x#[i]; }
    parts[thread] = sum;`,
});

/** Sum of the squares of all numbers of all gradients; one read of 64 numbers, added up in float64. */
export async function squaredNorm(gradients: Iterable<tf.Tensor>): Promise<number> {
  const parts = squares(gradients);
  const values = await parts.data() as Float32Array;
  parts.dispose();
  return values.reduce((sum, value) => sum + value, 0);
}

/** Sums of which the sum is meant, one per lane. */
function squares(gradients: Iterable<tf.Tensor>): tf.Tensor {
  const slots = [...gradients].map((x): Slot => ({ buffers: { x }, uniforms: {}, size: x.size }));
  const threads = threadsOf(slots.map(({ size }) => size));
  if (threads === 0) return tf.zeros([1]);
  const parts = gpu().allocate([threads / LANES, LANES]);
  squareParts.run(slots, { parts }, {});
  const sums = columnSums(parts);
  parts.dispose();
  return sums;
}

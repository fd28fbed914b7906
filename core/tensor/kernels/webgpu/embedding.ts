/**
 * Looking rows up on webgpu, with a gradient that adds what belongs to one row in one place.
 *
 * tfjs' gradient adds with atomic compare-and-swap loops, in an order that differs from run to run. Here the
 * ids are sorted on the host, so that every row of the gradient is a sum over a list, always in the same
 * order. The gradient is still as large as the table, and has to be: AdamW moves every row at every step,
 * because its moments do. Of that size only the zeros are, which a GPU writes as fast as its memory takes.
 *
 * @module
 */
import * as tf from "../../../deps/tfjs.ts";
import { unsupported } from "../../guards/refusal.ts";
import type { Operations } from "../composed.ts";
import { differentiable } from "../differentiable.ts";
import { type EmbeddingPlan, planEmbedding } from "./embedding_plan.ts";
import { gpu } from "./gpu.ts";
import { defineProgram, type ElementType } from "./program.ts";

/** `table[ids]`; see operations.ts. */
export const embed: Operations["embed"] = (table, ids) => {
  const [rows, width] = table.shape as [number, number];
  refuseForeignIds(ids, rows);
  return differentiable((_save, table) => {
    const y = tf.gather(table!, tf.tensor1d(ids, "int32"));
    return [y, (dy) => [scatter(dy, planEmbedding(ids), rows, width)]];
  })(table);
};

const WORKGROUP = 64;

/** Sums over lists of rows: list `l` is `plan[inputs + p]` for p from `plan[starts + l]` to the next start. */
const sumRows = perType((type) =>
  defineProgram({
    name: "embedding sums",
    reads: { plan: "i32", x: type },
    writes: { y: type },
    uniforms: { width: "u32", lists: "u32", starts: "u32", inputs: "u32", outputs: "u32" },
    code: `@compute @workgroup_size(${WORKGROUP}) fn main(
      @builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u,
      @builtin(local_invocation_index) lane: u32,
    ) {
      let index = flatGroup(group, groups) * ${WORKGROUP} + lane;
      let list = index / uniforms.width;
      let column = index % uniforms.width;
      if (list >= uniforms.lists) { return; }
      let end = u32(plan[uniforms.starts + list + 1]);
      var sum = ${type}();
      for (var at = u32(plan[uniforms.starts + list]); at < end; at++) {
        sum += x[u32(plan[uniforms.inputs + at]) * uniforms.width + column];
      }
      y[u32(plan[uniforms.outputs + list]) * uniforms.width + column] = sum;
    }`,
  })
);

const clear = perType((type) =>
  defineProgram({
    name: "embedding zeros",
    reads: {},
    writes: { y: type },
    uniforms: { size: "u32" },
    code: `@compute @workgroup_size(${WORKGROUP}) fn main(
      @builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u,
      @builtin(local_invocation_index) lane: u32,
    ) {
      let index = flatGroup(group, groups) * ${WORKGROUP} + lane;
      if (index < uniforms.size) { y[index] = ${type}(); }
    }`,
  })
);

/** Adds the rows of dy to those of a table of zeros. */
function scatter(dy: tf.Tensor, plan: EmbeddingPlan, rows: number, columns: number): tf.Tensor {
  const [type, share] = columns % 4 === 0 ? ["vec4<f32>", 4] as const : ["f32", 1] as const;
  const width = columns / share;
  const words = tf.tensor1d(plan.words, "int32");
  const sum = (x: tf.Tensor, y: tf.Tensor, lists: EmbeddingPlan["pieces"]): void =>
    gpu().run(sumRows(type), {
      buffers: { plan: words, x, y },
      uniforms: { ...lists, width },
      workgroups: Math.ceil(lists.lists * width / WORKGROUP),
    });

  const table = gpu().allocate([rows, columns]);
  const size = rows * width;
  gpu().run(clear(type), {
    buffers: { y: table },
    uniforms: { size },
    workgroups: Math.ceil(size / WORKGROUP),
  });
  if (plan.whole) {
    const pieces = gpu().allocate([plan.pieces.lists, columns]);
    sum(dy, pieces, plan.pieces);
    sum(pieces, table, plan.whole);
    pieces.dispose();
  } else sum(dy, table, plan.pieces);
  words.dispose();
  return table;
}

/** Each program is made once per type, when it is first used. */
function perType<Made>(make: (type: ElementType) => Made): (type: ElementType) => Made {
  const made = new Map<ElementType, Made>();
  return (type) => {
    if (!made.has(type)) made.set(type, make(type));
    return made.get(type)!;
  };
}

/** On the device such an id would read and write what is not the table's. */
function refuseForeignIds(ids: Int32Array, rows: number): void {
  const foreign = ids.find((id) => id < 0 || id >= rows);
  if (foreign === undefined) return;
  const problem = `the id ${foreign} is not one of the ${rows} from 0 to ${rows - 1}`;
  throw unsupported({ backend: "webgpu", operation: "embed", problem, limit: rows, value: foreign });
}

/**
 * Looking rows up on webgpu, with a gradient that adds what belongs to one row in one place.
 *
 * tfjs' gradient adds with atomic compare-and-swap loops, in an order that differs from run to run. Here the
 * ids are sorted on the host, so that every row of the gradient is a sum over a list, always in the same
 * order. The gradient is still as large as the table, and has to be: AdamW moves every row at every step,
 * because its moments do. Of that size only the zeros are, which a GPU writes as fast as its memory takes.
 * What is dispatched follows from the shapes alone: a step can be repeated with other ids.
 *
 * @module
 */
import type * as tf from "../../../deps/tfjs.ts";
import { unsupported } from "../../guards/refusal.ts";
import { hostInput } from "../../varying.ts";
import type { Operations } from "../composed.ts";
import { differentiable, requireShape } from "../differentiable.ts";
import { CUTS, layOut, LISTS, planEmbedding } from "./embedding_plan.ts";
import { gpu } from "./gpu.ts";
import { defineProgram, type ElementType } from "./program.ts";

/** Rows of a table that may be in parts, `[...parts][ids]`; see operations.ts. */
export const embed: Operations["embed"] = (parts, ids) => {
  const width = parts[0]!.shape[1]!;
  const { length } = ids();
  const rows = parts.map(({ shape }) => shape[0]!);
  for (const [index, part] of parts.entries()) requireShape(part, [rows[index]!, width]);
  const all = rows.reduce((sum, one) => sum + one);
  const known = (): Int32Array => {
    const numbers = ids();
    refuseForeignIds(numbers, all);
    return numbers;
  };
  return differentiable((_save, ...parts) => {
    const numbers = hostInput([length], "int32", known);
    const y = lookUp(parts, numbers);
    numbers.dispose();
    return [y, (dy) => {
      const words = hostInput([layOut(length).words], "int32", () => planEmbedding(known()));
      const gradients = addUp(dy, words, rows);
      words.dispose();
      return gradients;
    }];
  })(...parts);
};

const WORKGROUP = 64;
const MAIN = `@compute @workgroup_size(${WORKGROUP}) fn main(
      @builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u,
      @builtin(local_invocation_index) lane: u32,
    ) {
      let index = flatGroup(group, groups) * ${WORKGROUP} + lane;`;

/** Writes those rows of y that one part of the table has: the parts have all of them together. */
const copyRows = perType((type) =>
  defineProgram({
    name: "embedding",
    reads: { ids: "i32", table: type },
    writes: { y: type },
    uniforms: { width: "u32", size: "u32", first: "u32", rows: "u32" },
    code: `${MAIN}
      if (index >= uniforms.size) { return; }
      let row = u32(ids[index / uniforms.width]) - uniforms.first; // of a row before the first, past the last
      if (row >= uniforms.rows) { return; }
      y[index] = table[row * uniforms.width + index % uniforms.width];
    }`,
  })
);

/** First round: sums over positions, which are rows of the table, or pieces of those that are cut. */
const sumPositions = perType((type) =>
  defineProgram({
    name: "embedding gradient",
    reads: { plan: "i32", dy: type },
    writes: { table: type, pieces: type },
    uniforms: { width: "u32", starts: "u32", outputs: "u32", first: "u32", rows: "u32" },
    code: `${MAIN}
      let list = index / uniforms.width;
      let column = index % uniforms.width;
      if (list >= u32(plan[${LISTS}])) { return; }
      let output = plan[uniforms.outputs + list];
      let row = u32(output) - uniforms.first;
      if (output >= 0 && row >= uniforms.rows) { return; }
      let end = u32(plan[uniforms.starts + list + 1]);
      var sum = ${type}();
      for (var at = u32(plan[uniforms.starts + list]); at < end; at++) {
        sum += dy[u32(plan[${layOut(0).positions} + at]) * uniforms.width + column];
      }
      if (output < 0) {
        pieces[u32(-1 - output) * uniforms.width + column] = sum;
      } else {
        table[row * uniforms.width + column] = sum;
      }
    }`,
  })
);

/** Second round: sums over the pieces of what was cut. */
const sumPieces = perType((type) =>
  defineProgram({
    name: "embedding gradient, of pieces",
    reads: { plan: "i32", pieces: type },
    writes: { table: type },
    uniforms: { width: "u32", starts: "u32", outputs: "u32", first: "u32", rows: "u32" },
    code: `${MAIN}
      let list = index / uniforms.width;
      let column = index % uniforms.width;
      if (list >= u32(plan[${CUTS}])) { return; }
      let row = u32(plan[uniforms.outputs + list]) - uniforms.first;
      if (row >= uniforms.rows) { return; }
      let end = u32(plan[uniforms.starts + list + 1]);
      var sum = ${type}();
      for (var at = u32(plan[uniforms.starts + list]); at < end; at++) {
        sum += pieces[at * uniforms.width + column];
      }
      table[row * uniforms.width + column] = sum;
    }`,
  })
);

const clear = perType((type) =>
  defineProgram({
    name: "embedding zeros",
    reads: {},
    writes: { y: type },
    uniforms: { size: "u32" },
    code: `${MAIN}
      if (index < uniforms.size) { y[index] = ${type}(); }
    }`,
  })
);

function lookUp(parts: readonly tf.Tensor[], ids: tf.Tensor): tf.Tensor {
  const { type, width, columns } = elementsOf(parts[0]!.shape[1]!);
  const y = gpu().allocate([ids.size, columns]);
  const size = ids.size * width;
  let first = 0;
  for (const table of parts) {
    const rows = table.shape[0]!;
    const uniforms = { width, size, first, rows };
    gpu().run(copyRows(type), { buffers: { ids, table, y }, uniforms, workgroups: groupsFor(size) });
    first += rows;
  }
  return y;
}

/** Adds the rows of dy to those of tables of zeros, which are the parts of one. */
function addUp(dy: tf.Tensor, plan: tf.Tensor, rowsOfParts: readonly number[]): tf.Tensor[] {
  const { type, width, columns } = elementsOf(dy.shape[1]!);
  const { mostLists, mostCuts, mostPieces, starts, outputs, cutStarts, cutOutputs } = layOut(dy.shape[0]!);
  const pieces = gpu().allocate([Math.max(1, mostPieces), columns]); // no buffer can be empty
  let first = 0;
  const gradients = rowsOfParts.map((rows) => {
    const table = gpu().allocate([rows, columns]);
    const size = rows * width;
    gpu().run(clear(type), { buffers: { y: table }, uniforms: { size }, workgroups: groupsFor(size) });
    gpu().run(sumPositions(type), {
      buffers: { plan, dy, table, pieces },
      uniforms: { width, starts, outputs, first, rows },
      workgroups: groupsFor(mostLists * width),
    });
    gpu().run(sumPieces(type), {
      buffers: { plan, pieces, table },
      uniforms: { width, starts: cutStarts, outputs: cutOutputs, first, rows },
      workgroups: groupsFor(mostCuts * width),
    });
    first += rows;
    return table;
  });
  pieces.dispose();
  return gradients;
}

/** Four numbers at once where rows are made of fours; the width is counted in these elements. */
function elementsOf(columns: number): { type: ElementType; width: number; columns: number } {
  return columns % 4 === 0
    ? { type: "vec4<f32>", width: columns / 4, columns }
    : { type: "f32", width: columns, columns };
}

const groupsFor = (size: number): number => Math.ceil(size / WORKGROUP);

/** Each program is made once per type, when it is first used. */
function perType<Made>(make: (type: ElementType) => Made): (type: ElementType) => Made {
  const made = new Map<ElementType, Made>();
  return (type) => {
    if (!made.has(type)) made.set(type, make(type));
    return made.get(type)!;
  };
}

/** On the device such an id would be left out without a word. */
function refuseForeignIds(ids: Int32Array, rows: number): void {
  const foreign = ids.find((id) => id < 0 || id >= rows);
  if (foreign === undefined) return;
  const problem = `the id ${foreign} is not one of the ${rows} from 0 to ${rows - 1}`;
  throw unsupported({ backend: "webgpu", operation: "embed", problem, limit: rows, value: foreign });
}

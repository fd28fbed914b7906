/**
 * The table's own operations, which have kernels of ours: see core/tensor/operations.ts.
 *
 * Roundings: as in the files beside this one, for the sums inside. LayerNorm divides by a deviation near 1, so
 * its cases keep rows that vary. Attention is three sums (over a head's width, over the length, and again), and
 * its weights pass an exponential.
 *
 * @module
 */
import * as tf from "../../../core/deps/tfjs.ts";
import {
  attention,
  dropout,
  embed,
  gelu,
  layerNorm,
  linear,
  linearGelu,
  maskedSoftmax,
} from "../../../core/tensor/operations.ts";
import { Random } from "../../../core/tensor/random.ts";
import { Linear } from "../../../plugins/sdk/tensors.ts";
import { type Case, type Input, normal, type Operation } from "../conformance.ts";
import * as reference from "../reference/layers.ts";
import { concat, gather } from "../reference/shapes.ts";

/** Around vectors of 4, tiles of 8, 16 and 32, and workgroups of 64. */
const WIDTHS = [2, 3, 4, 5, 17, 33, 65, 129];

/** What is behind a whole tile of 8. */
const EDGES = [0, 1, 2, 3, 4, 5, 6, 7];

/** -1e9 where there is padding: none in the first sequence, some in the second, nothing else in the third. */
function padding(batch: number, length: number): Input {
  const isPadding = (sequence: number, at: number): boolean =>
    sequence === 2 || (sequence === 1 && at > length / 2);
  const values = Float32Array.from(
    { length: batch * length },
    (_, index) => isPadding(Math.floor(index / length), index % length) ? -1e9 : 0,
  );
  return { shape: [batch, 1, 1, length], values };
}

/** No rows, the only row, the first and the last, one that is all there is, and every row many times. */
const LOOK_UPS: readonly { readonly table: readonly number[]; readonly ids: readonly number[] }[] = [
  { table: [3, 5], ids: [] },
  { table: [1, 1], ids: [0] },
  { table: [7, 5], ids: [6, 0, 6, 3, 6] },
  { table: [13, 33], ids: [12, 12, 12] },
  { table: [5, 4], ids: Array.from({ length: 65 }, (_, at) => at % 4) },
];

/** Of tensors without rows; a composition has one, a kernel of ours says no by an error with a code. */
function refusedWithoutRows(rows: number): Pick<Case, "skip"> {
  return rows === 0 ? { skip: { webgpu: "the gradient of no rows is refused" } } : {};
}

/** See the module's text. */
export const LAYERS: readonly Operation[] = [
  {
    name: "linear",
    cases: [
      ...[[0, 3, 5], [1, 1, 1], [3, 5, 7], [5, 1, 9], [1, 33, 3], [17, 9, 5], [33, 17, 65], [65, 33, 17]],
      ...[[31, 36, 20], [36, 31, 20], [28, 20, 36]], // four at a time, with an edge on either side
      ...EDGES.map((rest) => [9 + rest, 16 - rest, 8 + (rest * 3) % 8]),
    ].map(([rows, outputs, inputs]): Case => ({
      name: `of [${rows}, ${inputs}] to ${outputs}`,
      inputs: [normal([rows!, inputs!], 1), normal([outputs!, inputs!], 2), normal([outputs!], 3)],
      ...refusedWithoutRows(rows!),
      run: linear,
      reference: reference.linear,
      roundings: 2 * inputs! + 4,
      gradientRoundings: 2 * Math.max(rows!, outputs!) + 2,
    })),
  },
  {
    name: "linearGelu",
    cases: [[0, 3, 5], [1, 1, 1], [3, 5, 7], [17, 9, 5], [33, 17, 65], [65, 33, 17], [31, 36, 20], [
      64,
      64,
      32,
    ]]
      .map(([rows, outputs, inputs]): Case => ({
        name: `of [${rows}, ${inputs}] to ${outputs}`,
        inputs: [normal([rows!, inputs!], 1), normal([outputs!, inputs!], 2), normal([outputs!], 3)],
        ...refusedWithoutRows(rows!),
        run: linearGelu,
        reference: (x, weight, bias) => reference.gelu(reference.linear(x, weight, bias)),
        // Those of the two in turn; what the product rounds, the slope of GELU passes on, at most times 1.13.
        roundings: 3 * inputs! + 28,
        gradientRoundings: 3 * Math.max(rows!, outputs!, inputs!) + 64,
      })),
  },
  {
    name: "Linear of the plugin kit",
    cases: [[[5, 3], 7], [[2, 3, 5], 1]].map(([shape, outputs]): Case => {
      const [x, out] = [shape as number[], outputs as number];
      return {
        name: `of [${x}] to ${out}`,
        inputs: [normal(x, 1), normal([out, x.at(-1)!], 2), normal([out], 3)],
        run: (x, weight, bias) => new Linear(weight as tf.Variable, bias as tf.Variable).apply(x),
        reference: reference.linear,
        roundings: 2 * x.at(-1)! + 4,
        gradientRoundings: 32,
      };
    }),
  },
  {
    name: "layerNorm",
    cases: [
      ...WIDTHS.map((width) => [7, width, 1e-12] as const),
      // A row of one number has no deviation: the epsilon is all that it is divided by.
      [5, 1, 1e-3] as const,
      [0, 5, 1e-12] as const,
      [1, 16, 1e-12] as const,
      [3, 5, 0.1] as const,
      [65, 5, 1e-12] as const,
    ].map(([rows, width, epsilon]): Case => ({
      name: `of [${rows}, ${width}]`,
      inputs: [normal([rows, width], 1, 1, 0.5), normal([width], 2, 0.2, 1), normal([width], 3)],
      ...refusedWithoutRows(rows),
      run: (x, gamma, beta) => layerNorm(x, gamma, beta, epsilon),
      reference: (x, gamma, beta) => reference.layerNorm(x, gamma, beta, epsilon),
      // A row of two or three numbers may lie so near together that its deviation is a twentieth.
      roundings: width + (width < 4 ? 400 : 32),
      gradientRoundings: Math.max(rows, width) + (width < 4 ? 4000 : 64),
    })),
  },
  {
    name: "gelu",
    cases: [[[0], 1], [[1], 1], [[257], 1], [[5, 13], 3], [[3, 65], 10]].map(([shape, deviation]): Case => ({
      name: `of [${shape}], ${deviation} apart`,
      inputs: [normal(shape as number[], 1, deviation as number)],
      run: gelu,
      reference: reference.gelu,
      // tfjs' error function is right to 1.5e-7, 2.5 roundings; times x, whose size the result has.
      roundings: 24,
      gradientRoundings: 48,
    })),
  },
  {
    name: "maskedSoftmax",
    cases: [[1, 1, 1, 1], [3, 2, 3, 5], [3, 1, 5, 17], [2, 3, 1, 33], [3, 2, 2, 65], [2, 1, 2, 129]].map((
      [batch, heads, length, width],
    ): Case => ({
      name: `of [${batch}, ${heads}, ${length}, ${width}]`,
      inputs: [normal([batch!, heads!, length!, width!], 1, 5), padding(batch!, width!)],
      isConstant: [false, true],
      run: (scores, bias) => maskedSoftmax(scores, bias, 0.25),
      reference: (scores, bias) => reference.maskedSoftmax(scores, bias, 0.25),
      roundings: width! + 32,
    })),
  },
  {
    name: "dropout",
    cases: [[[0], 0.5], [[1], 0.5], [[5], 0.9], [[257], 0.1], [[3, 5, 7], 0.3], [[3, 5], 0]].map((
      [shape, rate],
    ): Case => ({
      name: `of [${shape}] at ${rate}`,
      inputs: [normal(shape as number[])],
      run: (x) => dropout(x, rate as number, new Random(7)),
      reference: (x) => reference.dropout(x, rate as number, new Random(7)),
      roundings: 3,
    })),
  },
  {
    name: "attention",
    cases: [
      [1, 1, 1, 1, 0],
      [3, 5, 2, 3, 0],
      [2, 7, 1, 5, 0],
      [3, 3, 3, 1, 0],
      [1, 17, 2, 8, 0],
      [2, 33, 2, 9, 0],
      [3, 5, 2, 4, 0.3],
      [1, 1, 2, 3, 0.5],
      ...EDGES.map((rest) => [2, 9 + rest, 2, 8 - rest, 0]),
    ].map(([batch, length, heads, width, rate]): Case => {
      const rows = [batch! * length!, heads! * width!];
      const options = { batch: batch!, heads: heads!, rate: rate! };
      return {
        name: `of ${batch} texts of ${length} tokens, ${heads} heads of ${width}, dropout ${rate}`,
        inputs: [normal(rows, 1), normal(rows, 2), normal(rows, 3), padding(batch!, length!)],
        isConstant: [false, false, false, true],
        run: (query, key, value, bias) =>
          attention(query, key, value, bias, { heads: heads!, rate: rate!, random: new Random(7) }),
        reference: (query, key, value, bias) =>
          reference.attention(query, key, value, bias, options, new Random(7)),
        roundings: 2 * (length! + width!) + 32,
        gradientRoundings: 4 * (length! + width!) + 64,
      };
    }),
  },
  {
    name: "embed",
    cases: LOOK_UPS.map(({ table, ids }): Case => ({
      name: `of ${ids.length} rows of [${table}], some repeated and some not used`,
      inputs: [normal(table)],
      run: (table) => embed(table, Int32Array.from(ids)),
      reference: (table) => gather(table, ids),
      roundings: 0,
      gradientRoundings: ids.length,
    })).concat(
      LOOK_UPS.filter(({ table }) => table[0]! > 2).map(({ table: [rows, width], ids }): Case => ({
        name: `of ${ids.length} rows of [${rows},${width}] in three parts, the last one uneven`,
        inputs: [normal([2, width!], 1), normal([2, width!], 2), normal([rows! - 2, width!], 3)],
        run: (...parts) => embed(parts, Int32Array.from(ids)),
        reference: (...parts) => gather(concat(parts), ids),
        roundings: 0,
        gradientRoundings: ids.length,
      })),
    ),
  },
];

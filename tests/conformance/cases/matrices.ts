/**
 * Products of matrices and numbers in other places.
 *
 * Roundings: every number of a product is a sum of `inner` products, each rounded, so twice as many roundings;
 * of the gradients one adds up `rows` and the other `columns`, times the batch where a side was broadcast.
 * Numbers that only move are not rounded at all, and their gradient adds up at most as often as one is repeated.
 *
 * @module
 */
import * as tf from "../../../core/deps/tfjs.ts";
import { type Case, normal, type Operation, whole } from "../conformance.ts";
import { broadcastShape, sizeOf } from "../reference/array64.ts";
import * as reference from "../reference/shapes.ts";

/**
 * Rows, columns and inner: ones, primes, one more than a tile of 4, 8, 16, 32 and 64, less than one, and multiples
 * of 4, which kernels read four at a time.
 */
const PRODUCTS = [
  ...[[1, 1, 1], [3, 5, 7], [5, 1, 9], [1, 33, 3], [17, 9, 5], [33, 17, 65], [65, 33, 17]],
  ...[[31, 36, 20], [36, 31, 20], [28, 20, 36]],
];

/** Batches of both sides; the last two are broadcast on one side and on both. */
const BATCHES = [[[2], [2]], [[2, 3], [2, 3]], [[1], [1]], [[3], []], [[2, 1], [1, 3]]];

/** A whole tile of 8 and each number of rows and columns behind it: a write beyond an edge is in the next matrix. */
const EDGES = [0, 1, 2, 3, 4, 5, 6, 7].map((rest) => [9 + rest, 16 - rest, 3]);

const WAYS = [[false, false], [false, true], [true, false], [true, true]] as const;

function product(
  [rows, columns, inner]: readonly number[],
  [transposeA, transposeB]: readonly [boolean, boolean],
  [batchA, batchB]: readonly (readonly number[])[] = [[], []],
): Case {
  const a = [...batchA!, ...transposeA ? [inner!, rows!] : [rows!, inner!]];
  const b = [...batchB!, ...transposeB ? [columns!, inner!] : [inner!, columns!]];
  const batch = sizeOf(broadcastShape(batchA!, batchB!));
  return {
    name: `of [${a}] and [${b}], ${transposeA ? "T" : "N"}${transposeB ? "T" : "N"}`,
    inputs: [normal(a, 1), normal(b, 2)],
    run: (a, b) => tf.matMul(a, b, transposeA, transposeB),
    reference: (a, b) => reference.matMul(a, b, { a: transposeA, b: transposeB }),
    roundings: 2 * inner! + 2,
    gradientRoundings: 2 * batch * Math.max(rows!, columns!) + 2,
  };
}

/** Of two matrices, every way of storing them. */
export const PRODUCT_CASES: readonly Case[] = PRODUCTS.flatMap((sizes) =>
  WAYS.map((way) => product(sizes, way))
);

/** See the module's text. */
export const MATRICES: readonly Operation[] = [
  { name: "matMul", cases: PRODUCT_CASES },
  {
    name: "matMul of batches",
    cases: [
      ...BATCHES.flatMap((batch) => WAYS.map((way) => product([5, 9, 3], way, batch))),
      ...EDGES.map((sizes, index) => product(sizes, WAYS[index % WAYS.length]!, [[2], [2]])),
    ],
  },
  {
    name: "transpose",
    cases:
      ([[[1, 7], [1, 0]], [[17, 33], [1, 0]], [[2, 3, 5], [1, 2, 0]], [[2, 3, 5], [0, 2, 1]], [[2, 3, 4, 5], [
        0,
        2,
        1,
        3,
      ]], [[2, 1, 3, 5], [3, 1, 0, 2]]] as const).map(([shape, perm]): Case => ({
        name: `of [${shape}] by [${perm}]`,
        inputs: [normal(shape)],
        run: (x) => tf.transpose(x, [...perm]),
        reference: (x) => reference.transpose(x, perm),
        roundings: 0,
      })),
  },
  {
    name: "transpose of whole numbers",
    cases: ([[[3, 5], [1, 0]], [[2, 3, 5], [2, 0, 1]], [[2, 3, 1, 5], [3, 1, 0, 2]]] as const).map((
      [shape, perm],
    ): Case => ({
      name: `int32 [${shape}] by [${perm}]`,
      inputs: [whole(Array.from({ length: sizeOf(shape) }, (_, at) => at - 3), shape)],
      isFlat: true,
      run: (x) => tf.transpose(x, [...perm]),
      reference: (x) => reference.transpose(x, perm),
      roundings: 0,
    })),
  },
  {
    name: "reshape",
    cases: ([[[1], []], [[6, 5], [2, 3, 5]], [[2, 3, 1, 5], [30]]] as const).map(([shape, to]): Case => ({
      name: `of [${shape}] to [${to}]`,
      inputs: [normal(shape)],
      run: (x) => tf.reshape(x, [...to]),
      reference: (x) => reference.reshape(x, to),
      roundings: 0,
    })),
  },
  {
    name: "slice",
    cases: ([
      [[7], [2], [3]],
      [[5, 13], [1, 0], [4, 13]],
      [[3, 5, 7], [0, 0, 0], [3, 1, 7]],
      [[2, 3, 4, 5], [1, 0, 3, 2], [1, 2, 1, 3]],
    ] as const).map(([shape, begin, size]): Case => ({
      name: `of [${shape}] from [${begin}], [${size}] large`,
      inputs: [normal(shape)],
      run: (x) => tf.slice(x, [...begin], [...size]),
      reference: (x) => reference.slice(x, begin, size),
      roundings: 0,
    })),
  },
  {
    name: "tile",
    cases: ([[[1], [7]], [[3, 1], [1, 5]], [[2, 3, 5], [2, 1, 3]]] as const).map(([shape, reps]): Case => ({
      name: `of [${shape}] by [${reps}]`,
      inputs: [normal(shape)],
      run: (x) => tf.tile(x, [...reps]),
      reference: (x) => reference.tile(x, reps),
      roundings: 0,
      gradientRoundings: sizeOf(reps),
    })),
  },
  {
    name: "concat",
    cases: ([[[3], [1]], [[2, 5], [3, 5]], [[1, 2, 3], [2, 2, 3]]] as const).map(([a, b]): Case => ({
      name: `of [${a}] and [${b}] along the first axis`,
      inputs: [normal(a, 1), normal(b, 2)],
      run: (a, b) => tf.concat([a, b], 0),
      reference: (a, b) => reference.concat([a, b]),
      roundings: 0,
    })),
  },
  {
    name: "gather",
    cases: [[0], [6, 0, 6, 3, 6], Array.from({ length: 65 }, (_, at) => at * 5 % 7)].map((ids): Case => ({
      name: `of ${ids.length} rows of [7, 5], some of them repeated`,
      inputs: [normal([7, 5]), whole(ids)],
      run: (x, ids) => tf.gather(x as tf.Tensor2D, ids as tf.Tensor1D),
      reference: (x, ids) => reference.gather(x, ids.data),
      roundings: 0,
      gradientRoundings: ids.length,
    })),
  },
];

/**
 * Operations along axes.
 *
 * Roundings: a sum of n numbers near 1 is rounded n times at most, each time by 2^-24 of what there is so far;
 * in any order that is far below n roundings of the largest possible sum, and here the error counts in those of
 * the largest expected result, so n and a few is a bound that is wide only by a small factor.
 *
 * @module
 */
import * as tf from "../../../core/deps/tfjs.ts";
import { type Case, normal, type Operation, whole } from "../conformance.ts";
import { Array64, sizeOf } from "../reference/array64.ts";
import { logSoftmax, softmax } from "../reference/layers.ts";
import * as reference from "../reference/numbers.ts";

/** Shape, axes (all of them without any), and whether they stay. 1025 is one more than any workgroup adds. */
const ALONG: readonly (readonly [number[], number[] | undefined, boolean])[] = [
  [[7], undefined, false],
  [[1], undefined, false],
  [[3, 1025], [1], true],
  [[257, 3], [0], false],
  [[5, 13], undefined, false],
  [[2, 3, 5], [1], true],
  [[2, 3, 4, 5], [0, 2], false],
  [[2, 3, 4, 5], [-1], false],
  [[3, 1, 7], [1], false],
];

function along(
  name: string,
  run: (x: tf.Tensor, axes?: number[], keepDims?: boolean) => tf.Tensor,
  formula: (x: Array64, axes?: readonly number[], keepDims?: boolean) => Array64,
): Operation {
  const cases = ALONG.map(([shape, axes, keepDims]): Case => ({
    name: `of [${shape}] along [${axes ?? "all"}]${keepDims ? ", kept" : ""}`,
    inputs: [normal(shape)],
    run: (x) => run(x, axes, keepDims),
    reference: (x) => formula(x, axes, keepDims),
    roundings: sizeOf(axes ? axes.map((axis) => shape.at(axis)!) : shape) + 4,
    gradientRoundings: 4,
  }));
  return { name, cases };
}

/** Width of one, a prime, one more than a workgroup of 64, four axes; and numbers that overflow an exponential. */
const ROWS: readonly (readonly [number[], number])[] = [
  [[1, 1], 1],
  [[3, 5], 1],
  [[2, 65], 1],
  [[2, 3, 17], 1],
  [[2, 3, 1, 7], 1],
  [[3, 5], 100],
];

function ofRows(name: string, run: typeof tf.softmax, formula: (x: Array64) => Array64): Operation {
  const cases = ROWS.map(([shape, deviation]): Case => ({
    name: `of [${shape}]${deviation > 1 ? `, ${deviation} apart` : ""}`,
    inputs: [normal(shape, 1, deviation)],
    run: (x) => run(x),
    reference: formula,
    // The exponential of a difference that was rounded itself: its size in roundings, and those of the sum.
    roundings: shape.at(-1)! + 16 + 4 * deviation,
    gradientRoundings: 3 * shape.at(-1)! + 32 + 4 * deviation,
  }));
  return { name, cases };
}

/** See the module's text. */
export const SUMS: readonly Operation[] = [
  along("sum", tf.sum, reference.sum),
  along("mean", tf.mean, reference.mean),
  ofRows("softmax", tf.softmax, softmax),
  ofRows("logSoftmax", tf.logSoftmax, logSoftmax),
  {
    name: "max",
    cases: [[1], [7], [3, 65], [2, 3, 5]].map((shape): Case => ({
      name: `of [${shape}] along the last axis`,
      inputs: [normal(shape)],
      run: (x) => tf.max(x, -1, true),
      reference: reference.largest,
      roundings: 0,
    })),
  },
  {
    name: "argMax",
    cases: [[1, 1], [3, 65], [2, 257]].map((shape): Case => ({
      name: `of [${shape}] along the last axis`,
      inputs: [normal(shape)],
      isFlat: true,
      run: (x) => tf.argMax(x, -1),
      reference: (x) => {
        const width = shape[1]!;
        const best = Array.from({ length: shape[0]! }, (_, row) => {
          const values = [...x.data.subarray(row * width, (row + 1) * width)];
          return values.indexOf(Math.max(...values));
        });
        return new Array64([shape[0]!], best);
      },
      roundings: 0,
    })),
  },
  {
    // Masks and counts: whole numbers, exact; and as float32 after a cast, which is where webgpu gave zeros.
    name: "sum of whole numbers",
    cases: [[[7], [0]], [[2, 3, 5], [1]], [[2, 3, 5], [0, 2]], [[3, 257], [1]]].flatMap(([shape, axes]) => {
      const numbers = whole(Array.from({ length: sizeOf(shape!) }, (_, at) => at * 7 % 13 - 6), shape!);
      const shared = { inputs: [numbers], isFlat: true, roundings: 0 };
      const formula = (x: Array64): Array64 => reference.sum(x, axes);
      return [
        {
          name: `int32 [${shape}] along [${axes}]`,
          ...shared,
          run: (x: tf.Tensor) => tf.sum(x, axes),
          reference: formula,
        },
        {
          name: `int32 [${shape}], cast to float32, along [${axes}]`,
          ...shared,
          run: (x: tf.Tensor) => tf.sum(tf.cast(x, "float32"), axes),
          reference: formula,
        },
      ];
    }),
  },
];

/**
 * The losses of `k-bert/sdk/tensors`, in every form that the standard head makes of them.
 *
 * Roundings: a mean of up to 65 terms, each of which passes an exponential and a logarithm; the terms are near 1
 * and the mean has their size.
 *
 * @module
 */
import type * as tf from "../../../core/deps/tfjs.ts";
import {
  binaryCrossEntropyWith,
  crossEntropyWith,
  focal,
  huber,
  IGNORED,
  type LossFunction,
  marginRanking,
  meanAbsoluteError,
  meanSquaredError,
  ordinal,
} from "../../../plugins/sdk/tensors.ts";
import { besides, type Case, type Input, normal, type Operation, whole } from "../conformance.ts";
import type { Array64 } from "../reference/array64.ts";
import * as reference from "../reference/losses.ts";

function loss(
  name: string,
  logits: Input,
  labels: Input,
  run: LossFunction,
  formula: (logits: Array64, labels: ArrayLike<number>) => Array64,
  roundings = 160,
): Case {
  return {
    name,
    inputs: [logits, labels],
    isConstant: [false, true],
    run: (logits: tf.Tensor, labels: tf.Tensor) => run(logits, labels),
    reference: (logits, labels) => formula(logits, labels.data),
    roundings,
  };
}

const LABELS = [0, 2, IGNORED, 1, 2];
const WEIGHTS = [0.5, 2, 1];

/** Zeros and ones. */
function marks(shape: readonly number[]): Input {
  const { values } = normal(shape, 5);
  return { shape, values: (values as Float32Array).map((value) => value > 0 ? 1 : 0) };
}

/** Targets of a regression, none of which is hit. */
const AWAY: Input = { shape: [7, 3], values: Float32Array.from({ length: 21 }, (_, at) => 5 + at % 3) };

/** See the module's text. */
export const LOSSES: readonly Operation[] = [
  {
    name: "cross-entropy",
    cases: [
      loss("of one example", normal([1, 2]), whole([1]), crossEntropyWith(), reference.crossEntropy),
      loss(
        "with an ignored label",
        normal([5, 3]),
        whole(LABELS),
        crossEntropyWith(),
        reference.crossEntropy,
      ),
      loss(
        "of tokens",
        normal([2, 5, 3]),
        whole([...LABELS, ...LABELS], [2, 5]),
        crossEntropyWith(),
        reference.crossEntropy,
      ),
      loss(
        "of 65 classes",
        normal([7, 65]),
        whole([0, 64, 5, 6, 7, 8, 9]),
        crossEntropyWith(),
        reference.crossEntropy,
      ),
      loss(
        "with class weights and smoothing",
        normal([5, 3]),
        whole(LABELS),
        crossEntropyWith({ classWeights: WEIGHTS, labelSmoothing: 0.1 }),
        (logits, labels) => reference.crossEntropy(logits, labels, { weights: WEIGHTS, smoothing: 0.1 }),
      ),
      loss(
        "where nothing counts",
        normal([2, 3]),
        whole([IGNORED, IGNORED]),
        crossEntropyWith(),
        reference.crossEntropy,
      ),
    ],
  },
  {
    name: "focal",
    cases: [0, 1, 2, 2.5].map((gamma) =>
      loss(
        `with gamma ${gamma}`,
        normal([5, 3]),
        whole(LABELS),
        focal({ gamma, classWeights: WEIGHTS }),
        (logits, labels) => reference.crossEntropy(logits, labels, { weights: WEIGHTS, gamma }),
        320, // a power besides, see pow
      )
    ),
  },
  {
    name: "binary cross-entropy",
    cases: [
      loss(
        "of [7, 3]",
        normal([7, 3]),
        marks([7, 3]),
        binaryCrossEntropyWith(),
        (x, t) => reference.binaryCrossEntropy(x, t),
      ),
      loss(
        "of [1, 1]",
        normal([1, 1]),
        marks([1, 1]),
        binaryCrossEntropyWith(),
        (x, t) => reference.binaryCrossEntropy(x, t),
      ),
      loss(
        "with weights",
        normal([7, 3]),
        marks([7, 3]),
        binaryCrossEntropyWith({ positiveWeights: WEIGHTS }),
        (x, t) => reference.binaryCrossEntropy(x, t, WEIGHTS),
      ),
    ],
  },
  {
    name: "regression",
    cases: [
      loss("squared", normal([7, 3]), AWAY, meanSquaredError, reference.meanSquaredError),
      loss("absolute", normal([7, 3]), AWAY, meanAbsoluteError, reference.meanAbsoluteError),
      loss("Huber, beyond delta", normal([7, 3]), AWAY, huber(1), (x, t) => reference.huber(x, t, 1)),
      loss(
        "Huber, on both sides of delta",
        normal([7, 3]),
        AWAY,
        huber(5),
        (x, t) => reference.huber(x, t, 5),
      ),
    ],
  },
  {
    name: "ordinal",
    cases: [[5, 3], [1, 1]].map((shape) =>
      loss(
        `of [${shape}]`,
        normal(shape),
        whole(Array.from({ length: shape[0]! }, (_, at) => at % (shape[1]! + 1))),
        ordinal,
        reference.ordinal,
      )
    ),
  },
  {
    name: "margin ranking",
    cases: [2, 14].map((rows) =>
      loss(
        `of ${rows / 2} pairs`,
        besides([0], [rows, 1]),
        whole(Array<number>(rows).fill(0)),
        marginRanking(1),
        (scores) => reference.marginRanking(scores, 1),
      )
    ),
  },
];

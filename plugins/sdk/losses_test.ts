/**
 * Every loss against its formula, written out here in float64 one example at a time, and its gradient against
 * the central differences of that formula.
 *
 * @module
 */
import { assertEquals, assertLess, assertThrows } from "../../core/deps/assert.ts";
import * as tf from "../../core/deps/tfjs.ts";
import { IGNORED } from "../../core/manifest/task.ts";
import { startBackend } from "../../core/tensor/backend.ts";
import { Random } from "../../core/tensor/random.ts";
import { BACKENDS } from "../../tests/fixtures/backends.ts";
import * as losses from "./losses.ts";

/** One batch: numbers in row-major order, and the loss of any logits in their place. */
interface Case {
  readonly loss: losses.LossFunction;
  readonly shape: readonly number[];
  readonly logits: readonly number[];
  readonly labelShape: readonly number[];
  readonly labels: readonly number[];
  readonly labelType: "float32" | "int32";
  readonly formula: (logits: readonly number[]) => number;
}

const CASES: Readonly<Record<string, readonly Case[]>> = {
  "crossEntropy()": [
    ...[1, 2, 3].map((seed) => classes(losses.crossEntropy, randomClasses(seed, 6, 4))),
    ...[
      { logits: [[2, -1, 0.5], [-30, 30, 0], [5, 4, -80]], labels: [2, 0, 1] },
      { logits: [[6e4, -6e4], [-6e4, 6e4]], labels: [0, 0] },
      { logits: [[1e30, 0]], labels: [1] },
      { logits: [[1, 1, 1], [-9e4, -9e4, -9e4]], labels: [0, 2] }, // ties
      { logits: [[3], [-2]], labels: [0, 0] }, // one class
      { ...randomClasses(4, 6, 3), labels: [0, IGNORED, 2, IGNORED, 1, 1], seq: 3 },
      { ...randomClasses(5, 4, 3), labels: Array(4).fill(IGNORED), seq: 2 },
    ].map((rows) => classes(losses.crossEntropy, rows)),
  ],
  "crossEntropyWith()": [
    ...[1, 2, 3].flatMap((seed) => [
      weighed({ classWeights: [0.5, 3, 1] }, randomClasses(seed, 5, 3)),
      weighed({ labelSmoothing: 0.1 }, randomClasses(seed, 5, 3)),
      weighed({ classWeights: [2, 0, 0.1], labelSmoothing: 0.4 }, randomClasses(seed, 5, 3)),
    ]),
    weighed({ classWeights: [4], labelSmoothing: 0.3 }, { logits: [[7]], labels: [0] }),
    weighed({ labelSmoothing: 0.5 }, { logits: [[1e4, -1e4, 0]], labels: [1] }),
    // Labels that weigh nothing, and tokens without labels.
    weighed({ classWeights: [0, 1, 2], labelSmoothing: 0.2 }, { ...randomClasses(4, 2, 3), labels: [0, 0] }),
    weighed(
      { classWeights: [0, 1, 2], labelSmoothing: 0.2 },
      { ...randomClasses(4, 4, 3), labels: [IGNORED, 2, 1, IGNORED], seq: 2 },
    ),
  ],
  "focal()": [
    ...[1, 2, 3].flatMap((seed) => [
      focal({}, randomClasses(seed, 5, 3)),
      focal({ gamma: 5, classWeights: [0.25, 1, 3] }, randomClasses(seed, 5, 3)),
    ]),
    ...[0, 0.5, 2].flatMap((gamma) => [
      focal({ gamma }, randomClasses(6, 5, 3)),
      focal({ gamma }, { ...randomClasses(7, 4, 3), labels: [2, IGNORED, IGNORED, 0], seq: 2 }),
      focal({ gamma }, { ...randomClasses(8, 2, 3), labels: [IGNORED, IGNORED], seq: 1 }),
      focal({ gamma }, { logits: [[5]], labels: [0] }), // one class
      // Learned as well as float32 can say, learned completely, a tie; and wrong completely.
      focal({ gamma }, { logits: [[9, -9], [300, -300], [1, 1]], labels: [0, 0, 1] }),
      focal({ gamma }, { logits: [[-6e4, 6e4]], labels: [0] }),
    ]),
  ],
  "binaryCrossEntropy()": [
    ...[1, 2, 3].map((seed) => randomPlaces(seed, 4, 3, [0, 1])),
    { logits: [[6e4, -6e4], [-6e4, 6e4]], labels: [[1, 1], [1, 0]] },
    { logits: [[0, 0, 0]], labels: [[1, 0, 0.5]] },
  ].map((batch) => places(losses.binaryCrossEntropy, batch, logistic())),
  "binaryCrossEntropyWith()": [1, 2, 3].map((seed) => {
    const positiveWeights = [0.5, 20, 0];
    const loss = losses.binaryCrossEntropyWith({ positiveWeights });
    return places(loss, randomPlaces(seed, 4, 3, [0, 1]), logistic(positiveWeights));
  }),
  "meanSquaredError()": [
    ...[1, 2, 3].map((seed) => randomPlaces(seed, 4, 2)),
    { logits: [[1e6], [3]], labels: [[-1e6], [3]] },
  ].map((batch) => places(losses.meanSquaredError, batch, (z, t) => (z - t) ** 2)),
  "meanAbsoluteError()": [
    ...[1, 2, 3].map((seed) => randomPlaces(seed, 4, 2)),
    { logits: [[3], [1e6], [0]], labels: [[3], [0], [-1]] }, // the first is a tie
  ].map((batch) => places(losses.meanAbsoluteError, batch, (z, t) => Math.abs(z - t))),
  "huber()": [0.3, 1, 4].flatMap((delta) =>
    [
      ...[1, 2, 3].map((seed) => randomPlaces(seed, 5, 2)),
      { logits: [[2], [1e6]], labels: [[2], [0]] },
      { logits: [[1], [-9], [-1]], labels: [[0], [0], [0]] }, // two are just as far off as a delta of 1
    ].map((batch) => places(losses.huber(delta), batch, huber(delta)))
  ),
  "ordinal()": [
    ...[1, 2, 3].map((seed) => ranks(randomClasses(seed, 6, 4).logits, [0, 1, 2, 3, 4, seed])),
    ranks([[6e4, -6e4], [-6e4, -6e4]], [0, 2]),
    ranks([[2], [-2], [0]], [0, 1, 1]), // two ranks
  ],
  "marginRanking()": [0, 0.4, 1, 3].flatMap((margin) => [
    ...[1, 2, 3].map((seed) => pairs(margin, randomClasses(seed, 8, 1).logits.flat())),
    pairs(margin, [6e4, -6e4, -6e4, 6e4]),
    pairs(margin + 1, [2, 2]), // a tie
  ]),
};

for (const backendName of BACKENDS) {
  for (const [name, cases] of Object.entries(CASES)) {
    Deno.test(`${name} and its gradient on ${backendName} equal float64`, async () => {
      using _backend = await startBackend(backendName);
      const before = tf.memory().numTensors;
      for (const [index, one] of cases.entries()) {
        const { value, gradient } = await valueAndGradient(one);

        const where = `case ${index}`;
        const expected = one.formula(one.logits);
        assertLess(Math.abs(value - expected), tolerance(expected), `${where}: ${value}, not ${expected}`);
        for (const [place, actual] of gradient.entries()) {
          const difference = centralDifference(one, place);
          const message = `${where}, by logit ${place}: ${actual}, not ${difference}`;
          assertLess(Math.abs(actual - difference), tolerance(difference), message);
        }
      }
      assertEquals(tf.memory().numTensors, before);
    });
  }
}

Deno.test("losses of classes are 0 with zero gradients where nothing counts", async () => {
  using _backend = await startBackend("wasm");
  for (
    const loss of [losses.crossEntropy, losses.crossEntropyWith({ labelSmoothing: 0.1 }), losses.focal()]
  ) {
    const ignored = classes(loss, { ...randomClasses(1, 4, 3), labels: Array(4).fill(IGNORED), seq: 2 });

    const { value, gradient } = await valueAndGradient(ignored);

    assertEquals(value + 0, 0);
    assertEquals(gradient.map((one) => one + 0), Array(12).fill(0));
  }
});

Deno.test("losses refuse settings that make no loss, with the value and the limit", () => {
  const refused: [make: () => unknown, message: string][] = [
    [() => losses.focal({ gamma: -0.5 }), "gamma is -0.5; it has to be at least 0"],
    [() => losses.focal({ classWeights: [1, -2] }), "classWeights[1] is -2; it has to be at least 0"],
    [() => losses.crossEntropyWith({ labelSmoothing: 1 }), "is 1; it has to be at least 0 and below 1"],
    [() => losses.crossEntropyWith({ labelSmoothing: -0.1 }), "is -0.1; it has to be at least 0 and below 1"],
    [
      () => losses.crossEntropyWith({ classWeights: [NaN] }),
      "classWeights[0] is NaN; it has to be at least 0",
    ],
    [() => losses.binaryCrossEntropyWith({ positiveWeights: [Infinity] }), "positiveWeights[0] is Infinity"],
    [() => losses.huber(0), "delta is 0; it has to be above 0"],
    [() => losses.marginRanking(-1), "margin is -1; it has to be at least 0"],
  ];
  for (const [make, message] of refused) assertThrows(make, RangeError, message);
});

Deno.test("losses refuse labels and weights that do not fit their logits", async () => {
  using _backend = await startBackend("cpu");
  const [ones, weights] = [tf.ones([4, 3]), [1, 2]];
  const ids = tf.zeros([4], "int32");
  const refused: [compute: () => unknown, message: string][] = [
    [
      () => losses.crossEntropyWith({ classWeights: weights })(ones, ids),
      "weigh 3 labels with 2 classWeights",
    ],
    [() => losses.focal({ classWeights: weights })(ones, ids), "weigh 3 labels with 2 classWeights"],
    [() => losses.binaryCrossEntropyWith({ positiveWeights: weights })(ones, ones), "with 2 positiveWeights"],
    [() => losses.crossEntropy(ones, ones), "logits [4,3] with labels [4,3]; the labels have to be [4]"],
    [() => losses.meanSquaredError(ones, ids), "logits [4,3] with labels [4]; the labels have to be [4,3]"],
    [() => losses.ordinal(ones, ones), "the labels have to be [4]"],
    [() => losses.marginRanking()(ones, ids), "rank logits [4,3]; they have to be pairs of scores, [2n, 1]"],
    [() => losses.marginRanking()(tf.ones([3, 1]), ids), "rank logits [3,1]"],
  ];
  for (const [compute, message] of refused) {
    assertThrows(() => tf.tidy(() => void compute()), RangeError, message);
  }
  tf.dispose([ones, ids]);
});

/** Of float32: sums of some 20 numbers, each with an error of 6e-8 of its size. */
function tolerance(expected: number): number {
  return 2e-6 * Math.max(1, Math.abs(expected));
}

async function valueAndGradient(one: Case): Promise<{ value: number; gradient: number[] }> {
  const logits = tf.tensor([...one.logits], [...one.shape], "float32");
  const labels = tf.tensor([...one.labels], [...one.labelShape], one.labelType);
  const { value, grad } = tf.valueAndGrad((x) => one.loss(x, labels))(logits);
  const read = { value: (await value.data())[0]!, gradient: Array.from(await grad.data()) };
  assertEquals([value.shape, value.dtype, grad.shape], [[], "float32", [...one.shape]]);
  tf.dispose([logits, labels, value, grad]);
  return read;
}

/** `(f(z + h) - f(z - h)) / 2h`, with errors of the size of h^2 and of the rounding of z and f over h: 1e-10 to 1e-7. */
function centralDifference({ formula, logits }: Case, place: number): number {
  const step = Math.max(1e-5, 1e-9 * Math.max(...logits.map(Math.abs)));
  const moved = (by: number): number => formula(logits.with(place, logits[place]! + by));
  return (moved(step) - moved(-step)) / (2 * step);
}

/** Rows with a label each; `seq` of them make a text, in tagging. */
interface ClassRows {
  readonly logits: readonly (readonly number[])[];
  readonly labels: readonly number[];
  readonly seq?: number;
}

function weighed(options: losses.CrossEntropyOptions, rows: ClassRows): Case {
  return classes(losses.crossEntropyWith(options), rows, options);
}

function focal(options: losses.FocalOptions, rows: ClassRows): Case {
  return classes(losses.focal(options), rows, { gamma: 2, ...options });
}

/** The one formula of all of them: of cross-entropy, gamma is 0; of focal loss, the smoothing. */
function classes(
  loss: losses.LossFunction,
  rows: ClassRows,
  { classWeights, labelSmoothing = 0, gamma = 0 }: losses.CrossEntropyOptions & losses.FocalOptions = {},
): Case {
  const { labels, seq } = rows;
  const width = rows.logits[0]!.length;
  const weights = classWeights ?? Array<number>(width).fill(1);
  const batch = seq === undefined ? [labels.length] : [labels.length / seq, seq];
  return {
    ...{ loss, labels, shape: [...batch, width], labelShape: batch, labelType: "int32" },
    logits: rows.logits.flat(),
    formula(logits): number {
      let [sum, total] = [0, 0];
      for (const [row, label] of labels.entries()) {
        if (label === IGNORED) continue;
        const z = logits.slice(row * width, (row + 1) * width);
        const largest = Math.max(...z);
        const logSum = largest + Math.log(z.reduce((all, one) => all + Math.exp(one - largest), 0));
        const others = z.reduce((all, one, at) => at === label ? all : all + Math.exp(one - logSum), 0);
        for (const [at, one] of z.entries()) {
          const target = (1 - labelSmoothing) * Number(at === label) + labelSmoothing / width;
          const surprise = target === 0 ? 0 : target * (logSum - one);
          sum += weights[at]! * others ** gamma * surprise;
        }
        total += weights[label]!;
      }
      return total === 0 ? 0 : sum / total;
    },
  };
}

interface Places {
  readonly logits: readonly (readonly number[])[];
  readonly labels: readonly (readonly number[])[];
}

/** A loss that is the mean over all places, each with a logit z and a target t. */
function places(
  loss: losses.LossFunction,
  { logits, labels }: Places,
  of: (z: number, t: number, column: number) => number,
): Case {
  const shape = [logits.length, logits[0]!.length];
  const targets = labels.flat();
  return {
    ...{ loss, shape, logits: logits.flat(), labels: targets, labelShape: shape, labelType: "float32" },
    formula: (logits) =>
      logits.reduce((sum, z, at) => sum + of(z, targets[at]!, at % shape[1]!), 0) / logits.length,
  };
}

/** `-log s(z)` is `log(1 + e^-z)`, from the side on which the exponential is small. */
function surprise(z: number): number {
  return Math.max(0, -z) + Math.log1p(Math.exp(-Math.abs(z)));
}

function logistic(weights?: readonly number[]): (z: number, t: number, column: number) => number {
  return (z, t, column) => (weights?.[column] ?? 1) * t * surprise(z) + (1 - t) * surprise(-z);
}

function huber(delta: number): (z: number, t: number) => number {
  return (z, t) => {
    const distance = Math.abs(z - t);
    return distance <= delta ? distance ** 2 / 2 : delta * (distance - delta / 2);
  };
}

function ranks(logits: readonly (readonly number[])[], labels: readonly number[]): Case {
  const questions = logits[0]!.length;
  return {
    ...{ loss: losses.ordinal, labels, labelShape: [labels.length], labelType: "int32" },
    ...{ logits: logits.flat(), shape: [labels.length, questions] },
    formula: (logits) =>
      logits.reduce((sum, z, at) => {
        const isAbove = labels[Math.floor(at / questions)]! > at % questions;
        return sum + surprise(isAbove ? z : -z);
      }, 0) / labels.length,
  };
}

function pairs(margin: number, scores: readonly number[]): Case {
  const count = scores.length / 2;
  return {
    ...{ loss: losses.marginRanking(margin), logits: scores, shape: [scores.length, 1] },
    ...{ labels: scores.map((_, at) => 1 - at % 2), labelShape: [scores.length], labelType: "float32" },
    formula(logits): number {
      let sum = 0;
      for (let at = 0; at < logits.length; at += 2) {
        sum += Math.max(0, margin - (logits[at]! - logits[at + 1]!));
      }
      return sum / count;
    },
  };
}

/** Logits that float32 has exactly. */
function randomClasses(seed: number, rows: number, width: number): { logits: number[][]; labels: number[] } {
  const random = new Random(seed);
  return {
    logits: Array.from({ length: rows }, () => randomRow(random, width)),
    labels: Array.from({ length: rows }, () => random.below(width)),
  };
}

/** @param of what the labels are taken from; any numbers if it is left out */
function randomPlaces(seed: number, rows: number, width: number, of?: readonly number[]): Places {
  const random = new Random(seed);
  const list = <Item>(length: number, make: () => Item): Item[] => Array.from({ length }, make);
  return {
    logits: list(rows, () => randomRow(random, width)),
    labels: list(rows, () => of ? list(width, () => of[random.below(of.length)]!) : randomRow(random, width)),
  };
}

function randomRow(random: Random, width: number): number[] {
  return Array.from({ length: width }, () => Math.fround(random.normal() * 3));
}

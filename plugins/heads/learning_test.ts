/**
 * Each head learns a small made-up problem in its worker, through the same calls that the trainer makes.
 *
 * Every bound is a share of what a head that knows nothing loses, or what one that lacks a part cannot go below.
 *
 * @module
 */
import { assert, assertEquals, assertGreater, assertLess } from "@std/assert";
import { createRuntime, type HostTensor } from "k-bert";
import { Random } from "k-bert/sdk";
import { IGNORED } from "k-bert/sdk/tensors";

const HIDDEN = 8;
const TEXTS = 64;

/** What a head is to learn, and when it has. */
interface Problem {
  readonly settings: Readonly<Record<string, unknown>>;
  readonly hidden: HostTensor;
  readonly targets: HostTensor;
  /** Of the last step. */
  readonly lossBelow: number;
  /** How many of the predictions are right, of how many; not asked where the loss says all. */
  readonly right?: (logits: readonly number[]) => readonly [count: number, of: number];
}

const PROBLEMS: Readonly<Record<string, () => Problem>> = {
  /** Whether two numbers have the same sign: without the hidden layer it comes from ln 2 = 0.69 to 0.61. */
  "a binary head with a hidden layer": () => {
    const hidden = states(1, [TEXTS, HIDDEN]);
    const labels = rowsOf(hidden).map(([a, b]) => Number(a! * b! > 0));
    return {
      settings: { num_labels: 2, hidden_layers: [16], activation: "gelu" },
      ...{ hidden, targets: int32([TEXTS], labels), lossBelow: 0.2 },
      right: (logits) => countRight(largest(logits, 2), labels),
    };
  },
  /** ln 3 = 1.10 for one that knows nothing. */
  "a multi-class head": () => {
    const hidden = states(2, [TEXTS, HIDDEN]);
    const labels = taught(hidden, 3).map(indexOfLargest);
    return {
      settings: { num_labels: 3, class_weights: [1, 2, 1], pooling: "mean" },
      ...{ hidden, targets: int32([TEXTS], labels), lossBelow: 0.25 },
      right: (logits) => countRight(largest(logits, 3), labels),
    };
  },
  /** ln 2 = 0.69. */
  "a multilabel head": () => {
    const hidden = states(3, [TEXTS, HIDDEN]);
    const labels = taught(hidden, 3).flat().map((score) => Number(score > 0));
    return {
      settings: { task: "multilabel", num_labels: 3 },
      ...{ hidden, targets: float32([TEXTS, 3], labels), lossBelow: 0.2 },
      right: (logits) => countRight(logits.map((one) => Number(one > 0)), labels),
    };
  },
  /** The mean of the squares is 8.2, for one that always says 0. */
  "a regression head": () => {
    const hidden = states(4, [TEXTS, HIDDEN]);
    const quantities = taught(hidden, 2).flat().map((score) => score - 1);
    return {
      settings: { task: "regression", num_labels: 2 },
      ...{ hidden, targets: float32([TEXTS, 2], quantities), lossBelow: 0.01 },
    };
  },
  /** Three questions of ln 2 are 2.08. */
  "an ordinal head": () => {
    const hidden = states(5, [TEXTS, HIDDEN]);
    const labels = taught(hidden, 1).map(([score]) => [-2, 0, 2].filter((bound) => score! > bound).length);
    return {
      settings: { task: "ordinal", num_labels: 4 },
      ...{ hidden, targets: int32([TEXTS], labels), lossBelow: 0.7 },
      right: (logits) =>
        countRight(labels.map((_, text) => countAbove(logits.slice(3 * text, 3 * text + 3))), labels),
    };
  },
  /** The margin, which is 1, for one that gives all the same score. */
  "a ranking head": () => {
    const drawn = states(6, [TEXTS, HIDDEN]);
    const scores = taught(drawn, 1).flat();
    const order = [...scores.keys()];
    for (let at = 0; at < TEXTS; at += 2) {
      if (scores[at]! < scores[at + 1]!) [order[at], order[at + 1]] = [at + 1, at];
    }
    const rows = rowsOf(drawn);
    return {
      settings: { task: "ranking", num_labels: 2 },
      hidden: float32([TEXTS, HIDDEN], order.flatMap((row) => rows[row]!)),
      ...{ targets: float32([TEXTS], order.map((_, at) => 1 - at % 2)), lossBelow: 0.1 },
      right: (
        logits,
      ) => [logits.filter((score, at) => at % 2 === 0 && score > logits[at + 1]!).length, TEXTS / 2],
    };
  },
  /** ln 3 = 1.10; two of six tokens have no label. */
  "a tagging head": () => {
    const hidden = states(7, [TEXTS / 4, 6, HIDDEN]);
    const tags = taught(hidden, 3).map(indexOfLargest).map((tag, token) => token % 6 < 4 ? tag : IGNORED);
    return {
      settings: { task: "tagging", num_labels: 3 },
      ...{ hidden, targets: int32([TEXTS / 4, 6], tags), lossBelow: 0.25 },
      right: (logits) => countRight(largest(logits, 3), tags),
    };
  },
};

for (const [name, make] of Object.entries(PROBLEMS)) {
  Deno.test(`${name} learns a small problem in its worker`, async () => {
    const { settings, hidden, targets, lossBelow, right } = make();
    await using runtime = await createRuntime();
    const plugin = await runtime.plugins.start("plugins/heads", {
      ...{ port: "head", tier: "worker", seed: 1 },
      settings: { hidden_size: HIDDEN, dropout_rate: 0, ...settings },
    });
    const head = plugin.methods();

    let loss = Infinity;
    for (let step = 1; step <= 150; step++) {
      ({ loss } = await head.step(copy(hidden), copy(targets), { step, weight: 1 }));
      await head.apply({ learningRate: 0.05, scale: 1, weightDecay: 0 });
    }
    const logits = await head.predict(copy(hidden));

    assertEquals((await head.describe()).task, settings["task"] ?? "classification");
    assertLess(loss, lossBelow);
    if (!right) return;
    const [count, of] = right([...logits.data]);
    assertGreater(count / of, 0.95);
  });
}

/** Normal numbers. */
function states(seed: number, shape: readonly number[]): HostTensor {
  const random = new Random(seed);
  const size = shape.reduce((product, dimension) => product * dimension, 1);
  return float32(shape, Array.from({ length: size }, () => random.normal()));
}

/** What a linear head with weights of its own says about every row: the problem is one that can be learned. */
function taught(hidden: HostTensor, outputs: number): number[][] {
  const random = new Random(99);
  const weights = Array.from(
    { length: outputs },
    () => Array.from({ length: HIDDEN }, () => random.normal()),
  );
  return rowsOf(hidden).map((row) =>
    weights.map((weight) => weight.reduce((sum, one, at) => sum + one * row[at]!, 0))
  );
}

function rowsOf({ data }: HostTensor): number[][] {
  return chunks([...data], HIDDEN);
}

/** The label with the largest logit, row by row. */
function largest(logits: readonly number[], labels: number): number[] {
  return chunks(logits, labels).map(indexOfLargest);
}

function chunks(numbers: readonly number[], width: number): number[][] {
  assert(numbers.length % width === 0);
  return Array.from(
    { length: numbers.length / width },
    (_, row) => numbers.slice(row * width, (row + 1) * width),
  );
}

function indexOfLargest(numbers: readonly number[]): number {
  return numbers.indexOf(Math.max(...numbers));
}

function countAbove(logits: readonly number[]): number {
  return logits.filter((one) => one > 0).length;
}

function countRight(said: readonly number[], labels: readonly number[]): [count: number, of: number] {
  const counted = [...labels.keys()].filter((at) => labels[at] !== IGNORED);
  return [counted.filter((at) => said[at] === labels[at]).length, counted.length];
}

function float32(shape: readonly number[], data: readonly number[]): HostTensor {
  return { dtype: "float32", shape, data: Float32Array.from(data) };
}

function int32(shape: readonly number[], data: readonly number[]): HostTensor {
  return { dtype: "int32", shape, data: Int32Array.from(data) };
}

/** What is sent is moved. */
function copy(tensor: HostTensor): HostTensor {
  return { ...tensor, data: tensor.data.slice() };
}

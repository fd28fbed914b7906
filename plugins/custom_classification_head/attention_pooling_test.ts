/**
 * Attention pooling against its formula, written out in float64 with every key and value made, and its gradients
 * against the central differences of that.
 *
 * @module
 */
import { assert, assertEquals, assertLess, assertThrows } from "@std/assert";
import { createRuntime, type HostTensor } from "k-bert";
import { Random } from "k-bert/sdk";
import { Layers, tf } from "k-bert/sdk/tensors";
import { AttentionPooling } from "./custom_head.ts";

await tf.setBackend("cpu");

/** Numbers by name, in row-major order: the hidden states `x` and the parameters. */
type Numbers = Readonly<Record<string, readonly number[]>>;

const [BATCH, LENGTH, HIDDEN, HEADS] = [2, 3, 4, 2];
const SHAPES: Readonly<Record<string, readonly number[]>> = {
  "x": [BATCH, LENGTH, HIDDEN],
  "attention.query": [HEADS, HIDDEN / HEADS],
  "attention.key.weight": [HIDDEN, HIDDEN],
  "attention.value.weight": [HIDDEN, HIDDEN],
  "attention.value.bias": [HIDDEN],
};

Deno.test("AttentionPooling.apply() is multi-head attention of learned queries, written out", async () => {
  const numbers = randomNumbers(3);
  using made = makePooling(numbers);

  const pooled = tf.tidy(() => made.pooling.apply(made.tensors["x"]!));

  assertEquals([pooled.shape, pooled.dtype], [[BATCH, HIDDEN], "float32"]);
  assertClose(await pooled.data(), pooledByHand(numbers), 2e-6);
  pooled.dispose();
});

Deno.test("AttentionPooling.apply() has the gradients of its formula, by the hidden states and all parameters", async () => {
  const numbers = randomNumbers(5);
  using made = makePooling(numbers);
  const random = new Random(6);
  const probe = Array.from({ length: BATCH * HIDDEN }, () => random.normal());
  const loss = (x: tf.Tensor): tf.Scalar =>
    tf.sum(tf.mul(made.pooling.apply(x), tf.tensor2d(probe, [BATCH, HIDDEN])));
  const names = Object.keys(SHAPES);

  const gradients = tf.tidy(() => tf.grads((x) => loss(x!))(names.map((name) => made.tensors[name]!)));

  for (const [index, name] of names.entries()) {
    const lossByHand = (moved: Numbers): number =>
      pooledByHand(moved).reduce((sum, one, at) => sum + one * probe[at]!, 0);
    assertClose(await gradients[index]!.data(), centralDifferences(lossByHand, numbers, name), 1e-5);
  }
  tf.dispose(gradients);
});

Deno.test("AttentionPooling with queries of zero is the values of the mean", async () => {
  const numbers: Numbers = { ...randomNumbers(7), "attention.query": [0, 0, 0, 0] };
  using made = makePooling(numbers);

  const pooled = tf.tidy(() => made.pooling.apply(made.tensors["x"]!));

  const x = chunks(numbers["x"]!, HIDDEN);
  const expected = [0, 1].flatMap((text) => {
    const mean = x[0]!.map((_, at) =>
      [0, 1, 2].reduce((sum, token) => sum + x[text * LENGTH + token]![at]! / 3, 0)
    );
    return chunks(numbers["attention.value.weight"]!, HIDDEN).map((row, at) =>
      dot(row, mean) + numbers["attention.value.bias"]![at]!
    );
  });
  assertClose(await pooled.data(), expected, 2e-6);
  pooled.dispose();
});

Deno.test("AttentionPooling refuses heads that do not divide the width, and leaves nothing behind", () => {
  const layers = new Layers(1);

  const message = "hidden_size is 12, which attention_heads, 8, does not divide";
  assertThrows(() => new AttentionPooling(layers, 12), RangeError, message);

  assertEquals(layers.parameters.size, 0);
});

Deno.test("custom_classification_head with attention sends its worker's gradient of all hidden states back", async () => {
  await using runtime = await createRuntime();
  const plugin = await runtime.plugins.start("plugins/custom_classification_head", {
    ...{ port: "head", tier: "worker", seed: 2 },
    settings: {
      hidden_size: 4,
      num_labels: 3,
      dropout_rate: 0,
      activation: "tanh",
      pooling: "attention",
      attention_heads: 2,
    },
  });
  const head = plugin.methods();
  const { x } = randomNumbers(8);
  const hidden = (): HostTensor => ({ dtype: "float32", shape: SHAPES["x"]!, data: Float32Array.from(x!) });
  const labels = (): HostTensor => ({ dtype: "int32", shape: [BATCH], data: Int32Array.of(2, 0) });
  // Fresh weights are small, and so would be the gradients; a few steps of training make them larger.
  for (let step = 1; step <= 4; step++) {
    await head.step(hidden(), labels(), { step, weight: 1 });
    await head.apply({ learningRate: 0.1, scale: 1, weightDecay: 0 });
  }

  const { parameters } = await head.state();
  const { loss, hiddenGradient } = await head.step(hidden(), labels(), { step: 5, weight: 1 });

  const numbers = {
    ...Object.fromEntries(Object.entries(parameters).map(([name, { data }]) => [name, [...data]])),
    x: x!,
  };
  assertEquals((await head.describe()).reads, "all");
  assertClose([loss], [lossByHand(numbers)], 1e-5);
  const expected = centralDifferences(lossByHand, numbers, "x");
  assert(expected.some((one) => Math.abs(one) > 0.01));
  assertClose(hiddenGradient.data, expected, 1e-5);

  function lossByHand(numbers: Numbers): number {
    const rows = chunks(numbers["classifier.weight"]!, HIDDEN);
    const losses = chunks(pooledByHand(numbers), HIDDEN).map((pooled, text) => {
      const active = pooled.map(Math.tanh);
      const logits = rows.map((row, label) => dot(row, active) + numbers["classifier.bias"]![label]!);
      return Math.log(logits.reduce((sum, one) => sum + Math.exp(one), 0)) - logits[[2, 0][text]!]!;
    });
    return losses.reduce((sum, one) => sum + one, 0) / BATCH;
  }
});

/** Text by text and head by head. */
function pooledByHand(numbers: Numbers): number[] {
  const width = HIDDEN / HEADS;
  const queries = chunks(numbers["attention.query"]!, width);
  const [keys, values] = ["key", "value"].map((name) => chunks(numbers[`attention.${name}.weight`]!, HIDDEN));
  return chunks(chunks(numbers["x"]!, HIDDEN), LENGTH).flatMap((tokens) =>
    queries.flatMap((query, head) => {
      const rowsOf = (matrix: number[][], token: number[]): number[] =>
        matrix.slice(head * width, (head + 1) * width).map((row) => dot(row, token));
      const scores = tokens.map((token) => Math.exp(dot(query, rowsOf(keys!, token)) / Math.sqrt(width)));
      const total = scores.reduce((sum, one) => sum + one, 0);
      return query.map((_, at) =>
        tokens.reduce(
          (sum, token, index) => sum + scores[index]! / total * rowsOf(values!, token)[at]!,
          numbers["attention.value.bias"]![head * width + at]!,
        )
      );
    })
  );
}

/** By each of the numbers of that name; the error is of the size of h^2 and of rounding over h, 1e-10. */
function centralDifferences(of: (numbers: Numbers) => number, numbers: Numbers, name: string): number[] {
  const step = 1e-5;
  return numbers[name]!.map((one, at) => {
    const moved = (by: number): number => of({ ...numbers, [name]: numbers[name]!.with(at, one + by) });
    return (moved(step) - moved(-step)) / (2 * step);
  });
}

/** With these parameters; owns them and a tensor for each of the numbers. */
function makePooling(
  numbers: Numbers,
): { pooling: AttentionPooling; tensors: Record<string, tf.Tensor> } & Disposable {
  const layers = new Layers(1);
  const pooling = new AttentionPooling(layers, HIDDEN, HEADS);
  const x = tf.tensor([...numbers["x"]!], [...SHAPES["x"]!]);
  assertEquals([...layers.parameters.keys()], Object.keys(SHAPES).slice(1));
  for (const [name, parameter] of layers.parameters) {
    assertEquals(parameter.shape, SHAPES[name]);
    tf.tidy(() => parameter.assign(tf.tensor([...numbers[name]!], parameter.shape)));
  }
  return {
    ...{ pooling, tensors: { x, ...Object.fromEntries(layers.parameters) } },
    [Symbol.dispose]: () => {
      layers.dispose();
      x.dispose();
    },
  };
}

/** Normal numbers, which float32 has exactly. */
function randomNumbers(seed: number): Numbers {
  const random = new Random(seed);
  return Object.fromEntries(
    Object.entries(SHAPES).map(([name, shape]) => {
      const size = shape.reduce((product, dimension) => product * dimension, 1);
      return [name, Array.from({ length: size }, () => Math.fround(random.normal()))];
    }),
  );
}

function dot(a: readonly number[], b: readonly number[]): number {
  return a.reduce((sum, one, at) => sum + one * b[at]!, 0);
}

function chunks<Item>(items: readonly Item[], size: number): Item[][] {
  return Array.from({ length: items.length / size }, (_, at) => items.slice(at * size, (at + 1) * size));
}

/** Numbers near 1, of float32 with sums of a dozen. */
function assertClose(actual: ArrayLike<number>, expected: readonly number[], tolerance: number): void {
  assertEquals(actual.length, expected.length);
  expected.forEach((one, at) =>
    assertLess(Math.abs(actual[at]! - one), tolerance, `${at}: ${actual[at]}, not ${one}`)
  );
}

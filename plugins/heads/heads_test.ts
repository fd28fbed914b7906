import { assert, assertAlmostEquals, assertEquals, assertThrows } from "@std/assert";
import { EventBus, HeadConfig } from "k-bert/sdk";
import { type Task, tf } from "k-bert/sdk/tensors";
import { StandardHead } from "./heads.ts";
import type { Settings } from "./settings.ts";

await tf.setBackend("cpu");

/** What plugin.yaml says, for a narrow encoder. */
const SETTINGS: Settings = HeadConfig({
  ...{ name: "heads", hidden_size: 6, num_labels: 3, dropout_rate: 0 },
  ...{ task: "classification", loss: "auto", pooling: "cls", activation: "relu" } as const,
  ...{ class_weights: [], label_smoothing: 0, focal_gamma: 2, huber_delta: 1, margin: 1, hidden_layers: [] },
});

type Made = { head: StandardHead; events: [topic: string, payload: unknown][] } & Disposable;

function makeHead(settings: Partial<Settings> = {}): Made {
  const events: Made["events"] = [];
  const bus = new EventBus();
  bus.on(">", (payload, { topic }) => events.push([topic, payload]));
  const head = new StandardHead({ ...SETTINGS, ...settings }, bus, 4);
  return {
    ...{ head, events },
    [Symbol.dispose]: () => {
      head.layers.dispose();
      bus[Symbol.dispose]();
    },
  };
}

/** Of one row of hidden states. */
async function logitsOf(head: StandardHead, x: readonly number[]): Promise<number[]> {
  const hiddenStates = tf.tensor2d([[...x]]);
  const logits = await head.forward(hiddenStates);
  const values = Array.from(await logits.data());
  tf.dispose([hiddenStates, logits]);
  return values;
}

async function rowsOf(head: StandardHead, name: string): Promise<number[][]> {
  return await head.layers.parameters.get(name)!.array() as number[][];
}

const SHAPES: readonly [task: Task, hidden: number[], logits: number[], parameters: string[]][] = [
  ["classification", [5, 6], [5, 3], ["output.weight", "output.bias"]],
  ["multilabel", [5, 6], [5, 3], ["output.weight", "output.bias"]],
  ["regression", [5, 6], [5, 3], ["output.weight", "output.bias"]],
  ["ordinal", [5, 6], [5, 2], ["output.weight", "output.bias"]],
  ["ranking", [4, 6], [4, 1], ["output.weight"]],
  ["tagging", [5, 7, 6], [5, 7, 3], ["output.weight", "output.bias"]],
];

for (const [task, hidden, expected, parameters] of SHAPES) {
  for (const hidden_layers of [[], [8, 4]]) {
    Deno.test(`StandardHead.forward() for ${task} after ${hidden_layers.length} hidden layers has its shape`, async () => {
      using made = makeHead({ task, hidden_layers, pooling: "mean" });
      const { head, events } = made;
      const hiddenStates = tf.randomNormal(hidden);

      const logits = await head.forward(hiddenStates);

      assertEquals([head.task, head.reads], [task, task === "tagging" ? "all" : "mean"]);
      assertEquals([logits.shape, logits.dtype], [expected, "float32"]);
      const layers = hidden_layers.flatMap((_, index) => [`hidden.${index}.weight`, `hidden.${index}.bias`]);
      assertEquals([...head.layers.parameters.keys()], [...layers, ...parameters]);
      assertEquals(events, [
        ["head.forward_start", { head_type: "StandardHead", input_shape: hidden }],
        ["head.forward_complete", { head_type: "StandardHead", output_shape: expected }],
      ]);
      tf.dispose([hiddenStates, logits]);
    });
  }
}

Deno.test("StandardHead.forward() is W tanh(V x + c) + b, written out", async () => {
  using made = makeHead({ hidden_layers: [4], activation: "tanh" });
  const { head } = made;
  const x = [-0.7, 0.2, 1.5, -2, 0, 0.9];
  const [c, b] = [[0.3, -0.1, 0.2, 0.5], [0.1, -0.2, 0.3]];
  head.layers.parameters.get("hidden.0.bias")!.assign(tf.tensor(c));
  head.layers.parameters.get("output.bias")!.assign(tf.tensor(b));

  const logits = await logitsOf(head, x);

  const dot = (row: readonly number[], y: readonly number[]): number =>
    row.reduce((sum, one, index) => sum + one * y[index]!, 0);
  const hidden = (await rowsOf(head, "hidden.0.weight")).map((row, unit) =>
    Math.tanh(dot(row, x) + c[unit]!)
  );
  const expected = (await rowsOf(head, "output.weight")).map((row, label) => dot(row, hidden) + b[label]!);
  expected.forEach((one, label) => assertAlmostEquals(logits[label]!, one, 1e-6));
});

Deno.test("StandardHead.forward() for ordinal is one score and a bias for each question", async () => {
  using made = makeHead({ task: "ordinal", num_labels: 4 });
  const { head } = made;
  head.layers.parameters.get("output.bias")!.assign(tf.tensor([2, 0.5, -1]));
  const x = [1, -2, 0.5, 0, 3, -1];

  const logits = await logitsOf(head, x);

  const [weight] = await rowsOf(head, "output.weight");
  const score = weight!.reduce((sum, one, index) => sum + one * x[index]!, 0);
  [2, 0.5, -1].forEach((bias, rank) => assertAlmostEquals(logits[rank]!, score + bias, 1e-6));
});

/** Φ(1) = 0.8413447461 is in every table of the normal distribution. */
const ACTIVATIONS: readonly [
  Settings["activation"],
  at: readonly [minus1: number, zero: number, one: number],
][] = [
  ["relu", [0, 0, 1]],
  ["tanh", [-Math.tanh(1), 0, Math.tanh(1)]],
  ["gelu", [-(1 - 0.8413447461), 0, 0.8413447461]],
  ["none", [-1, 0, 1]],
];

for (const [activation, expected] of ACTIVATIONS) {
  Deno.test(`StandardHead's hidden layers have the activation ${activation}`, async () => {
    using made = makeHead({ hidden_size: 3, hidden_layers: [3], activation });
    const { parameters } = made.head.layers;
    for (const name of ["hidden.0.weight", "output.weight"]) parameters.get(name)!.assign(tf.eye(3));

    const logits = await logitsOf(made.head, [-1, 0, 1]);

    expected.forEach((one, index) => assertAlmostEquals(logits[index]!, one, 1e-6));
  });
}

Deno.test("StandardHead drops out only while training, and the same at the same step", async () => {
  using made = makeHead({ dropout_rate: 0.5, hidden_layers: [6], activation: "none" });
  const { head } = made;
  const at = (step: number | undefined): Promise<number[]> => {
    head.layers.trainingStep = step;
    return logitsOf(head, [1, 1, 1, 1, 1, 1]);
  };

  const [quiet, quietAgain, first, again, second] = [
    await at(undefined),
    await at(undefined),
    await at(1),
    await at(1),
    await at(2),
  ];

  assertEquals(quiet, quietAgain);
  assertEquals(first, again);
  assert(first.join() !== second.join() && first.join() !== quiet.join());
});

Deno.test("StandardHead.getLossFunction() is what the settings say", async () => {
  const logits = tf.tensor2d([[2, -1, 0.5]]);
  const [label, targets] = [tf.tensor1d([1], "int32"), tf.tensor2d([[1, 0, 1]])];
  const value = async (settings: Partial<Settings>, labels: tf.Tensor): Promise<number> => {
    using made = makeHead(settings);
    const loss = made.head.getLossFunction()(logits, labels);
    const [read] = await loss.data();
    loss.dispose();
    return read!;
  };
  const logSum = Math.log(Math.exp(2) + Math.exp(-1) + Math.exp(0.5));
  const doubt = 1 - Math.exp(-1 - logSum);

  assertAlmostEquals(await value({}, label), logSum + 1, 1e-6);
  assertAlmostEquals(await value({ loss: "focal", focal_gamma: 3 }, label), doubt ** 3 * (logSum + 1), 1e-6);
  const smoothed = 0.7 * (logSum + 1) + 0.3 * (logSum - 1.5 / 3);
  assertAlmostEquals(await value({ label_smoothing: 0.3 }, label), smoothed, 1e-6);
  const [yes, no, maybe] = [Math.log1p(Math.exp(-2)), Math.log1p(Math.exp(-1)), Math.log1p(Math.exp(-0.5))];
  const multilabel = { task: "multilabel", class_weights: [3, 1, 1] } as const;
  assertAlmostEquals(await value(multilabel, targets), (3 * yes + no + maybe) / 3, 1e-6);
  assertAlmostEquals(await value({ task: "regression" }, targets), (1 + 1 + 0.25) / 3, 1e-6);
  assertAlmostEquals(await value({ task: "regression", loss: "mae" }, targets), (1 + 1 + 0.5) / 3, 1e-6);
  const linear = { task: "regression", loss: "huber", huber_delta: 0.5 } as const;
  assertAlmostEquals(await value(linear, targets), (0.5 * 0.75 * 2 + 0.125) / 3, 1e-6);
  tf.dispose([logits, label, targets]);
});

Deno.test("StandardHead refuses settings that do not go together", () => {
  const refused: [Partial<Settings>, new () => Error, string][] = [
    [
      { task: "regression", loss: "focal" },
      TypeError,
      "task regression cannot be learned with the loss focal",
    ],
    [{ task: "regression", loss: "focal" }, TypeError, "take mse, mae or huber"],
    [{ loss: "mse" }, TypeError, "The task classification cannot be learned with the loss mse"],
    [
      { task: "tagging", loss: "ordinal" },
      TypeError,
      "The task tagging cannot be learned with the loss ordinal",
    ],
    [{ task: "ranking", class_weights: [1] }, TypeError, "The loss margin_ranking has no class_weights"],
    [{ loss: "focal", label_smoothing: 0.1 }, TypeError, "The loss focal has no label_smoothing"],
    [{ class_weights: [1, 2] }, RangeError, "Cannot weigh 3 labels with 2 class_weights"],
    [{ task: "ordinal", num_labels: 1 }, RangeError, "ordinal needs at least 2 labels: num_labels is 1"],
    [{ num_labels: 1 }, RangeError, "classification needs at least 2 labels: num_labels is 1"],
  ];
  const before = tf.memory().numTensors;
  using bus = new EventBus();

  for (const [settings, kind, message] of refused) {
    assertThrows(() => new StandardHead({ ...SETTINGS, ...settings }, bus), kind, message);
  }

  assertEquals(tf.memory().numTensors, before);
});

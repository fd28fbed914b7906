import { assert, assertAlmostEquals, assertEquals } from "@std/assert";
import { EventBus, HeadConfig } from "k-bert/sdk";
import { tf } from "k-bert/sdk/tensors";
import { CustomClassificationHead } from "./custom_head.ts";

await tf.setBackend("cpu");

const SETTINGS = {
  name: "custom_classification_head",
  hidden_size: 6,
  num_labels: 3,
  dropout_rate: 0.5,
  activation: "relu",
  pooling: "cls",
} as const;

/** A topic and its payload. */
type Heard = [topic: string, payload: unknown];

function makeHead(settings: Partial<ConstructorParameters<typeof CustomClassificationHead>[0]> = {}): {
  head: CustomClassificationHead;
  events: Heard[];
} & Disposable {
  const events: Heard[] = [];
  const bus = new EventBus();
  bus.on(">", (payload, { topic }) => events.push([topic, payload]));
  const head = new CustomClassificationHead({ ...HeadConfig(SETTINGS), ...settings }, bus, 4);
  return {
    head,
    events,
    [Symbol.dispose]: () => {
      head.layers.dispose();
      bus[Symbol.dispose]();
    },
  };
}

Deno.test("CustomClassificationHead.forward() turns hidden states into logits and tells their shapes", async () => {
  using made = makeHead();
  const { head, events } = made;
  const hiddenStates = tf.randomNormal([5, 6]);

  const logits = await head.forward(hiddenStates);

  assertEquals(logits.shape, [5, 3]);
  assertEquals(events, [
    ["head.forward_start", { head_type: "CustomClassificationHead", input_shape: [5, 6] }],
    ["head.forward_complete", { head_type: "CustomClassificationHead", output_shape: [5, 3] }],
  ]);
  tf.dispose([hiddenStates, logits]);
});

for (
  const [activation, of] of [["relu", (x: number) => Math.max(0, x)], ["tanh", Math.tanh], [
    "none",
    Number,
  ]] as const
) {
  Deno.test(`CustomClassificationHead.forward() with ${activation} is W f(x) + b, written out`, async () => {
    using made = makeHead({ activation });
    const { head } = made;
    const x = [-0.7, 0.2, 1.5, -2, 0, 0.9];
    const [weight, bias] = ["classifier.weight", "classifier.bias"].map((name) =>
      head.layers.parameters.get(name)!
    );
    bias!.assign(tf.tensor([0.1, -0.2, 0.3]));

    const logits = await (await head.forward(tf.tensor2d([x]))).data();

    const rows = await weight!.array() as number[][];
    const expected = rows.map((row, label) =>
      row.reduce((sum, one, index) => sum + one * of(x[index]!), [0.1, -0.2, 0.3][label]!)
    );
    expected.forEach((one, label) => assertAlmostEquals(logits[label]!, one, 1e-6));
  });
}

Deno.test("CustomClassificationHead drops out only while training, and the same at the same step", async () => {
  using made = makeHead({ activation: "none" });
  const { head } = made;
  const x = tf.ones([4, 6]);
  const run = async (step: number | undefined): Promise<number[]> => {
    head.layers.trainingStep = step;
    return Array.from(await (await head.forward(x)).data());
  };

  const [quiet, quietAgain, first, again, second] = [
    await run(undefined),
    await run(undefined),
    await run(1),
    await run(1),
    await run(2),
  ];

  assertEquals(quiet, quietAgain);
  assertEquals(first, again);
  assert(first.join() !== second.join() && first.join() !== quiet.join());
});

Deno.test("gradients flow to every parameter and are not zero", async () => {
  using made = makeHead({ dropout_rate: 0 });
  const { head } = made;
  const hiddenStates = tf.randomNormal([5, 6], 0, 1, "float32", 2);
  const labels = tf.tensor1d([0, 1, 2, 1, 0], "int32");
  const weight = head.layers.parameters.get("classifier.weight")!;
  const bias = head.layers.parameters.get("classifier.bias")!;

  const { value, grads } = tf.variableGrads(
    // The head's forward is asynchronous because it emits; its arithmetic is this.
    () => {
      const logits = tf.add(
        tf.matMul(tf.relu(hiddenStates) as tf.Tensor2D, tf.transpose(weight) as tf.Tensor2D),
        bias,
      );
      return head.getLossFunction()(logits, labels);
    },
    [weight, bias],
  );

  assertAlmostEquals((await value.data())[0]!, Math.log(3), 0.2);
  for (const gradient of Object.values(grads)) {
    assert((await gradient.data()).some((one) => Math.abs(one) > 1e-4));
  }
});

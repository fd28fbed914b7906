import { assert, assertAlmostEquals, assertEquals } from "@std/assert";
import { type EmittedEvent, EventBus } from "k-bert/sdk";
import { tf } from "k-bert/sdk/tensors";
import { CustomClassificationHead } from "./custom_head.ts";

await tf.setBackend("cpu");

const SETTINGS = {
  hidden_size: 6,
  num_labels: 3,
  dropout_rate: 0.5,
  activation: "relu",
  pooling: "cls",
} as const;

function makeHead(settings: Partial<ConstructorParameters<typeof CustomClassificationHead>[0]> = {}): {
  head: CustomClassificationHead;
  events: EmittedEvent[];
} {
  const events: EmittedEvent[] = [];
  const bus = new EventBus((emitted) => events.push(...emitted));
  return { head: new CustomClassificationHead({ ...SETTINGS, ...settings }, bus, 4), events };
}

Deno.test("CustomClassificationHead.forward() turns hidden states into logits and tells their shapes", async () => {
  const { head, events } = makeHead();
  const hiddenStates = tf.randomNormal([5, 6]);

  const logits = await head.forward(hiddenStates);
  await Promise.resolve();

  assertEquals(logits.shape, [5, 3]);
  assertEquals(events, [
    { topic: "head.forward_start", payload: { head_type: "CustomClassificationHead", input_shape: [5, 6] } },
    {
      topic: "head.forward_complete",
      payload: { head_type: "CustomClassificationHead", output_shape: [5, 3] },
    },
  ]);
  tf.dispose([hiddenStates, logits]);
  head.layers.dispose();
});

for (
  const [activation, of] of [["relu", (x: number) => Math.max(0, x)], ["tanh", Math.tanh], [
    "none",
    Number,
  ]] as const
) {
  Deno.test(`CustomClassificationHead.forward() with ${activation} is W f(x) + b, written out`, async () => {
    const { head } = makeHead({ activation });
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
    head.layers.dispose();
  });
}

Deno.test("CustomClassificationHead drops out only while training, and the same at the same step", async () => {
  const { head } = makeHead({ activation: "none" });
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
  head.layers.dispose();
});

Deno.test("gradients flow to every parameter and are not zero", async () => {
  const { head } = makeHead({ dropout_rate: 0 });
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
  head.layers.dispose();
});

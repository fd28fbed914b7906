import { assertAlmostEquals, assertEquals, assertLess, assertRejects } from "@std/assert";
import { createRuntime } from "k-bert";
import { EventBus, HeadConfig } from "k-bert/sdk";
import { tf } from "k-bert/sdk/tensors";
import { SentimentAnalysisHead, SENTIMENTS } from "./sentiment_head.ts";

const FOLDER = "examples/plugins/sentiment_head";
/** Mean hidden states of four texts: one of each mood, and a mixed one. */
const STATES = [[1, 0, 0, 0], [0, 1, 0, 0], [0, 0, 1, 0], [0.2, 0.9, 0.1, 0]];
const MOODS = [0, 1, 2, 1];

Deno.test("SentimentAnalysisHead.forward() is W x + b for three labels, written out", async () => {
  await tf.setBackend("cpu");
  using bus = new EventBus();
  const config = HeadConfig({ name: "sentiment_head", hidden_size: 4, num_labels: 3 });
  const head = new SentimentAnalysisHead(config, bus, 1);
  const [weight, bias] = [...head.layers.parameters.values()];
  tf.tidy(() => bias!.assign(tf.tensor1d([0.5, 0, -1])));
  const x = tf.tensor2d(STATES);

  const logits = head.forward(x);

  const rows = await weight!.array() as number[][];
  const expected = STATES.map((state) =>
    rows.map((row, label) => row.reduce((sum, one, at) => sum + one * state[at]!, [0.5, 0, -1][label]!))
  );
  assertEquals([head.reads, logits.shape], ["mean", [STATES.length, SENTIMENTS.length]]);
  (await logits.data()).forEach((one, at) => assertAlmostEquals(one, expected.flat()[at]!, 1e-6));
  tf.dispose([x, logits]);
  head.layers.dispose();
});

Deno.test("SentimentAnalysisHead.measure() counts what was taken for its opposite", async () => {
  await tf.setBackend("cpu");
  using bus = new EventBus();
  const config = HeadConfig({ name: "sentiment_head", hidden_size: 4, num_labels: 3 });
  const head = new SentimentAnalysisHead(config, bus, 1);
  const said = tf.tensor2d([[5, 0, 0], [5, 0, 0], [0, 0, 5], [0, 5, 0]]); // negative, negative, positive, neutral
  const labels = tf.tensor1d([2, 1, 0, 0], "int32");

  const { reversed } = head.measure(said, labels);

  assertEquals((await (reversed as tf.Tensor).data())[0], 2 / 4);
  tf.dispose([said, labels, reversed as tf.Tensor]);
  head.layers.dispose();
});

Deno.test("SentimentAnalysisHead learns four texts in its worker", async () => {
  await using runtime = await createRuntime();
  const settings = { hidden_size: 4, dropout_rate: 0 };
  const plugin = await runtime.plugins.start(FOLDER, { port: "head", tier: "worker", settings });
  const head = plugin.methods();
  const hidden = () => ({ dtype: "float32", shape: [4, 4], data: Float32Array.from(STATES.flat()) }) as const;
  const labels = () => ({ dtype: "int32", shape: [4], data: Int32Array.from(MOODS) }) as const;

  for (let step = 1; step <= 100; step++) {
    await head.step(hidden(), labels(), { step, weight: 1 });
    await head.apply({ learningRate: 0.1, scale: 1, weightDecay: 0 });
  }
  const { loss, metrics } = await head.evaluate(hidden(), labels());

  assertLess(loss, 0.1 * Math.log(3)); // a tenth of what a head that knows nothing loses
  assertEquals(metrics, { reversed: 0 });
});

Deno.test("SentimentAnalysisHead is not to be had with other labels than its three", async () => {
  await using runtime = await createRuntime();
  const settings = { hidden_size: 4, num_labels: 2 };

  const start = () => runtime.plugins.start(FOLDER, { port: "head", tier: "worker", settings });

  await assertRejects(start, Error, "num_labels: found 2, expected at least 3");
});

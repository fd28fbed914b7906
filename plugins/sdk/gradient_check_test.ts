import * as tf from "../../core/deps/tfjs.ts";
import { assertEquals, assertGreater, assertLess } from "../../core/deps/assert.ts";
import { Random } from "../../core/tensor/random.ts";
import { HeadConfig } from "./config.ts";
import { EventBus } from "./event_bus.ts";
import { gradientCheck } from "./gradient_check.ts";
import { HeadPort } from "./head.ts";

/** A head whose forward pass is the test's, over one layer that is used and one that is not. */
class OneLayer extends HeadPort {
  readonly used = this.layers.linear("used", this.config.hidden_size, this.config.num_labels);
  readonly idle = this.layers.linear("idle", 2, 2);
  readonly dropout = this.layers.dropout(0.5);
  compute: (x: tf.Tensor) => tf.Tensor = (x) => this.used.apply(tf.tanh(this.dropout.apply(x)));

  override async forward(x: tf.Tensor): Promise<tf.Tensor> {
    await this.eventBus.emit("head.forward_start", { head_type: "OneLayer", input_shape: x.shape });
    return this.compute(x);
  }
}

async function check(change: (head: OneLayer) => void = () => {}): Promise<{
  report: Awaited<ReturnType<typeof gradientCheck>>;
  leftTensors: number;
  weightsBefore: number[];
  weightsAfter: number[];
}> {
  await tf.setBackend("cpu");
  const random = new Random(8);
  const hidden = tf.tensor2d(
    Array.from({ length: 4 }, () => Array.from({ length: 5 }, () => random.normal())),
  );
  const labels = tf.tensor1d([0, 1, 2, 1], "int32");
  const head = new OneLayer(HeadConfig({ name: "one", hidden_size: 5, num_labels: 3 }), new EventBus(), 3);
  head.layers.trainingStep = 7; // dropout would make the differences noise
  change(head);
  const weightsBefore = [...await head.used.weight.data()];
  const before = tf.memory().numTensors;
  const report = await gradientCheck(head, hidden, labels);
  const leftTensors = tf.memory().numTensors - before;
  const weightsAfter = [...await head.used.weight.data()];
  assertEquals(head.layers.trainingStep, 7);
  head.layers.dispose();
  tf.dispose([hidden, labels]);
  return { report, leftTensors, weightsBefore, weightsAfter };
}

Deno.test("gradientCheck() finds right gradients right, says which parameters have none, and leaves all as it was", async () => {
  const { report, leftTensors, weightsBefore, weightsAfter } = await check();

  assertLess(report.worstError, 1e-2, report.worstPlace);
  assertEquals(report.withoutGradient, ["idle.weight", "idle.bias"]);
  assertGreater(report.norms["used.weight"]!, 0);
  assertEquals(Object.keys(report.norms), [
    "hiddenStates",
    "used.weight",
    "used.bias",
    "idle.weight",
    "idle.bias",
  ]);
  assertEquals([leftTensors, weightsAfter], [0, weightsBefore]);
});

Deno.test("gradientCheck() finds a gradient that is wrong by a factor", async () => {
  const { report } = await check((head) => {
    const wrong = tf.customGrad((x) => {
      const input = x as tf.Tensor;
      return { value: tf.mul(input, 2), gradFunc: (dy: tf.Tensor) => tf.mul(dy, 3) };
    });
    head.compute = (x) => head.used.apply(wrong(x));
  });

  assertGreater(report.worstError, 0.3);
  assertEquals(/^hiddenStates\[\d+\]: \S+ by the tape, \S+ by differences$/.test(report.worstPlace), true);
});

Deno.test("gradientCheck() finds a gradient that is cut off", async () => {
  const { report } = await check((head) => {
    const cut = tf.customGrad((x) => ({
      value: tf.clone(x as tf.Tensor),
      gradFunc: (dy: tf.Tensor) => tf.zerosLike(dy),
    }));
    head.compute = (x) => head.used.apply(cut(x));
  });

  assertEquals(report.withoutGradient, ["hiddenStates", "idle.weight", "idle.bias"]);
  assertGreater(report.worstError, 0.9);
});

Deno.test("gradientCheck() takes parameters of any size", async () => {
  await tf.setBackend("cpu");
  const config = HeadConfig({ name: "one", hidden_size: 200_000, num_labels: 2 });
  const head = new OneLayer(config, new EventBus(), 3);
  const hidden = tf.ones([1, 200_000]);
  const labels = tf.tensor1d([1], "int32");

  const { norms } = await gradientCheck(head, hidden, labels, { places: 1 });

  // d(loss)/d(weight) of a row is (p - y) tanh(1) in all places, and (p - y) for the bias; both rows are as long.
  const ratio = norms["used.weight"]! / norms["used.bias"]!;
  assertLess(Math.abs(ratio / (Math.tanh(1) * Math.sqrt(200_000)) - 1), 1e-5);
  head.layers.dispose();
  tf.dispose([hidden, labels]);
});

Deno.test("gradientCheck() is not misled by the corner of a ReLU that is nearer than it moves", async () => {
  await tf.setBackend("cpu");
  const head = new OneLayer(HeadConfig({ name: "one", hidden_size: 3, num_labels: 2 }), new EventBus(), 3);
  const hidden = tf.tensor2d([[0.001, -0.002, 0.5]]);
  const labels = tf.tensor1d([1], "int32");

  head.compute = (x) => head.used.apply(tf.relu(x));
  const { worstError, worstPlace } = await gradientCheck(head, hidden, labels);
  const wrong = tf.customGrad((x) => ({
    value: tf.relu(x as tf.Tensor),
    gradFunc: (dy: tf.Tensor) => tf.mul(dy, -1),
  }));
  head.compute = (x) => head.used.apply(wrong(x));
  const broken = await gradientCheck(head, hidden, labels);

  assertLess(worstError, 1e-2, worstPlace);
  assertGreater(broken.worstError, 0.9);
  head.layers.dispose();
  tf.dispose([hidden, labels]);
});

/** A hidden layer of ReLUs, whose corners lie wherever chance puts them. */
class ReluHead extends HeadPort {
  readonly #inner = this.layers.linear("inner", this.config.hidden_size, 6);
  readonly #outer = this.layers.linear("outer", 6, this.config.num_labels);
  /** What the gradient of the ReLU is multiplied by; 1 is right. */
  factor = 1;

  override forward(x: tf.Tensor): tf.Tensor {
    const relu = tf.customGrad((x, save) => {
      const input = x as tf.Tensor;
      (save as (kept: tf.Tensor[]) => void)([input]);
      const gradFunc = (dy: tf.Tensor, saved: tf.Tensor[]): tf.Tensor =>
        tf.mul(dy, tf.mul(tf.cast(tf.greater(saved[0]!, 0), "float32"), this.factor));
      return { value: tf.relu(input), gradFunc };
    });
    return this.#outer.apply(relu(this.#inner.apply(x)));
  }
}

Deno.test("gradientCheck() tells right from wrong by half among ReLUs, whatever the seed", async () => {
  await tf.setBackend("cpu");
  const labels = tf.tensor1d([0, 2, 1, 1], "int32");
  const errors: Record<string, number[]> = { right: [], wrong: [] };
  for (let seed = 0; seed < 20; seed++) {
    const random = new Random(seed);
    const hidden = tf.tensor(Float32Array.from({ length: 4 * 8 }, () => random.normal()), [4, 8]);
    const config = HeadConfig({ name: "relu", hidden_size: 8, num_labels: 3 });
    const head = new ReluHead(config, new EventBus(), seed);
    errors["right"]!.push((await gradientCheck(head, hidden, labels, { seed })).worstError);
    head.factor = 1.5;
    errors["wrong"]!.push((await gradientCheck(head, hidden, labels, { seed })).worstError);
    head.layers.dispose();
    hidden.dispose();
  }
  labels.dispose();

  assertLess(Math.max(...errors["right"]!), 1e-2);
  assertGreater(Math.min(...errors["wrong"]!), 3e-2);
});

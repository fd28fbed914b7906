import { assert, assertEquals, assertLess, assertThrows } from "../../core/deps/assert.ts";
import * as tf from "../../core/deps/tfjs.ts";
import { startBackend } from "../../core/tensor/backend.ts";
import { Layers } from "./layers.ts";

Deno.test("Linear.apply() is x W^T + b on the last axis, whatever is before it", async () => {
  using _backend = await startBackend("wasm");
  const layers = new Layers(1);
  const linear = layers.linear("dense", 3, 2);
  linear.bias.assign(tf.tensor1d([10, 20]));
  const weight = await linear.weight.array() as number[][];
  const x = [[[1, 2, 3], [0, -1, 4]], [[5, 0, 0], [0, 0, 0]]];

  const y = linear.apply(tf.tensor(x));

  assertEquals(y.shape, [2, 2, 2]);
  const expected = x.flat().flatMap((row) =>
    weight.map((outputs, index) => row.reduce((sum, one, at) => sum + one * outputs[at]!, [10, 20][index]!))
  );
  (await y.data()).forEach((one, index) => assertLess(Math.abs(one - expected[index]!), 1e-5));
  y.dispose();
  layers.dispose();
});

Deno.test("Layers give the same weights for the same seed, and each its own", async () => {
  using _backend = await startBackend("cpu");
  const weights = async (seed: number): Promise<number[]> => {
    const layers = new Layers(seed);
    const [first, second] = [layers.linear("a", 20, 20), layers.linear("b", 20, 20)];
    const values = [...await first.weight.data(), ...await second.weight.data()];
    layers.dispose();
    return values;
  };

  const [one, again, other] = [await weights(1), await weights(1), await weights(2)];

  assertEquals(one, again);
  assert(one.join() !== other.join());
  assert(one.slice(0, 400).join() !== one.slice(400).join());
  // 800 numbers of deviation 0.02: the measured one is within five standard errors.
  const deviation = Math.sqrt(one.reduce((sum, value) => sum + value * value, 0) / one.length);
  assertLess(Math.abs(deviation - 0.02), 5 * 0.02 / Math.sqrt(2 * one.length));
});

Deno.test("Dropout.apply() zeroes its share while training, keeps the mean, and does nothing otherwise", async () => {
  using _backend = await startBackend("wasm");
  const layers = new Layers(1);
  const dropout = layers.dropout(0.25);
  const x = tf.ones([10_000]);

  const quiet = dropout.apply(x);
  layers.trainingStep = 3;
  const dropped = dropout.apply(x);

  assertEquals(await quiet.data(), await x.data());
  const values = await dropped.data() as Float32Array;
  const zeros = values.filter((value) => value === 0).length;
  // A share of 10,000 draws has a standard error of 43; five of them.
  assertLess(Math.abs(zeros - 2_500), 5 * Math.sqrt(10_000 * 0.25 * 0.75));
  assert(values.every((value) => value === 0 || Math.abs(value - 4 / 3) < 1e-6));
  tf.dispose([x, quiet, dropped]);
  layers.dispose();
});

Deno.test("Layers.parameter() refuses a name that exists", async () => {
  using _backend = await startBackend("cpu");
  const layers = new Layers(1);
  layers.parameter("scale", [2], 1);

  assertThrows(() => layers.parameter("scale", [2]), TypeError, '"scale" already exists');
  layers.dispose();
});

import { assertAlmostEquals, assertEquals, assertThrows } from "../deps/assert.ts";
import * as tf from "../deps/tfjs.ts";
import { gradientsOf, Tape } from "./tape.ts";

await tf.setBackend("cpu");

Deno.test("Tape.gradients() keeps nothing but the gradients", () => {
  const x = tf.tensor1d([1, 2]);
  const tape = new Tape();
  const y = tf.tidy(() => tf.exp(tf.mul(tf.tanh(x), 3)));
  const before = tf.memory().numTensors;

  const gradients = tape.gradients(y, undefined, [x]);

  // Less than before: what the forward pass had saved is gone, and of the backward pass nothing was.
  assertEquals(tf.memory().numTensors < before, true);
  tape[Symbol.dispose]();
  tf.dispose([x, y, gradients[0]!]);
  assertEquals(tf.memory().numTensors, 0);
});

Deno.test("Tape.gradients() can be asked for once", () => {
  const x = tf.scalar(2);
  using tape = new Tape();
  const y = tf.square(x);
  tf.dispose(tape.gradients(y, undefined, [x]) as tf.Tensor[]);

  assertThrows(() => tape.gradients(y, undefined, [x]), TypeError, "only once");

  tf.dispose([x, y]);
});

Deno.test("Tape frees what it saved when the backward pass throws, or does not come", () => {
  const x = tf.scalar(2);
  const broken = tf.customGrad((x) => ({
    value: tf.square(x as tf.Tensor),
    gradFunc: () => {
      throw new RangeError("no gradient");
    },
  }));

  for (const runsBackward of [true, false]) {
    const tape = new Tape();
    const y = tf.tidy(() => broken(tf.exp(x)));
    if (runsBackward) assertThrows(() => tape.gradients(y, undefined, [x]), RangeError, "no gradient");
    tape[Symbol.dispose]();
    y.dispose();
    assertEquals(tf.memory().numTensors, 1);
    assertEquals(gradientOfSquare(x), 4); // the engine is as it was
  }
  x.dispose();
});

Deno.test("Tape.gradients() frees on the way what it has used", () => {
  const x = tf.ones([1_000]);
  let bytes = 0;
  const probe = tf.customGrad((x) => ({
    value: tf.clone(x as tf.Tensor),
    gradFunc: (dy) => {
      bytes = tf.memory().numBytes;
      return tf.clone(dy);
    },
  }));
  using tape = new Tape();
  const y = tf.tidy(() => {
    let y = probe(x);
    for (let layer = 0; layer < 20; layer++) y = tf.sin(y); // each saves its input
    return y;
  });
  const dy = tf.ones([1_000]);

  const [gradient] = tape.gradients(y, dy, [x]);

  // At its end: x, y, dy, the gradient there and the one before it, and what the last two layers saved.
  assertEquals(bytes <= 8 * 4_000, true, `${bytes} bytes`);
  let [value, slope] = [1, 1];
  for (let layer = 0; layer < 20; layer++) [value, slope] = [Math.sin(value), slope * Math.cos(value)];
  assertAlmostEquals(gradient!.dataSync()[0]!, slope, 1e-6);
  tf.dispose([x, y, dy, gradient!]);
});

Deno.test("Tape.gradients() takes a gradient that is the upstream one itself, for two inputs and on the way to a third", () => {
  const sum = tf.customGrad((a, b) => ({
    value: tf.add(a as tf.Tensor, b as tf.Tensor),
    gradFunc: (dy: tf.Tensor) => [dy, dy],
  }));
  const [x, z] = [tf.scalar(2), tf.scalar(5)];
  using tape = new Tape();
  const inner = tf.square(x);
  const middle = sum(inner, z); // x² + z
  const y = tf.mul(sum(middle, x), 3); // 3 (x² + z + x)

  const gradients = tape.gradients(y, undefined, [x, z, inner, middle]);

  assertEquals(gradients.map((one) => one!.dataSync()[0]), [15, 3, 3, 3]);
  tf.dispose([x, z, inner, middle, y, ...gradients as tf.Tensor[]]);
});

Deno.test("Tape.gradients() passes parts of a tensor by that nothing depends on", () => {
  const x = tf.tensor([1, 2, 3, 4]);
  using tape = new Tape();
  const y = tf.tidy(() => {
    const [first, , third] = tf.unstack(x) as [tf.Tensor, tf.Tensor, tf.Tensor];
    return tf.mul(tf.square(first), third);
  });

  const [gradient] = tape.gradients(y, undefined, [x]);

  assertEquals([...gradient!.dataSync()], [6, 0, 1, 0]);
  tf.dispose([x, y, gradient!]);
});

Deno.test("gradientsOf() leaves the recording alone in whose middle it is called", () => {
  const x = tf.scalar(3);
  using tape = new Tape();
  const y = tf.square(x);

  assertEquals(gradientOfSquare(x), 6);
  const z = tf.mul(y, x); // still recorded

  const [gradient] = tape.gradients(z, undefined, [x]);
  assertEquals(gradient!.dataSync()[0], 27);
  tf.dispose([x, y, z, gradient!]);
});

function gradientOfSquare(x: tf.Tensor): number {
  const [gradient] = gradientsOf(() => tf.square(x), [x]);
  const [value] = gradient!.dataSync();
  gradient!.dispose();
  return value!;
}

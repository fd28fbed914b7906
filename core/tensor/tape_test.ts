import { assertEquals, assertThrows } from "../deps/assert.ts";
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

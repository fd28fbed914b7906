import { assertEquals, assertThrows } from "../../deps/assert.ts";
import * as tf from "../../deps/tfjs.ts";
import { BACKENDS } from "../../../tests/fixtures/backends.ts";
import { stockGradient } from "../../../tests/fixtures/stock_tfjs.ts";
import { startBackend } from "../backend.ts";

type Binary = (a: tf.Tensor, b: tf.Tensor) => tf.Tensor;

/** Name of the gradient, operation, both inputs, and by hand: both gradients of the sum of the result. */
const CASES: readonly (readonly [string, Binary, tf.TensorLike, tf.TensorLike, number[], number[]])[] = [
  ["BatchMatMul", tf.matMul as Binary, [[[1, 2]], [[3, 4]]], [[5], [6]], [5, 6, 5, 6], [4, 6]],
  ["Maximum", tf.maximum, [[1, 5], [2, 8]], [3, 4], [0, 1, 0, 1], [2, 0]],
  ["Minimum", tf.minimum, [[1, 5], [2, 8]], [3, 4], [1, 0, 1, 0], [0, 2]],
  ["SquaredDifference", tf.squaredDifference, [[1, 5], [2, 8]], [3, 4], [-4, 2, -2, 8], [6, -10]],
];

for (const backend of BACKENDS) {
  for (const [name, run, a, b, expectedA, expectedB] of CASES) {
    Deno.test(`the gradients of ${name} on ${backend} have the shapes of inputs that were broadcast`, async () => {
      using _backend = await startBackend(backend);
      const inputs = [tf.tensor(a), tf.tensor(b)];

      const gradients = tf.grads((a, b) => run(a!, b!))(inputs);

      assertEquals(gradients.map(({ shape }) => shape), inputs.map(({ shape }) => shape));
      const values = await Promise.all(gradients.map((gradient) => gradient.data()));
      assertEquals(values.map((value) => [...value]), [expectedA, expectedB]);
      tf.dispose([...inputs, ...gradients]);
    });
  }
}

for (const [name, run, a, b] of CASES) {
  Deno.test(`without the guard, the gradient of ${name} with a broadcast input is an error`, async () => {
    using _backend = await startBackend("cpu");
    using _stock = stockGradient(name);

    const differentiate = () => tf.tidy(() => tf.grads((a, b) => run(a!, b!))([tf.tensor(a), tf.tensor(b)]));

    assertThrows(differentiate, Error, `Error in gradient for op ${name}`);
  });
}

import { assertEquals, assertThrows } from "../../deps/assert.ts";
import * as tf from "../../deps/tfjs.ts";
import { KBertError } from "../../wall/errors.ts";
import { BACKENDS } from "../../../tests/fixtures/backends.ts";
import { stockKernels } from "../../../tests/fixtures/stock_tfjs.ts";
import { startBackend } from "../backend.ts";

for (const name of BACKENDS) {
  Deno.test(`a sum of no numbers on ${name} is 0, and a sum of nothing for each of nobody has no numbers`, async () => {
    using backend = await startBackend(name);
    const [none, rows] = [tf.ones([0]), tf.ones([0, 3])];

    const sums = [tf.sum(none), tf.sum(rows, 0), tf.sum(rows, 0, true), tf.sum(rows, 1)];

    assertEquals(sums.map(({ shape }) => shape), [[], [3], [1, 3], [0]]);
    const values = await Promise.all(sums.map((sum) => sum.data()));
    assertEquals(values.map((value) => [...value]), [[0], [0, 0, 0], [0, 0, 0], []]);
    backend.check();
    tf.dispose([none, rows, ...sums]);
  });

  Deno.test(`the mean and the largest of no numbers on ${name} are refused by an error with a code`, async () => {
    using _backend = await startBackend(name);
    const none = tf.ones([0]);

    for (const compute of [tf.mean, tf.max, tf.min, tf.prod]) {
      const error = assertThrows(() => compute(none), KBertError);
      assertEquals(error.code, "tensor/unsupported");
    }
    none.dispose();
  });

  Deno.test(`a product over no numbers on ${name} is zeros, and one without rows has no numbers`, async () => {
    using backend = await startBackend(name);
    const products = tf.tidy(() => [
      tf.matMul(tf.ones([2, 0]), tf.ones([0, 2])),
      tf.matMul(tf.ones([0, 3]), tf.ones([3, 2])),
    ]);

    const values = await Promise.all(products.map((product) => product.data()));

    assertEquals(products.map(({ shape }) => shape), [[2, 2], [0, 2]]);
    assertEquals(values.map((value) => [...value]), [[0, 0, 0, 0], []]);
    backend.check();
    tf.dispose(products);
  });
}

Deno.test("without the guard, the mean of no numbers is 0 on cpu, which nobody asked for", async () => {
  using _backend = await startBackend("cpu");
  using _stock = stockKernels("cpu", "Sum", "Mean");
  const none = tf.ones([0]);

  const mean = tf.mean(none);

  assertEquals([...await mean.data()], [0]);
  tf.dispose([none, mean]);
});

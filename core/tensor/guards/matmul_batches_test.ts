import { assertEquals } from "../../deps/assert.ts";
import * as tf from "../../deps/tfjs.ts";
import { BACKENDS } from "../../../tests/fixtures/backends.ts";
import { stockKernels } from "../../../tests/fixtures/stock_tfjs.ts";
import { startBackend } from "../backend.ts";

/** `[2, 1]` numbers by `[1, 3]` numbers, as matrices of one number: a table of products. */
function table(): tf.Tensor {
  return tf.tidy(() => tf.matMul(tf.tensor([2, 3], [2, 1, 1, 1]), tf.tensor([5, 7, 11], [1, 3, 1, 1])));
}

for (const name of BACKENDS) {
  Deno.test(`batches that are broadcast on both sides of a product on ${name} pair each with each`, async () => {
    using backend = await startBackend(name);
    const before = tf.memory().numDataBuffers;

    const products = table();

    assertEquals([products.shape, [...await products.data()]], [[2, 3, 1, 1], [10, 14, 22, 15, 21, 33]]);
    products.dispose();
    assertEquals(tf.memory().numDataBuffers, before);
    backend.check();
  });
}

Deno.test("without the guard, cpu pairs other matrices", async () => {
  using _backend = await startBackend("cpu");
  using _stock = stockKernels("cpu", "BatchMatMul");

  const products = table();

  // As many products as the larger side has matrices, for a shape that has six.
  assertEquals([products.size, [...await products.data()]], [6, [10, 21, 22]]);
  products.dispose();
});

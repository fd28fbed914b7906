import { assertEquals } from "../../deps/assert.ts";
import * as tf from "../../deps/tfjs.ts";
import { stockKernels } from "../../../tests/fixtures/stock_tfjs.ts";
import { startBackend } from "../backend.ts";

/** A cast to bool, and a one-hot table of a type. */
async function computed(dtype: "float32" | "bool"): Promise<number[][]> {
  const x = tf.tensor1d([0.5, 0, 256, -0.25]);
  const ids = tf.tensor1d([0, 2], "int32");
  const tensors = [tf.cast(x, "bool"), tf.oneHot(ids, 3, 1, 0, dtype)];
  const values = await Promise.all(tensors.map((tensor) => tensor.data()));
  tf.dispose([x, ids, ...tensors]);
  return values.map((value) => [...value]);
}

for (const dtype of ["float32", "bool"] as const) {
  Deno.test(`a cast to bool on wasm is true for 0.5 and 256, and oneHot() as ${dtype} has ones`, async () => {
    using _backend = await startBackend("wasm");

    assertEquals(await computed(dtype), [[1, 0, 1, 1], [1, 0, 0, 0, 0, 1]]);
  });
}

Deno.test("without the guard, wasm casts 0.5 and 256 to false, and its one is the smallest float there is", async () => {
  using _backend = await startBackend("wasm");
  using _stock = stockKernels("wasm", "Cast", "OneHot");

  // Not tried as bool: the kernel would write over other tensors.
  assertEquals(await computed("float32"), [[0, 0, 0, 0], [2 ** -149, 0, 0, 0, 0, 2 ** -149]]);
});

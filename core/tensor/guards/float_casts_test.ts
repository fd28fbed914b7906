import { assertEquals, assertInstanceOf } from "../../deps/assert.ts";
import * as tf from "../../deps/tfjs.ts";
import { BACKENDS } from "../../../tests/fixtures/backends.ts";
import { stockKernels } from "../../../tests/fixtures/stock_tfjs.ts";
import { startBackend } from "../backend.ts";

/** wasm converts by itself. */
const RELABELS = ["cpu", "webgpu"] as const;

for (const name of BACKENDS) {
  Deno.test(`a cast of int32 and of bool to float32 on ${name} makes floats, in memory and not only in name`, async () => {
    using _backend = await startBackend(name);
    const [whole, bools] = [tf.tensor1d([-2, 7], "int32"), tf.tensor1d([true, false], "bool")];

    const casts = [whole, bools].map((x) => tf.cast(x, "float32"));
    const values = await Promise.all(casts.map((cast) => cast.data()));

    assertEquals(values, [Float32Array.of(-2, 7), Float32Array.of(1, 0)]);
    tf.dispose([whole, bools, ...casts]);
  });
}

for (const name of RELABELS) {
  Deno.test({
    name: `without the guard, int32 that was cast to float32 on ${name} is still an array of integers`,
    ignore: !BACKENDS.includes(name), // needs a device; there is none on this machine
    async fn(): Promise<void> {
      using _backend = await startBackend(name);
      using _stock = stockKernels(name, "Cast");
      const whole = tf.tensor1d([-2, 7], "int32");

      const cast = tf.cast(whole, "float32");

      assertInstanceOf(await cast.data(), Int32Array);
      tf.dispose([whole, cast]);
    },
  });
}

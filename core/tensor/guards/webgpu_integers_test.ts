import { assertEquals, assertThrows } from "../../deps/assert.ts";
import * as tf from "../../deps/tfjs.ts";
import { KBertError } from "../../wall/errors.ts";
import { BACKENDS } from "../../../tests/fixtures/backends.ts";
import { stockKernels } from "../../../tests/fixtures/stock_tfjs.ts";
import { startBackend } from "../backend.ts";

const ignore = !BACKENDS.includes("webgpu"); // needs a device; there is none on this machine
/** One more is a number that float32 does not have. */
const LARGEST = 2 ** 24;

Deno.test({
  name:
    "a transpose of int32 with three axes on webgpu moves the numbers, where the shader of tfjs does not compile",
  ignore,
  async fn(): Promise<void> {
    using backend = await startBackend("webgpu");
    const x = tf.tensor(Int32Array.of(1, 2, 3, 4, 5, 6), [1, 2, 3], "int32");

    const turned = tf.transpose(x, [2, 1, 0]);
    assertEquals([...await turned.data()], [1, 4, 2, 5, 3, 6]);
    backend.check();
    using _stock = stockKernels("webgpu", "Transpose");
    const stock = tf.transpose(x, [2, 1, 0]);
    await stock.data(); // what its memory was left with

    const error = assertThrows(() => backend.check(), KBertError);
    assertEquals(error.code, "device/failed");
    tf.dispose([x, turned, stock]);
  },
});

Deno.test({
  name: "a sum of int32 on webgpu is exact beyond 2^24, where tfjs loses ones",
  ignore,
  async fn(): Promise<void> {
    using backend = await startBackend("webgpu");
    const x = tf.tensor2d([[LARGEST, 1, 0], [1, LARGEST, 5]], [2, 3], "int32");

    const sums = [tf.sum(x, 1), tf.sum(x, 0, true), tf.sum(x)];
    assertEquals(sums.map(({ shape, dtype }) => [shape, dtype]), [[[2], "int32"], [[1, 3], "int32"], [
      [],
      "int32",
    ]]);
    const values = await Promise.all(sums.map((sum) => sum.data()));
    assertEquals(values.map((value) => [...value]), [
      [LARGEST + 1, LARGEST + 6],
      [LARGEST + 1, LARGEST + 1, 5],
      [2 * LARGEST + 7],
    ]);
    using _stock = stockKernels("webgpu", "Sum");
    const stock = tf.sum(x, 1);
    assertEquals([...await stock.data()][0], LARGEST);

    backend.check();
    tf.dispose([x, ...sums, stock]);
  },
});

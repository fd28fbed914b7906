import { assertEquals, assertNotEquals, assertThrows } from "../../deps/assert.ts";
import * as tf from "../../deps/tfjs.ts";
import { KBertError } from "../../wall/errors.ts";
import { BACKENDS } from "../../../tests/fixtures/backends.ts";
import { stockKernels, stockWebGpu } from "../../../tests/fixtures/stock_tfjs.ts";
import { startBackend } from "../backend.ts";

const ignore = !BACKENDS.includes("webgpu"); // needs a device; there is none on this machine

/** More than any adapter binds to one program, and more than one part. */
const COUNT = 1100;

function sumOfMany(): tf.Tensor {
  return tf.tidy(() => tf.addN(Array.from({ length: COUNT }, (_, index) => tf.tensor1d([index, 1]))));
}

Deno.test({
  name: `addN() of ${COUNT} tensors on webgpu adds as many at a time as the device binds`,
  ignore,
  async fn(): Promise<void> {
    using backend = await startBackend("webgpu");
    const before = tf.memory();

    const sum = sumOfMany();

    assertEquals([...await sum.data()], [COUNT * (COUNT - 1) / 2, COUNT]);
    sum.dispose();
    assertEquals(tf.memory().numTensors, before.numTensors);
    assertEquals(tf.memory().numDataBuffers, before.numDataBuffers);
    backend.check();
    using _stock = stockKernels("webgpu", "AddN");
    assertEquals(assertThrows(sumOfMany, KBertError).code, "tensor/unsupported");
  },
});

Deno.test({
  name: `without the guards, addN() of ${COUNT} tensors on webgpu is something else than their sum`,
  ignore,
  async fn(): Promise<void> {
    (await startBackend("webgpu"))[Symbol.dispose]();
    using _backend = await stockWebGpu();
    using _stock = stockKernels("webgpu", "AddN");

    const sum = sumOfMany();

    assertNotEquals([...await sum.data()], [COUNT * (COUNT - 1) / 2, COUNT]);
    sum.dispose();
  },
});

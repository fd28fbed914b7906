import { assertEquals, assertThrows } from "../../deps/assert.ts";
import * as tf from "../../deps/tfjs.ts";
import { KBertError } from "../../wall/errors.ts";
import { BACKENDS } from "../../../tests/fixtures/backends.ts";
import { stockWebGpu } from "../../../tests/fixtures/stock_tfjs.ts";
import { startBackend } from "../backend.ts";

const ignore = !BACKENDS.includes("webgpu"); // needs a device; there is none on this machine

/** Just over what the device binds; rows of a MiB each. */
function tooManyRows(): number {
  const { device } = tf.backend() as unknown as { device: GPUDevice };
  return Math.floor(device.limits.maxStorageBufferBindingSize / 2 ** 20) + 1;
}

Deno.test({
  name: "a tensor over the limit of the device is refused before there is anything of it",
  ignore,
  async fn(): Promise<void> {
    using backend = await startBackend("webgpu");
    const row = tf.ones([1, 2 ** 18]);
    const before = tf.memory();
    const rows = tooManyRows();

    const error = assertThrows(() => tf.tile(row, [rows, 1]), KBertError) as KBertError<"tensor/too-large">;

    assertEquals([error.code, error.detail.bytes], ["tensor/too-large", rows * 2 ** 20]);
    assertEquals(tf.memory().numDataBuffers, before.numDataBuffers);
    backend.check();
    row.dispose();
  },
});

Deno.test({
  name: "without the guard, a tensor over the limit of the device is zeros",
  ignore,
  async fn(): Promise<void> {
    (await startBackend("webgpu"))[Symbol.dispose]();
    using _backend = await stockWebGpu();
    const rows = tooManyRows();

    const part = tf.tidy(() => tf.slice(tf.tile(tf.ones([1, 2 ** 18]), [rows, 1]), [0, 0], [1, 2]));

    assertEquals([...await part.data()], [0, 0]);
    part.dispose();
  },
});

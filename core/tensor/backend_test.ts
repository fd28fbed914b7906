import { assert, assertEquals, assertMatch, assertRejects, assertThrows } from "../deps/assert.ts";
import * as tf from "../deps/tfjs.ts";
import { KBertError } from "../wall/errors.ts";
import { startBackend } from "./backend.ts";
import { openDevice } from "./device.ts";

const hasAdapter = Boolean(await navigator.gpu?.requestAdapter());

for (const name of ["wasm", "cpu"] as const) {
  Deno.test(`startBackend("${name}") starts just that, and computes`, async () => {
    using backend = await startBackend(name);

    assertEquals([backend.name, tf.getBackend(), backend.adapter], [name, name, null]);
    const product = tf.matMul(tf.tensor2d([[1, 2]]), tf.tensor2d([[3], [4]]));
    assertEquals(Array.from(await product.data()), [11]);
    product.dispose();
  });
}

Deno.test('startBackend("auto") says why it chose', async () => {
  using backend = await startBackend("auto");

  // A software adapter is no GPU: wasm is faster than that.
  if (backend.name === "webgpu") assertMatch(backend.reason, /the GPU .+ was found/);
  else assertMatch(backend.reason, /no GPU adapter was found|the only GPU adapter is software/);
});

Deno.test({
  name: 'startBackend("webgpu") without an adapter is an error, never another backend',
  ignore: hasAdapter, // there is one on this machine: the tests below run instead
  async fn(): Promise<void> {
    using _before = await startBackend("cpu");

    const error = await assertRejects(() => startBackend("webgpu"), KBertError);

    assertEquals(error.code, "backend/unavailable");
    assertMatch(error.message, /no GPU adapter/);
    assertEquals(tf.getBackend(), "cpu");
  },
});

// The first is all but 96 bytes of what 32 bits can address; the second, cut to 32 bits, would be granted.
for (const numbers of [1_073_741_800, 1_250_000_000]) {
  Deno.test(`a tensor of ${numbers} numbers, which the wasm memory cannot hold, is an error and not a zero`, async () => {
    using _backend = await startBackend("wasm");
    const one = tf.ones([1]);

    const error = assertThrows(() => tf.tile(one, [numbers]), KBertError);

    assertEquals(error.code, "tensor/too-large");
    assertEquals((error as KBertError<"tensor/too-large">).detail.bytes, 4 * numbers);
    const after = tf.add(one, one);
    assertEquals(Array.from(await after.data()), [2]);
    tf.dispose([one, after]);
  });
}

Deno.test({
  name: "a buffer over the device's limit is refused before it is made",
  ignore: !hasAdapter, // needs a device; there is none on this machine
  async fn(): Promise<void> {
    using backend = await startBackend("webgpu");
    const one = tf.ones([1]);

    // Four bytes each; no adapter binds 8 GiB.
    const error = assertThrows(() => tf.tile(one, [2 ** 31 - 1]), KBertError);

    assertEquals(error.code, "tensor/too-large");
    backend.check();
    one.dispose();
  },
});

Deno.test({
  name: "Backend.check() throws what the device reported, where tfjs would go on with zeros",
  ignore: !hasAdapter, // needs a device; there is none on this machine
  async fn(): Promise<void> {
    using device = await openDevice();
    const backend = device.createBackend() as unknown as { device: GPUDevice };
    device.check();

    backend.device.createShaderModule({ code: "this is no shader" });
    await backend.device.queue.onSubmittedWorkDone();

    const error = assertThrows(() => device.check(), KBertError);
    assertEquals(error.code, "device/failed");
    assert(error.message.includes("nothing computed since can be trusted"));
  },
});

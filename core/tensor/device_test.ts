import { assertEquals, assertMatch, assertThrows } from "../deps/assert.ts";
import * as tf from "../deps/tfjs.ts";
import { KBertError } from "../wall/errors.ts";
import { BACKENDS } from "../../tests/fixtures/backends.ts";
import { startBackend } from "./backend.ts";

const ignore = !BACKENDS.includes("webgpu"); // needs a device; there is none on this machine

/** The device of the current backend. */
function device(): GPUDevice {
  return (tf.backend() as unknown as { device: GPUDevice }).device;
}

Deno.test({
  name: "a device that is lost is a failure that says so",
  ignore,
  async fn(): Promise<void> {
    using backend = await startBackend("webgpu");
    backend.check();

    device().destroy();
    await device().lost;

    const error = assertThrows(() => backend.check(), KBertError) as KBertError<"device/failed">;
    assertEquals([error.code, error.detail.lost], ["device/failed", true]);
    assertMatch(error.message, /the device was lost/);
  },
});

Deno.test({
  name: "an error of a device that is still there is a failure that says so",
  ignore,
  async fn(): Promise<void> {
    using backend = await startBackend("webgpu");

    device().createShaderModule({ code: "this is no shader" });
    await device().queue.onSubmittedWorkDone();

    const error = assertThrows(() => backend.check(), KBertError) as KBertError<"device/failed">;
    assertEquals([error.code, error.detail.lost], ["device/failed", false]);
  },
});

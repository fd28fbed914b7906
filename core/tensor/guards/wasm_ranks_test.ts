import { assertEquals, assertNotEquals, assertThrows } from "../../deps/assert.ts";
import * as tf from "../../deps/tfjs.ts";
import { KBertError } from "../../wall/errors.ts";
import { startBackend } from "../backend.ts";

const SEVEN = [1, 1, 1, 1, 1, 1, 2];

Deno.test("a tensor with seven axes on wasm is refused, and one with six is right", async () => {
  using _backend = await startBackend("wasm");
  const x = tf.tensor1d([1, 2]);

  const error = assertThrows(() => tf.tidy(() => tf.add(tf.reshape(x, SEVEN), 1)), KBertError);
  assertEquals(error.code, "tensor/unsupported");
  assertEquals(error.detail, {
    backend: "wasm",
    operation: `a tensor of the shape [${SEVEN}]`,
    limit: 6,
    value: 7,
  });
  const sum = tf.tidy(() => tf.add(tf.reshape(x, SEVEN.slice(1)), 1));

  assertEquals([...await sum.data()], [2, 3]);
  tf.dispose([x, sum]);
});

Deno.test("without the guard, wasm adds tensors of seven axes to something else", async () => {
  using _backend = await startBackend("wasm");
  const backend = tf.backend() as tf.KernelBackend & { makeOutput?: unknown };
  const guarded = backend.makeOutput;
  const x = tf.tensor1d([1, 2]);

  delete backend.makeOutput; // its class has one of its own
  const sum = tf.tidy(() => tf.add(tf.reshape(x, SEVEN), 1));
  backend.makeOutput = guarded;

  assertNotEquals([...await sum.data()], [2, 3]);
  tf.dispose([x, sum]);
});

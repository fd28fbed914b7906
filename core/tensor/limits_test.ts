import { assertEquals, assertMatch, assertThrows } from "../deps/assert.ts";
import * as tf from "../deps/tfjs.ts";
import { BACKENDS } from "../../tests/fixtures/backends.ts";
import { bertConfig } from "../bert/config.ts";
import { BertEncoder } from "../bert/model.ts";
import { KBertError } from "../wall/errors.ts";
import { startBackend } from "./backend.ts";
import { largestTensorBytes, requireFittingParameters } from "./limits.ts";

Deno.test("requireFittingParameters() names the largest parameter, wherever it stands", () => {
  const shapes = [["small", [2]], ["large", [3, 5]], ["middle", [10]]] as const;

  const error = assertThrows(() => requireFittingParameters(shapes, 30), KBertError);

  assertEquals([error.code, error.detail], ["tensor/too-large", { limitBytes: 30, bytes: 60 }]);
  assertMatch(error.message, /^The parameter large of 3 × 5 numbers takes 60 bytes/);
});

Deno.test("largestTensorBytes() is a limit of GPUs only", async () => {
  for (const name of BACKENDS) {
    using _backend = await startBackend(name);
    assertEquals(Number.isFinite(largestTensorBytes()), name === "webgpu");
  }
});

Deno.test("BertEncoder is refused before it is built if the GPU cannot bind a matrix of it", async () => {
  if (!BACKENDS.includes("webgpu")) return;
  using backend = await startBackend("webgpu");
  const intermediateSize = Math.ceil(largestTensorBytes() / (4 * 4_096)) + 1;
  const config = bertConfig("tiny", { vocabSize: 100, hiddenSize: 4_096, heads: 64, intermediateSize });
  const before = tf.memory().numTensors;

  const error = assertThrows(() => BertEncoder.create(config, 1), KBertError);

  assertEquals(error.code, "tensor/too-large");
  assertMatch(error.message, /encoder.layer.0.intermediate.dense.weight of \d+ × 4096 numbers/);
  assertEquals(tf.memory().numTensors, before);
  backend.check();
});

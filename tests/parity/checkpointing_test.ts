/**
 * Gradient checkpointing changes what is kept, and no number.
 *
 * @module
 */
import { assert, assertEquals } from "../../core/deps/assert.ts";
import { BertEncoder } from "../../core/bert/model.ts";
import * as tf from "../../core/deps/tfjs.ts";
import { startBackend } from "../../core/tensor/backend.ts";
import { Tape } from "../../core/tensor/tape.ts";
import { BACKENDS } from "../fixtures/backends.ts";
import { paddedBatch, relativeError, TINY, trainedLikeWeights } from "../fixtures/tiny_bert.ts";

/** Two layers with dropout, the third batch with a row that is nearly all padding. */
const CONFIG = { ...TINY, dropout: 0.2 };
const TOKENS = paddedBatch([7, 5, 1], 7, 3);
const PLACE = { seed: 5, step: 9, microBatch: 1 };

for (const name of BACKENDS) {
  Deno.test(`BertEncoder with gradientCheckpointing has the same gradients on ${name}`, async () => {
    using backend = await startBackend(name);
    using encoder = BertEncoder.fromWeights(CONFIG, trainedLikeWeights(CONFIG, 1), "weights");
    const before = tf.memory().numTensors;

    const plain = await passes(encoder, false);
    const checkpointed = await passes(encoder, true);

    assertEquals([...checkpointed.gradients.keys()], [...encoder.parameters.keys(), "hidden"]);
    for (const [parameter, gradient] of plain.gradients) {
      const other = checkpointed.gradients.get(parameter)!;
      // The kernels of a GPU may add up in another order from one call to the next.
      if (name === "webgpu") assert(relativeError(other, gradient) < 1e-5, parameter);
      else assertEquals(other, gradient, parameter);
    }
    assert(checkpointed.keptBytes < 0.6 * plain.keptBytes, `${checkpointed.keptBytes} of ${plain.keptBytes}`);
    assertEquals(tf.memory().numTensors, before);
    backend.check();
  });
}

/** Gradients by parameter, the hidden states, and the memory that is held between the two passes. */
async function passes(
  encoder: BertEncoder,
  gradientCheckpointing: boolean,
): Promise<{ gradients: Map<string, Float32Array>; keptBytes: number }> {
  const before = tf.memory().numBytes;
  using tape = new Tape();
  const hidden = encoder.forward(TOKENS, PLACE, { gradientCheckpointing });
  const keptBytes = tf.memory().numBytes - before;
  const dy = tf.tidy(() => tf.sin(tf.reshape(tf.range(0, hidden.size, 1, "float32"), hidden.shape)));
  const found = tape.gradients(hidden, dy, [...encoder.parameters.values()]);
  const gradients = new Map<string, Float32Array>();
  const named = [...encoder.parameters.keys()].map((name, index) => [name, found[index]!] as const);
  for (const [name, tensor] of [...named, ["hidden", hidden] as const]) {
    gradients.set(name, (await tensor.data()).slice() as Float32Array);
  }
  tf.dispose([hidden, dy, ...found as tf.Tensor[]]);
  return { gradients, keptBytes };
}

import { deviceTest } from "../../tests/fixtures/webgpu_kernels.ts";
import { bertConfig } from "../bert/config.ts";
import { BertEncoder, type TokenBatch } from "../bert/model.ts";
import { assertEquals, assertNotEquals } from "../deps/assert.ts";
import * as tf from "../deps/tfjs.ts";
import { AdamW } from "../tensor/adamw.ts";
import { gpu } from "../tensor/kernels/webgpu/gpu.ts";
import { Random } from "../tensor/random.ts";
import { EncoderPasses, type PassOptions } from "./encoder_pass.ts";

const CONFIG = bertConfig("tiny", {
  ...{ vocabSize: 50, hiddenSize: 16, intermediateSize: 32, heads: 2, maxPositions: 16, dropout: 0.1 },
});

/** A batch with other words and other padding for each step. */
function tokensAt(step: number, batch = 3, length = 8): TokenBatch {
  const random = Random.at(9, step, length);
  const ids = Int32Array.from({ length: batch * length }, () => random.below(50));
  const mask = new Float32Array(batch * length);
  for (let row = 0; row < batch; row++) {
    mask.fill(1, row * length, row * length + 1 + random.below(length));
  }
  return { batch, length, ids, mask };
}

/** Trains by a made-up head: it wants hidden states of zero. Answers all numbers that a step has. */
async function train(
  passes: EncoderPasses,
  encoder: BertEncoder,
  optimizer: AdamW,
  batches: readonly TokenBatch[],
): Promise<Float32Array[]> {
  const seen: Float32Array[] = [];
  for (const [index, tokens] of batches.entries()) {
    const step = index + 1;
    using pass = passes.begin(tokens, { seed: 1, step, microBatch: 0 });
    const hidden = (await pass.hidden.data()).slice() as Float32Array;
    const gradients = pass.backward(hidden.map((one) => one / hidden.length));
    const byName = new Map<string, tf.Tensor>();
    [...encoder.parameters.keys()].forEach((name, index) => {
      const gradient = gradients[index];
      if (gradient) byName.set(name, gradient);
    });
    const norms = await Promise.all([...byName.values()].map((one) => one.data()));
    seen.push(hidden, ...norms.map((values) => values.slice() as Float32Array));
    optimizer.update(byName, { learningRate: 0.01 });
    tf.dispose([...byName.values()]);
  }
  return seen;
}

/** All numbers of a training with recordings or without, and how many recordings and replayed dispatches there were. */
async function run(
  batches: readonly TokenBatch[],
  options: Partial<PassOptions>,
  limitBytes?: number,
): Promise<{ numbers: Float32Array[]; recordings: number; replayed: number }> {
  using encoder = BertEncoder.create(CONFIG, 1, limitBytes === undefined ? {} : { limitBytes });
  using optimizer = new AdamW(encoder.parameters);
  using passes = new EncoderPasses(encoder, { reads: "all", ...options });
  const before = gpu().dispatches.replayed;
  const numbers = await train(passes, encoder, optimizer, batches);
  return { numbers, recordings: passes.recordings, replayed: gpu().dispatches.replayed - before };
}

for (
  const options of [
    { reads: "all" },
    { reads: "mean" },
    { reads: "cls", gradientCheckpointing: true },
  ] as const
) {
  deviceTest(
    `EncoderPasses replay what they recorded, bit for bit what is computed otherwise (${
      JSON.stringify(options)
    })`,
    async () => {
      const batches = [1, 2, 3, 4, 5, 6].map((step) => tokensAt(step));

      const replayed = await run(batches, options);
      const plain = await run(batches, { ...options, capture: false });

      assertEquals(replayed.numbers, plain.numbers);
      assertEquals([replayed.recordings, plain.recordings, plain.replayed], [1, 0, 0]);
      assertEquals(replayed.replayed > 100, true, `${replayed.replayed} dispatches in the last four steps`);
    },
  );
}

deviceTest("EncoderPasses keep a recording for each shape, and take turns with them", async () => {
  const shapes = [[3, 8], [3, 16], [3, 8], [3, 16], [3, 8], [3, 16], [2, 8], [3, 8], [3, 16]] as const;
  const batches = shapes.map(([batch, length], step) => tokensAt(step, batch, length));

  const replayed = await run(batches, {});
  const plain = await run(batches, { capture: false });

  assertEquals(replayed.numbers, plain.numbers);
  assertEquals(replayed.recordings, 2);
});

deviceTest("EncoderPasses replay the look-ups of a table that is cut into shards", async () => {
  const batches = [1, 2, 3, 4, 5].map((step) => tokensAt(step));
  const limitBytes = 4 * 16 * 32; // a linear layer's weight, and 32 of the 50 rows of the table

  const replayed = await run(batches, {}, limitBytes);
  const plain = await run(batches, { capture: false }, limitBytes);

  assertEquals(replayed.numbers, plain.numbers);
  assertEquals(replayed.recordings, 1);
});

deviceTest("EncoderPasses record again after other weights were restored", async () => {
  using encoder = BertEncoder.create(CONFIG, 1);
  using other = BertEncoder.create(CONFIG, 2);
  using optimizer = new AdamW(encoder.parameters);
  using passes = new EncoderPasses(encoder, { reads: "all" });
  using fresh = new EncoderPasses(other, { reads: "all", capture: false });
  using freshOptimizer = new AdamW(other.parameters);
  await train(passes, encoder, optimizer, [1, 2, 3].map((step) => tokensAt(step)));

  encoder.restore(await other.weights(), "another encoder");
  optimizer.restore(await freshOptimizer.state(), 0);
  const batches = [4, 5, 6].map((step) => tokensAt(step));

  assertEquals(
    await train(passes, encoder, optimizer, batches),
    await train(fresh, other, freshOptimizer, batches),
  );
  assertEquals(passes.recordings, 1);
});

deviceTest("a pass that ends without a backward pass leaves nothing behind", () => {
  using encoder = BertEncoder.create(CONFIG, 1);
  using passes = new EncoderPasses(encoder, { reads: "all" });
  for (const step of [1, 2, 3]) {
    using pass = passes.begin(tokensAt(step), { seed: 1, step, microBatch: 0 });
    assertNotEquals(pass.hidden.size, 0);
  }
  assertEquals(passes.recordings, 0);
  return Promise.resolve();
});

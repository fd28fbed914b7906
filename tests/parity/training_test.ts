/**
 * Eight steps of training, with everything that a step has: on every backend the losses of plain JavaScript, with
 * our kernels and with those of tfjs.
 *
 * A gradient that is a little wrong, or noise that is another one, shows in the losses of the steps after it.
 *
 * @module
 */
import { BertEncoder, type TokenBatch } from "../../core/bert/model.ts";
import { assertLess } from "../../core/deps/assert.ts";
import * as tf from "../../core/deps/tfjs.ts";
import { AdamW, squaredNorm } from "../../core/tensor/adamw.ts";
import { startBackend } from "../../core/tensor/backend.ts";
import { useWebGpuKernels } from "../../core/tensor/kernels/webgpu/kernels.ts";
import { Random } from "../../core/tensor/random.ts";
import { EncoderPasses } from "../../core/train/encoder_pass.ts";
import { BACKENDS } from "../fixtures/backends.ts";
import { TINY, trainedLikeWeights } from "../fixtures/tiny_bert.ts";

const CONFIG = { ...TINY, dropout: 0.1 };
const [BATCH, LENGTH, STEPS] = [4, 16, 8];
/** Losses are near 1; rounding is 1e-7, and AdamW makes more of it where a gradient is small. */
const TOLERANCE = 1e-5;

function tokensAt(step: number): TokenBatch {
  const random = Random.at(9, step);
  const ids = Int32Array.from({ length: BATCH * LENGTH }, () => random.below(CONFIG.vocabSize));
  const mask = new Float32Array(BATCH * LENGTH);
  for (let row = 0; row < BATCH; row++) {
    mask.fill(1, row * LENGTH, row * LENGTH + 2 + random.below(LENGTH - 1));
  }
  return { batch: BATCH, length: LENGTH, ids, mask };
}

/** The logistic loss of a fixed projection, whose sign is to be that of the row's number, and its gradient. */
function headOf(hidden: Float32Array): { loss: number; gradient: Float32Array } {
  const width = CONFIG.hiddenSize;
  const gradient = new Float32Array(hidden.length);
  let loss = 0;
  for (let row = 0; row < BATCH; row++) {
    const wanted = row % 2 === 0 ? 1 : -1;
    let score = 0;
    for (let at = 0; at < width; at++) score += hidden[row * width + at]! * Math.sin(at + 1);
    loss += Math.log1p(Math.exp(-wanted * score)) / BATCH;
    const slope = -wanted / (1 + Math.exp(wanted * score)) / BATCH;
    for (let at = 0; at < width; at++) gradient[row * width + at] = slope * Math.sin(at + 1);
  }
  return { loss, gradient };
}

async function lossesOf(capture: boolean): Promise<number[]> {
  using encoder = BertEncoder.fromWeights(CONFIG, trainedLikeWeights(CONFIG, 7), "weights");
  using optimizer = new AdamW(encoder.parameters);
  using passes = new EncoderPasses(encoder, { reads: "cls", capture });
  const losses: number[] = [];
  for (let step = 1; step <= STEPS; step++) {
    using pass = passes.begin(tokensAt(step), { seed: 1, step, microBatch: 0 });
    const { loss, gradient } = headOf(await pass.hidden.data() as Float32Array);
    losses.push(loss);
    const names = [...encoder.parameters.keys()];
    const found = pass.backward(gradient).map((one, index) => [names[index]!, one!] as const);
    const gradients = new Map(found.filter(([, one]) => one));
    const norm = Math.sqrt(await squaredNorm(gradients.values()));
    optimizer.update(gradients, { learningRate: 5e-3, scale: Math.min(1, 1 / norm) });
    tf.dispose([...gradients.values()]);
  }
  return losses;
}

for (const name of BACKENDS.filter((name) => name !== "cpu")) {
  for (const own of name === "webgpu" ? [true, false] : [true]) {
    Deno.test(`${STEPS} steps on ${name}${own ? "" : ", as tfjs computes them,"} have the losses of cpu`, async () => {
      using reference = await startBackend("cpu");
      const expected = await lossesOf(false);
      reference.check();
      using backend = await startBackend(name);
      if (name === "webgpu") useWebGpuKernels(own);

      const losses = await lossesOf(own);

      backend.check();
      for (const [step, loss] of losses.entries()) {
        assertLess(
          Math.abs(loss - expected[step]!),
          TOLERANCE,
          `step ${step + 1}: ${losses} and ${expected}`,
        );
      }
    });
  }
}

import { TINY, trainedLikeWeights } from "../../tests/fixtures/tiny_bert.ts";
import { deviceTest } from "../../tests/fixtures/webgpu_kernels.ts";
import { BertEncoder } from "../bert/model.ts";
import { BertTokenizer } from "../bert/tokenizer.ts";
import { SPECIAL_TOKENS } from "../bert/vocabulary.ts";
import { assertEquals, assertRejects } from "../deps/assert.ts";
import { gpu } from "../tensor/kernels/webgpu/gpu.ts";
import { Random } from "../tensor/random.ts";
import type { HostTensor } from "../wall/tensor.ts";
import type { WireValue } from "../wall/values.ts";
import type { Example } from "./examples.ts";
import { HeadClient } from "./head_client.ts";
import { evaluateExamples, type ModelParts } from "./inference.ts";
import { Trainer } from "./trainer.ts";

const CONFIG = { ...TINY, dropout: 0.1 };
const WORDS = Array.from({ length: CONFIG.vocabSize - SPECIAL_TOKENS.length }, (_, at) => `w${at}`);

/** A head without parameters whose loss is a weighted sum of what it reads; it fails when it is told to. */
class SumHead {
  readonly name = "sum";
  fails = false;

  call(method: string, args: readonly WireValue[]): Promise<WireValue> {
    if (method === "describe") return Promise.resolve({ reads: "mean", task: "classification" });
    if (method !== "step" && method !== "evaluate") return Promise.resolve(null);
    const { data, shape } = args[0] as HostTensor;
    const slope = Float32Array.from(data, (_, at) => Math.sin(at));
    const rows = shape[0]!;
    return Promise.resolve({
      loss: this.fails ? NaN : slope.reduce((sum, one, at) => sum + one * data[at]!, 0),
      squaredGradientNorm: 0,
      logits: { dtype: "float32", shape: [rows, 2], data: new Float32Array(2 * rows) },
      metrics: {},
      hiddenGradient: { dtype: "float32", shape, data: slope },
    });
  }
}

/** Examples of up to 14 tokens; batches of them have 8 or 16. */
function examplesAt(step: number, count: number): Example[] {
  const random = Random.at(3, step);
  const longest = step % 2 === 0 ? 7 : 14;
  return Array.from({ length: count }, () => ({
    ids: Int32Array.from(
      { length: 3 + random.below(longest - 3) },
      () => 5 + random.below(CONFIG.vocabSize - 5),
    ),
    truncated: 0,
    label: random.below(2),
  }));
}

/** Figures of 8 steps with an evaluation and a failure among them, the weights, and what was replayed. */
async function train(
  captureSteps: boolean,
  examplesPerStep: number,
): Promise<{ seen: unknown[]; replayed: number }> {
  using encoder = BertEncoder.fromWeights(CONFIG, trainedLikeWeights(CONFIG, 7), "weights");
  const tokenizer = new BertTokenizer([...SPECIAL_TOKENS, ...WORDS], { maxLength: 16, buckets: [8, 16] });
  const sum = new SumHead();
  const head = await HeadClient.connect(sum, 2);
  const nothing = (): void => {};
  const backend = {
    ...{ name: "webgpu", reason: "", adapter: null, check: nothing } as const,
    [Symbol.dispose]: nothing,
  };
  const parts: ModelParts = { encoder, tokenizer, head, backend };
  using trainer = new Trainer(parts, {
    ...{ seed: 5, labels: 2, batchSize: 4, weightDecay: 0.05, maxGradientNorm: 0.5 },
    ...{ learningRate: 2e-3, totalSteps: 8, warmupShare: 0.2, captureSteps },
  });
  const before = gpu().dispatches.replayed;
  const seen: unknown[] = [];
  for (let step = 1; step <= 8; step++) {
    sum.fails = step === 6;
    if (sum.fails) {
      await assertRejects(
        () => trainer.trainStep(examplesAt(step, examplesPerStep)),
        Error,
        "loss of sum is NaN",
      );
      await trainer.skipStep();
      continue;
    }
    const { loss, gradientNorm } = await trainer.trainStep(examplesAt(step, examplesPerStep));
    seen.push(loss, gradientNorm);
    if (step === 5) seen.push((await evaluateExamples(parts, examplesAt(0, 5), 2, 4)).loss);
  }
  seen.push(await encoder.weights());
  return { seen, replayed: gpu().dispatches.replayed - before };
}

for (const [examples, what] of [[4, "one batch a step"], [10, "three micro-batches a step"]] as const) {
  deviceTest(`Trainer with recorded steps trains bit for bit as without, with ${what}`, async () => {
    const captured = await train(true, examples);
    const plain = await train(false, examples);

    assertEquals(captured.seen, plain.seen);
    assertEquals([captured.replayed > 0, plain.replayed], [true, 0]);
  });
}

/**
 * Augmentation beside training: `augment/worker` and `augment/process`, a training step with two augmenters in
 * front of it, against the same step without any.
 *
 * Batches are prepared ahead, so a step should cost the same: what it waits for is in the note.
 *
 * @module
 */
import { PluginManager } from "../core/plugins/manager.ts";
import { startBackend } from "../core/tensor/backend.ts";
import { Random } from "../core/tensor/random.ts";
import { Augmentation, type RunAugmenter } from "../core/train/augmentation.ts";
import { BatchSource } from "../core/train/batch_source.ts";
import { encodeExample, type TrainingExample } from "../core/train/examples.ts";
import { HeadClient } from "../core/train/head_client.ts";
import { Trainer } from "../core/train/trainer.ts";
import type { Tier } from "../core/wall/sandbox.ts";
import { processSandbox } from "../workers/process_sandbox.ts";
import { workerSandbox } from "../workers/worker_sandbox.ts";
import { BATCH, model } from "./models.ts";
import { median, type Row, row } from "./rows.ts";

const HEAD = new URL("../plugins/custom_classification_head/", import.meta.url);
const AUGMENTERS = ["synonym_augmenter", "eda_augmenter"].map((name) =>
  new URL(`../plugins/${name}/`, import.meta.url)
);
/** Known to WordNet, so that there is something to do. */
const WORDS = "house money answer begin large river teacher bread quick travel letter garden offer price"
  .split(" ");

/** @param steps of each, after one that does not count */
export async function augmentationRow(tier: Tier, steps: number): Promise<Row> {
  await using stack = new AsyncDisposableStack();
  const backend = stack.use(await startBackend("wasm"));
  const createSandbox = tier === "worker" ? workerSandbox : processSandbox;
  const manager = stack.use(new PluginManager({ createSandbox }));
  const { encoder, tokenizer } = model("tiny");
  stack.use(encoder);
  const settings = { hidden_size: encoder.config.hiddenSize, num_labels: 2, dropout_rate: 0 };
  const head = await HeadClient.connect(await manager.start(HEAD, { port: "head", settings, tier }), 2);
  const augmenters: RunAugmenter[] = [];
  for (const plugin of AUGMENTERS) {
    augmenters.push({ plugin: await manager.start(plugin, { port: "augmenter", tier }), onFailure: "abort" });
  }
  const given = texts((steps + 1) * BATCH);
  const tokenized = given.map((one) => encodeExample(one, tokenizer, 2));
  const source = (used: readonly RunAugmenter[]): BatchSource =>
    new BatchSource({
      ...{
        given,
        tokenized,
        tokenizer,
        labels: 2,
        seed: 1,
        batchSize: BATCH,
        accumulationSteps: 1,
        epochs: 1,
      },
      augmentation: new Augmentation(used, 1, () => {}),
      signal: new AbortController().signal,
    });
  const trainer = stack.use(
    new Trainer({ encoder, tokenizer, head, backend }, {
      ...{ labels: 2, seed: 1, batchSize: BATCH, learningRate: 1e-4, weightDecay: 0, maxGradientNorm: 1 },
      ...{ totalSteps: 1_000, warmupShare: 0 },
    }),
  );
  const [augmented, plain]: [number[], number[]] = [[], []];
  const waits: number[] = [];
  // In turns, step by step: both see the same machine.
  const [withThem, without] = [source(augmenters).from(0), source([]).from(0)];
  for (let step = 0; step <= steps; step++) {
    for (const [batches, times] of [[withThem, augmented], [without, plain]] as const) {
      const { value: batch } = await batches.next();
      if (!batch) throw new Error("There are too few batches");
      const { milliseconds } = await trainer.trainStep(batch.examples);
      if (step === 0) continue;
      times.push(milliseconds + batch.waitMilliseconds);
      if (times === augmented) waits.push(batch.waitMilliseconds);
    }
  }
  await Promise.all([withThem.return(), without.return()]);
  const note = `waits ${median(waits).toFixed(1)} ms a step, at most ${Math.max(...waits).toFixed(1)}`;
  return row(`augment/${tier}`, median(augmented), median(plain), "ms", { note });
}

/** Of 100 words each. */
function texts(count: number): TrainingExample[] {
  const random = new Random(5);
  return Array.from({ length: count }, (_, index) => ({
    text: Array.from({ length: 100 }, () => WORDS[random.below(WORDS.length)]!).join(" "),
    label: index % 2,
  }));
}

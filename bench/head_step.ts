/**
 * `head-step/worker` and `head-step/process`: a training step with the head behind the wall against the same step in one process.
 *
 * @module
 */
import { PluginManager } from "../core/plugins/manager.ts";
import { startBackend } from "../core/tensor/backend.ts";
import { HeadClient } from "../core/train/head_client.ts";
import { Trainer } from "../core/train/trainer.ts";
import type { SandboxFactory, Tier } from "../core/wall/sandbox.ts";
import { processSandbox } from "../workers/process_sandbox.ts";
import { workerSandbox } from "../workers/worker_sandbox.ts";
import { BATCH, examples, model, WholeModel } from "./models.ts";
import { inTurns, type Row, row } from "./rows.ts";

const SANDBOXES: Readonly<Record<Tier, SandboxFactory>> = { worker: workerSandbox, process: processSandbox };

/** Measures BERT-tiny with a head that reads the [CLS] rows. */
export async function headStepRow(turns: number, tier: Tier = "worker"): Promise<Row> {
  using backend = await startBackend("wasm");
  using plugins = new PluginManager({ createSandbox: SANDBOXES[tier] });
  const { encoder, tokenizer } = model("tiny");
  using _encoder = encoder;
  const plugin = await plugins.start(new URL("../plugins/custom_classification_head/", import.meta.url), {
    port: "head",
    settings: { hidden_size: encoder.config.hiddenSize, num_labels: 2, dropout_rate: 0 },
  });
  const head = await HeadClient.connect(plugin, 2);
  using trainer = new Trainer({ encoder, tokenizer, head, backend }, {
    labels: 2,
    seed: 1,
    batchSize: BATCH,
    weightDecay: 0.01,
    maxGradientNorm: 1,
    learningRate: 1e-3,
    totalSteps: 10_000,
    warmupShare: 0,
  });
  using whole = new WholeModel("tiny");
  const batch = examples();

  const [behind, inProcess] = await inTurns(turns, () => trainer.trainStep(batch), () => whole.step(batch));
  return row(`head-step/${tier}`, behind, inProcess, "ms", { note: "wasm, tiny, 32 x 128 tokens" });
}

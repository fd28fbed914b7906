/**
 * A head that turns poisonous in the middle of a run: whatever it answers, no weight moves by it.
 *
 * @module
 */
import { assert, assertEquals, assertGreater, assertMatch, assertRejects } from "../core/deps/assert.ts";
import { loadLatestCheckpoint } from "../core/train/checkpoint.ts";
import type { TrainingConfig } from "../core/train/config.ts";
import { formatResult } from "../core/train/result_text.ts";
import { createRuntime, type FineTuneOutcome, KBertError, type StepReport } from "../mod.ts";
import { tinyConfig, tinyData, withTempFolder, writeHead } from "./fixtures/tiny_run.ts";

const DATA = tinyData();
/** Multiplies the loss, and with it its gradients, by 1 until it is called for the `from`-th time. */
const BODY = `
  calls = 0;
  dense = this.layers.linear("classifier", this.config.hidden_size, this.config.num_labels);
  forward(x) { return this.dense.apply(x); }
  getLossFunction() {
    return (logits, labels) => {
      const { from, to, factor } = POISON;
      const isPoisoned = ++this.calls >= from && this.calls <= to;
      const targets = tf.oneHot(tf.cast(labels, "int32"), 2);
      const loss = tf.neg(tf.mean(tf.sum(tf.mul(targets, tf.logSoftmax(logits)), 1)));
      return tf.mul(loss, isPoisoned ? factor : 1);
    };
  }
`;

interface Poison {
  readonly from: number;
  readonly to: number;
  /** Source text of a number. */
  readonly factor: string;
}

interface Trained {
  readonly outcome: FineTuneOutcome;
  readonly reports: readonly StepReport[];
}

for (const [factor, reason] of [["1e12", "norm"], ["NaN", "not-finite"]] as const) {
  Deno.test(`fineTune() with head.onPoison: skip leaves all weights as they were by a batch that is ${reason}`, async () => {
    await using folder = await withTempFolder();
    // It poisons its step 8, when there is a median of the steps before.
    const config = await poisonConfig(folder.path, { from: 8, to: 8, factor }, "skip");
    const toIt = { ...config, training: { ...config.training, maxSteps: 8 } };

    const before = await train(toIt, { stopAfter: 7 });
    const after = await train(toIt);
    const whole = await train(config);

    const groups = async ({ outcome }: Trained): Promise<unknown> =>
      (await loadLatestCheckpoint(`${outcome.run}/checkpoints`))?.groups;
    assert(after.outcome.kind === "finished" && whole.outcome.kind === "finished");
    // The same encoder, the same head, the same moments: to the last bit.
    assertEquals(await groups(after), await groups(before));
    assertEquals(whole.reports.map(({ step }) => step), [1, 2, 3, 4, 5, 6, 7, 9, 10, 11, 12]);
    assertEquals(whole.outcome.result.poisoned, { poisonous: { [reason]: 1 } });
    assertMatch(
      formatResult(whole.outcome.result),
      new RegExp(`Refused of poisonous: 1 answers \\(${reason}\\)`),
    );
    const log = await Deno.readTextFile(`${whole.outcome.run}/steps.jsonl`);
    assertEquals(log.split("\n").filter((line) => line.includes(`"skipped":"${reason}"`)).length, 1);
  });
}

Deno.test("fineTune() with head.onPoison: abort ends with the limit, and leaves the step before in a checkpoint", async () => {
  await using folder = await withTempFolder();
  const poison = { from: 8, to: 8, factor: "1e12" };
  const config = await poisonConfig(folder.path, poison, "abort");

  const reports: StepReport[] = [];
  const error = await assertRejects(() => train(config, { reports }), KBertError);

  assertMatch(
    error.message,
    /^The plugin poisonous answered wrongly: the (gradient norm|norm of the gradient) .* at step 8, and the limit is .*; check/,
  );
  assertEquals(error.code, "plugin/answer");
  const { limit, value } = error.detail as { limit: number; value: number };
  assertGreater(value, limit);
  const run = await runIn(config.output);
  const checkpoint = await loadLatestCheckpoint(`${run}/checkpoints`);
  assertEquals([checkpoint?.step, checkpoint?.data["poisoned"]], [7, { poisonous: { norm: 1 } }]);

  // A new head has not counted its calls yet, so that from here on all is well; the count is kept.
  const rest = await train(config, { resume: run });
  assert(rest.outcome.kind === "finished");
  assertEquals(rest.reports.map(({ step }) => step), [8, 9, 10, 11, 12]);
  assertEquals(rest.outcome.result.poisoned, { poisonous: { norm: 1 } });
});

Deno.test("fineTune() with head.onPoison: skip ends when more than 3 batches in a row are poisoned", async () => {
  await using folder = await withTempFolder();
  const config = await poisonConfig(folder.path, { from: 5, to: 99, factor: "NaN" }, "skip");

  const error = await assertRejects(() => train(config), KBertError);

  assertMatch(error.message, /at step 8; .* \(4 batches in a row were answered so, and the limit is 3\)$/);
  const checkpoint = await loadLatestCheckpoint(`${await runIn(config.output)}/checkpoints`);
  assertEquals([checkpoint?.step, checkpoint?.data["skipped"]], [7, 3]);
});

Deno.test("fineTune() with resume goes on after a skipped batch as one that was not interrupted", async () => {
  await using folder = await withTempFolder();
  const config = await poisonConfig(folder.path, { from: 3, to: 3, factor: "NaN" }, "skip");
  const whole = await train(config);

  // The head counts anew, and does not come to 3 any more.
  const first = await train(config, { stopAfter: 10 });
  const rest = await train(config, { resume: first.outcome.run });

  const losses = ({ reports }: Pick<Trained, "reports">): unknown =>
    reports.map(({ step, loss }) => [step, loss]);
  assertEquals(losses({ reports: [...first.reports, ...rest.reports] }), losses(whole));
  assert(rest.outcome.kind === "finished");
  assertEquals(rest.outcome.result.poisoned, { poisonous: { "not-finite": 1 } });
});

async function poisonConfig(
  folder: string,
  { from, to, factor }: Poison,
  onPoison: "abort" | "skip",
): Promise<TrainingConfig> {
  const poison = `const POISON = { from: ${from}, to: ${to}, factor: ${factor} };`;
  const plugin = await writeHead(folder, "poisonous", BODY, poison);
  const config = tinyConfig(`${folder}/runs`, { plugin });
  const head = { ...config.head, tier: "worker" as const, onPoison };
  return { ...config, head };
}

async function train(
  config: TrainingConfig,
  { stopAfter, resume, reports = [] }: {
    stopAfter?: number;
    resume?: string | undefined;
    reports?: StepReport[];
  } = {},
): Promise<Trained> {
  await using runtime = await createRuntime();
  const controller = new AbortController();
  const outcome = await runtime.fineTune({
    ...{ config, ...DATA, resume, signal: controller.signal },
    onStep: (report) => {
      reports.push(report);
      if (report.step === stopAfter) controller.abort();
    },
  });
  return { outcome, reports };
}

async function runIn(output: string): Promise<string> {
  for await (const { name } of Deno.readDir(output)) return `${output}/${name}`;
  throw new Error("There is no run");
}

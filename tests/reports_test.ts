/**
 * `training.logEverySteps`: figures are read and told every N steps, and nothing that is learned knows of it.
 *
 * @module
 */
import {
  assert,
  assertAlmostEquals,
  assertEquals,
  assertMatch,
  assertNotEquals,
  assertRejects,
} from "../core/deps/assert.ts";
import { loadLatestCheckpoint } from "../core/train/checkpoint.ts";
import { parseTrainingConfig, type TrainingConfig } from "../core/train/config.ts";
import type { ProgressState } from "../core/train/progress.ts";
import { createRuntime, type FineTuneOutcome, KBertError, type StepReport } from "../mod.ts";
import { tinyConfig, tinyData, tinyYaml, withTempFolder, writeHead } from "./fixtures/tiny_run.ts";
import { writePlugin } from "./fixtures/written_plugin.ts";

const DATA = tinyData();
/** 20 steps in epochs of 6. */
const TWENTY = { epochs: 4, maxSteps: 20 };

interface Trained {
  readonly outcome: FineTuneOutcome;
  readonly reports: readonly StepReport[];
  readonly progress: readonly ProgressState[];
}

Deno.test("fineTune() with logEverySteps learns the same to the last bit, and tells the means of the losses", async () => {
  await using folder = await withTempFolder();
  const each = await train(tinyConfig(folder.path, { training: TWENTY }));
  const fifth = await train(tinyConfig(folder.path, { training: { ...TWENTY, logEverySteps: 5 } }));

  assertEquals(await learnedBy(fifth), await learnedBy(each));
  assertEquals(fifth.reports.map(known), each.reports.map(known));
  // Every fifth step, and the last one of each epoch; the means are those of the steps since the report before.
  const told = fifth.reports.filter(({ loss }) => loss !== null);
  assertEquals(told.map(({ step, lossSteps = 1 }) => [step, lossSteps]), [
    ...[[5, 5], [6, 1], [10, 4], [12, 2]],
    ...[[15, 3], [18, 3], [20, 2]],
  ]);
  for (const { step, loss, lossSteps = 1, accuracy } of told) {
    const losses = each.reports.slice(step - lossSteps, step).map((report) => report.loss!);
    const mean = losses.reduce((sum, one) => sum + one, 0) / lossSteps;
    assertAlmostEquals(loss!, mean, 1e-6, `at step ${step}`); // sums of float32
    assertEquals(accuracy, each.reports[step - 1]!.accuracy);
  }
  assert(fifth.reports.every(({ loss, accuracy }) => loss !== null || accuracy === null));
  const log = await logOf(fifth);
  assertEquals(log.map(({ step, loss }) => [step, loss]), told.map(({ step, loss }) => [step, loss]));
});

Deno.test("fineTune() with logEverySteps adds micro-batches up by their shares", async () => {
  await using folder = await withTempFolder();
  const training = { accumulationSteps: 2, batchSize: 5, epochs: 1 }; // 5 steps, the last one of 4 examples
  const each = await train(tinyConfig(folder.path, { training }));
  const last = await train(tinyConfig(folder.path, { training: { ...training, logEverySteps: 99 } }));

  const losses = each.reports.map(({ loss }) => loss!);
  assertEquals(last.reports.map(({ loss }) => loss !== null), [false, false, false, false, true]);
  assertAlmostEquals(last.reports[4]!.loss!, losses.reduce((sum, one) => sum + one, 0) / 5, 1e-6);
  assertEquals(await learnedBy(last), await learnedBy(each));
});

Deno.test("fineTune() with resume tells in the middle between two reports what an uninterrupted run tells", async () => {
  await using folder = await withTempFolder();
  const config = tinyConfig(folder.path, { training: { ...TWENTY, logEverySteps: 5 } });
  const whole = await train(config);

  const reports: StepReport[] = [];
  let resume: string | undefined;
  for (const stopAfter of [3, 8, 9, undefined]) {
    const part = await train(config, { stopAfter, resume });
    reports.push(...part.reports);
    resume = part.outcome.run;
  }

  assertEquals(reports.map(numbers), whole.reports.map(numbers));
  const log = await logOf({ outcome: { run: resume! } });
  assertEquals(log.map(({ loss }) => loss), (await logOf(whole)).map(({ loss }) => loss));
});

Deno.test("fineTune() leaves the loss of a skipped batch out of the next report", async () => {
  await using folder = await withTempFolder();
  const plugin = await poisonous(folder.path, { calls: [3], poison: "tf.mul(loss, NaN)" });
  const each = await train(configOf(folder.path, plugin, "skip", { epochs: 1 }));
  const fifth = await train(configOf(folder.path, plugin, "skip", { epochs: 1, logEverySteps: 5 }));

  assertEquals(each.reports.map(({ step }) => step), [1, 2, 4, 5, 6]);
  const losses = each.reports.slice(0, 4).map(({ loss }) => loss!);
  assertEquals(fifth.reports.map(({ lossSteps }) => lossSteps), [
    undefined,
    undefined,
    undefined,
    4,
    undefined,
  ]);
  assertAlmostEquals(fifth.reports[3]!.loss!, losses.reduce((sum, one) => sum + one, 0) / 4, 1e-6);
  assertEquals(await learnedBy(fifth), await learnedBy(each));
});

Deno.test("fineTune() refuses a gradient that is NaN at once, also at a step without a report", async () => {
  await using folder = await withTempFolder();
  const plugin = await poisonous(folder.path, { calls: [3], poison: "tf.mul(loss, NaN)" });

  const error = await assertRejects(
    () => train(configOf(folder.path, plugin, "abort", { logEverySteps: 5 })),
    KBertError,
  );

  assertEquals(error.code, "train/not-finite");
  assertMatch(error.message, /^The gradient norm of poisonous is NaN at step 3; /);
});

Deno.test("fineTune() refuses a loss that was NaN, with a gradient that was not, at the next report", async (t) => {
  await using folder = await withTempFolder();
  const plugin = await poisonous(folder.path, { calls: [2], poison: "tf.add(loss, NaN)" });

  await t.step("and ends with it", async () => {
    const training = { logEverySteps: 4 };
    const error = await assertRejects(
      () => train(configOf(`${folder.path}/abort`, plugin, "abort", training)),
      KBertError,
    );
    assertEquals(error.code, "train/not-finite");
    assertMatch(
      error.message,
      /^The sum of the losses of the 3 steps before of poisonous is NaN at step 4; /,
    );
  });

  await t.step("or skips the batch, after which reports are good again", async () => {
    const { reports, outcome } = await train(
      configOf(`${folder.path}/skip`, plugin, "skip", { logEverySteps: 4 }),
    );
    assertEquals(reports.map(({ step, loss }) => [step, loss !== null]), [
      ...[[1, false], [2, false], [3, false]], // 4 is the skipped one
      ...[[5, false], [6, true], [7, false], [8, true], [9, false], [10, false], [11, false], [12, true]],
    ]);
    assert(outcome.kind === "finished");
    assertEquals(outcome.result.poisoned, { poisonous: { "not-finite": 1 } });
  });

  await t.step("and also where the run was interrupted in between", async () => {
    const config = configOf(`${folder.path}/resume`, plugin, "abort", { logEverySteps: 4 });
    const { outcome } = await train(config, { stopAfter: 3 });
    const error = await assertRejects(() => train(config, { resume: outcome.run }), KBertError);
    assertEquals(error.code, "train/not-finite");
  });
});

Deno.test("fineTune() tells callbacks every batch, the loss of those that report, and the mean of the whole epoch", async () => {
  await using folder = await withTempFolder();
  const body = `
    onBatchEnd(_batch, logs) { return { log: { known: Object.keys(logs).length, has: "loss" in logs ? 1 : 0 } }; }
    onEpochEnd(_epoch, { loss }) { return { log: { loss } }; }`;
  const watcher = await writePlugin(folder.path, {
    ...{ name: "watcher", port: "callback", base: "CallbackPort", body },
  });
  const heard = async (logEverySteps: number): Promise<Figures[]> => {
    const base = JSON.parse(tinyYaml(folder.path, { training: { logEverySteps } }));
    const callbacks = [{ plugin: watcher, tier: "worker" }];
    const log = await logOf(
      await train(parseTrainingConfig(JSON.stringify({ ...base, callbacks }), "tiny.yaml")),
    );
    return log.flatMap(({ callbacks }) => callbacks === undefined ? [] : [callbacks as Figures]);
  };
  const [each, fourth] = [await heard(1), await heard(4)];

  assertEquals(fourth.map((figures) => figures["watcher/has"]), [0, 0, 0, 1, 0, 1, 0, 1, 0, 0, 0, 1]);
  // Without a report it still has the rate and the norm, which are known.
  assertEquals(fourth.map((figures) => figures["watcher/known"]), [2, 2, 2, 4, 2, 4, 2, 4, 2, 2, 2, 4]);
  for (const end of [5, 11]) {
    assertAlmostEquals(fourth[end]!["watcher/loss"]!, each[end]!["watcher/loss"]!, 1e-6);
  }
  assertNotEquals(each[5]!["watcher/loss"], each[11]!["watcher/loss"]);
});

Deno.test("fineTune() with logEverySteps shows every step, with the loss of the last reports", async () => {
  await using folder = await withTempFolder();
  const { progress, reports } = await train(tinyConfig(folder.path, { training: { logEverySteps: 4 } }));

  assertEquals(progress.map(({ step }) => step), Array.from({ length: 12 }, (_, index) => index + 1));
  assertEquals(progress.map(({ loss }) => loss !== undefined), [false, false, false, ...Array(9).fill(true)]);
  assertEquals([progress[3]!.loss, progress[4]!.loss], [reports[3]!.loss, reports[3]!.loss]);
});

type Figures = Readonly<Record<string, number>>;

/** A head that does something to the loss of some of its steps; it counts evaluations, too. */
async function poisonous(
  folder: string,
  { calls, poison }: { calls: readonly number[]; poison: string },
): Promise<string> {
  const body = `
    calls = 0;
    dense = this.layers.linear("classifier", this.config.hidden_size, this.config.num_labels);
    forward(x) { return this.dense.apply(x); }
    getLossFunction() {
      return (logits, labels) => {
        const targets = tf.oneHot(tf.cast(labels, "int32"), 2);
        const loss = tf.neg(tf.mean(tf.sum(tf.mul(targets, tf.logSoftmax(logits)), 1)));
        return ${JSON.stringify(calls)}.includes(++this.calls) ? ${poison} : loss;
      };
    }`;
  return await writeHead(folder, "poisonous", body);
}

function configOf(
  output: string,
  plugin: string,
  onPoison: "abort" | "skip",
  training: Partial<TrainingConfig["training"]>,
): TrainingConfig {
  const config = tinyConfig(output, { plugin, training });
  return { ...config, head: { ...config.head, tier: "worker", onPoison } };
}

async function train(
  config: TrainingConfig,
  { stopAfter, resume }: { stopAfter?: number | undefined; resume?: string | undefined } = {},
): Promise<Trained> {
  await using runtime = await createRuntime({ log: () => {}, spares: 0 });
  const controller = new AbortController();
  const [reports, progress]: [StepReport[], ProgressState[]] = [[], []];
  const outcome = await runtime.fineTune({
    ...{ config, ...DATA, resume, signal: controller.signal },
    display: {
      note: () => {},
      progress: () => ({ update: (state) => void progress.push(state), note: () => {}, finish: () => {} }),
    },
    onStep: (report) => {
      reports.push(report);
      if (report.step === stopAfter) controller.abort();
    },
  });
  return { outcome, reports, progress };
}

/** Weights and moments of both sides. */
async function learnedBy({ outcome }: Trained): Promise<unknown> {
  return (await loadLatestCheckpoint(`${outcome.run}/checkpoints`))?.groups;
}

/** What is known of every step. */
function known({ step, learningRate, gradientNorm, tokens }: StepReport): Partial<StepReport> {
  return { step, learningRate, gradientNorm, tokens };
}

function numbers({ milliseconds: _, headMilliseconds: __, ...rest }: StepReport): Partial<StepReport> {
  return rest;
}

async function logOf({ outcome: { run } }: { outcome: { run: string } }): Promise<Record<string, unknown>[]> {
  const text = await Deno.readTextFile(`${run}/steps.jsonl`);
  return text.trim().split("\n").map((line) => JSON.parse(line));
}

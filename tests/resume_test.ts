/**
 * A run that is interrupted and resumed ends where one that was not would have: the same losses, weights
 * and scores, to the last bit.
 *
 * @module
 */
import { assert, assertEquals, assertInstanceOf, assertMatch, assertRejects } from "../core/deps/assert.ts";
import { loadLatestCheckpoint } from "../core/train/checkpoint.ts";
import type { TrainingConfig } from "../core/train/config.ts";
import { readModelFolder } from "../core/bert/files.ts";
import { createRuntime, type FineTuneOutcome, KBertError, type StepReport } from "../mod.ts";
import {
  GUIDE_HEAD,
  pathsIn,
  tinyConfig,
  type TinyData,
  tinyData,
  tinyTexts,
  withTempFolder,
  writeHead,
} from "./fixtures/tiny_run.ts";

const DATA = tinyData();

Deno.test("fineTune() with resume gives the losses, weights and scores of an uninterrupted run", async (t) => {
  await using folder = await withTempFolder();
  const config = tinyConfig(folder.path);
  const whole = await train(config);
  const expected = await summaryOf(whole.outcome);

  // In the first epoch, at its end, after its end, and before the last step.
  for (const stops of [[1], [6], [7], [11], [2, 6, 9]]) {
    await t.step(`stopped after step ${stops.join(" and ")}`, async () => {
      const reports: StepReport[] = [];
      let resume: string | undefined;
      for (const stopAfter of stops) {
        const part = await train(config, { stopAfter, resume });
        assertEquals([part.outcome.kind, part.outcome.run], ["interrupted", resume ?? part.outcome.run]);
        resume = part.outcome.run;
        reports.push(...part.reports);
      }
      const rest = await train(config, { resume });
      reports.push(...rest.reports);

      assertEquals(reports.map(numbers), whole.reports.map(numbers));
      assertEquals(await summaryOf(rest.outcome), expected);
      assertEquals(await loggedSteps(rest.outcome.run), steps(1, 12));
    });
  }
});

Deno.test("fineTune() with resume is exact when gradients are added up over micro-batches", async () => {
  await using folder = await withTempFolder();
  const config = tinyConfig(folder.path, { training: { accumulationSteps: 2, batchSize: 4, maxSteps: 9 } });
  const whole = await train(config);

  const first = await train(config, { stopAfter: 4 });
  const rest = await train(config, { resume: first.outcome.run });

  assertEquals([...first.reports, ...rest.reports].map(numbers), whole.reports.map(numbers));
  assertEquals(whole.reports.length, 9);
  assertEquals(await summaryOf(rest.outcome), await summaryOf(whole.outcome));
});

Deno.test("fineTune() with resume repeats the steps that a kill took after the last checkpoint", async () => {
  await using folder = await withTempFolder();
  const config = tinyConfig(folder.path, { training: { checkpointEverySteps: 4 } });
  const whole = await train(config);
  const killed = await train(config, { stopAfter: 6 });
  const run = killed.outcome.run;
  // As a kill after step 6 leaves it: no checkpoint but that of step 4, and half a line in the log.
  await Deno.remove(`${run}/checkpoints/step-00000006`, { recursive: true });
  await Deno.writeTextFile(`${run}/steps.jsonl`, '{"step":7,"lo', { append: true });

  const rest = await train(config, { resume: run });

  assertEquals(rest.reports.map(numbers), whole.reports.slice(4).map(numbers));
  assertEquals(await loggedSteps(run), steps(1, 12));
  assertEquals(await summaryOf(rest.outcome), await summaryOf(whole.outcome));
});

Deno.test("fineTune() with resume begins at the beginning where a kill came before the first checkpoint", async () => {
  await using folder = await withTempFolder();
  const config = tinyConfig(folder.path);
  const whole = await train(config);
  const killed = await train(config, { stopAfter: 2 });
  await Deno.remove(`${killed.outcome.run}/checkpoints`, { recursive: true });

  const rest = await train(config, { resume: killed.outcome.run });

  assertEquals(rest.reports.map(numbers), whole.reports.map(numbers));
  assertEquals(await loggedSteps(rest.outcome.run), steps(1, 12));
});

Deno.test("fineTune() with resume tests a finished run again and trains no step", async () => {
  await using folder = await withTempFolder();
  const config = tinyConfig(folder.path);
  const whole = await train(config);
  const expected = await summaryOf(whole.outcome);

  const again = await train(config, { resume: `${whole.outcome.run}/` });

  assertEquals(again.reports, []);
  assertEquals(await summaryOf(again.outcome), expected);
});

Deno.test("fineTune() with resume takes settings that change nothing of what is learned", async () => {
  await using folder = await withTempFolder();
  const config = tinyConfig(folder.path);
  const whole = await train(config);
  const first = await train(config, { stopAfter: 3 });

  const { training, head } = config;
  const rest = await train({
    ...config,
    name: "renamed",
    output: `${folder.path}/elsewhere`,
    training: {
      ...{ ...training, checkpointEverySteps: 5, logEverySteps: 2, evalBatchSize: 3 },
      ...{ gradientCheckpointing: true, deviceRestarts: 0 },
    },
    head: { ...head, callTimeoutMs: 60_000 },
  }, { resume: first.outcome.run });

  const learned = (
    { step, gradientNorm, learningRate }: StepReport,
  ): unknown => [step, gradientNorm, learningRate];
  assertEquals(rest.reports.map(learned), whole.reports.slice(3).map(learned));
  assertEquals(
    rest.reports.map(({ loss }) => loss === null),
    [4, 5, 6, 7, 8, 9, 10, 11, 12].map((n) => n % 2 === 1),
  );
  assertEquals(rest.outcome.run, first.outcome.run);
});

Deno.test("fineTune() with resume refuses another run's settings and names the first difference", async (t) => {
  await using folder = await withTempFolder();
  const config = tinyConfig(folder.path);
  const { run } = (await train(config, { stopAfter: 2 })).outcome;
  const before = await contentOf(run);

  const { training, model } = config;
  const otherHead = await writeHead(folder.path, "other_head", "forward(x) { return x; }");
  const changedHead = `${folder.path}/custom_classification_head`;
  await copyPlugin(GUIDE_HEAD, changedHead);
  await Deno.writeTextFile(`${changedHead}/custom_head.ts`, "\n// a change", { append: true });
  const cases: [string, TrainingConfig, TinyData, RegExp][] = [
    ["seed", { ...config, seed: 8 }, DATA, /: seed was 7 and is 8 now; restore that/],
    [
      "learning rate",
      { ...config, training: { ...training, learningRate: 0.02 } },
      DATA,
      /: training.learningRate was 0.01 and is 0.02 now/,
    ],
    ["epochs", { ...config, training: { ...training, epochs: 3 } }, DATA, /: training.epochs was 2 and is 3/],
    [
      "a setting that was left out",
      { ...config, training: { ...training, maxSteps: 5 } },
      DATA,
      /: training.maxSteps was not set and is 5 now/,
    ],
    ["size", { ...config, model: { ...model, layers: 2 } }, DATA, /: model.layers was 1 and is 2 now/],
    [
      "a setting of the head",
      { ...config, head: { ...config.head, settings: { dropout_rate: 0.2 } } },
      DATA,
      /: head.settings.dropout_rate was not set and is 0.2 now/,
    ],
    ["labels", config, { ...DATA, labels: ["ham", "junk"] }, /: its labels were ham, spam;/],
    [
      "training texts",
      config,
      { ...DATA, train: DATA.train.toReversed() },
      /: it was trained on other texts;/,
    ],
    ["test texts", config, { ...DATA, test: tinyTexts(9, 2) }, /: it was trained on other texts;/],
    [
      "another plugin",
      { ...config, head: { ...config.head, plugin: otherHead } },
      DATA,
      /it was trained with custom_classification_head and not with other_head;/,
    ],
    [
      "code of the plugin",
      { ...config, head: { ...config.head, plugin: changedHead } },
      DATA,
      /the plugin custom_classification_head was 1.0.0 \(\w{12}\) and is 1.0.0 \(\w{12}\) now;/,
    ],
  ];
  for (const [name, other, data, difference] of cases) {
    await t.step(name, async () => {
      const error = await assertRejects(() => train(other, { resume: run, data }), KBertError);

      assertEquals(error.code, "checkpoint/unusable");
      assertMatch(error.message, difference);
      assert(!error.message.includes("\n"));
      assertEquals(await contentOf(run), before);
    });
  }
});

Deno.test("fineTune() with resume refuses a folder that is no run", async (t) => {
  await using folder = await withTempFolder();
  const config = tinyConfig(`${folder.path}/runs`);
  const cases: [string, (path: string) => Promise<void>, RegExp][] = [
    ["missing", () => Promise.resolve(), /^Cannot resume [^\n]*: it has no run.json; give the folder/],
    ["empty", (path) => Deno.mkdir(path), /it has no run.json/],
    ["half", async (path) => {
      await Deno.mkdir(path);
      await Deno.writeTextFile(`${path}/run.json`, '{"format": 1, "con');
    }, /^Cannot resume [^\n]*JSON[^\n]*; give the folder/],
    ["other", async (path) => {
      await Deno.mkdir(path);
      await Deno.writeTextFile(`${path}/run.json`, '{"format": 2}');
    }, /^Cannot resume [^\n]*: run.json: [^\n]*; give the folder/],
  ];
  for (const [name, make, message] of cases) {
    await t.step(name, async () => {
      const path = `${folder.path}/${name}`;
      await make(path);
      const before = pathsIn(folder.path);

      const error = await assertRejects(() => train(config, { resume: path }), KBertError);

      assertEquals(error.code, "file/unusable");
      assertMatch(error.message, message);
      assertEquals(pathsIn(folder.path), before);
    });
  }
});

/** Trains, and stops after a step as Ctrl-C would. */
async function train(
  config: TrainingConfig,
  { stopAfter, resume, data = DATA }: {
    stopAfter?: number | undefined;
    resume?: string | undefined;
    data?: TinyData;
  } = {},
): Promise<{ outcome: FineTuneOutcome; reports: StepReport[] }> {
  await using runtime = await createRuntime();
  const controller = new AbortController();
  const reports: StepReport[] = [];
  const outcome = await runtime.fineTune({
    config,
    ...data,
    resume,
    signal: controller.signal,
    onStep: (report) => {
      reports.push(report);
      if (report.step === stopAfter) controller.abort();
    },
  });
  if (outcome.kind === "interrupted") assertEquals(outcome.step, stopAfter);
  return { outcome, reports };
}

/** Everything about a step that is not a time. */
function numbers({ milliseconds: _, headMilliseconds: __, ...rest }: StepReport): Partial<StepReport> {
  return rest;
}

/** Everything that a finished run made, without times: weights, moments and scores. */
async function summaryOf(outcome: FineTuneOutcome): Promise<unknown> {
  assertInstanceOf(outcome, Object);
  assert(outcome.kind === "finished");
  const { seconds: _, tokensPerSecond: __, plugins, ...scores } = outcome.result;
  const { weights, vocabulary } = await readModelFolder(outcome.model);
  const head = await Deno.readFile(`${outcome.model}/head.safetensors`);
  const checkpoint = await loadLatestCheckpoint(`${outcome.run}/checkpoints`);
  assertEquals(JSON.parse(await Deno.readTextFile(`${outcome.run}/result.json`)), outcome.result);
  return {
    scores,
    plugins: plugins.map(({ share: _, ...plugin }) => plugin),
    vocabulary,
    weights,
    head,
    groups: checkpoint?.groups,
    tokens: checkpoint?.data["tokens"],
  };
}

async function loggedSteps(run: string): Promise<number[]> {
  const lines = (await Deno.readTextFile(`${run}/steps.jsonl`)).trimEnd().split("\n");
  return lines.map((line) => (JSON.parse(line) as StepReport).step);
}

function steps(first: number, last: number): number[] {
  return Array.from({ length: last - first + 1 }, (_, index) => first + index);
}

/** Every file of a folder with its bytes. */
async function contentOf(folder: string): Promise<Map<string, Uint8Array>> {
  const content = new Map<string, Uint8Array>();
  for (const path of pathsIn(folder)) {
    const { isFile } = await Deno.stat(`${folder}/${path}`);
    if (isFile) content.set(path, await Deno.readFile(`${folder}/${path}`));
  }
  return content;
}

async function copyPlugin(from: string, to: string): Promise<void> {
  await Deno.mkdir(to);
  for (const { name } of Deno.readDirSync(from)) await Deno.copyFile(`${from}/${name}`, `${to}/${name}`);
}

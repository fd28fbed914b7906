/**
 * Runs with augmenters and callbacks in their places: what they do, what becomes of the run when they fail, and
 * that a run which was interrupted ends as one that was not.
 *
 * @module
 */
import {
  assert,
  assertEquals,
  assertGreater,
  assertMatch,
  assertNotEquals,
  assertRejects,
} from "../core/deps/assert.ts";
import { loadLatestCheckpoint } from "../core/train/checkpoint.ts";
import { parseTrainingConfig, type TrainingConfig } from "../core/train/config.ts";
import {
  createRuntime,
  type FineTuneOutcome,
  formatResult,
  KBertError,
  type RunResult,
  type StepReport,
} from "../mod.ts";
import { tinyData, tinyYaml, withTempFolder } from "./fixtures/tiny_run.ts";
import { writePlugin } from "./fixtures/written_plugin.ts";

const DATA = tinyData();

const augmenter = (folder: string, body: string, name = "changer"): Promise<string> =>
  writePlugin(folder, { name, port: "augmenter", base: "AugmenterPort", body });
const callback = (folder: string, body: string, name = "watcher"): Promise<string> =>
  writePlugin(folder, { name, port: "callback", base: "CallbackPort", body });

/** A run of 12 steps in 2 epochs with these plugins in workers. */
function configOf(
  output: string,
  { augmenters = [], callbacks = [], ...more }: {
    augmenters?: readonly Record<string, unknown>[];
    callbacks?: readonly Record<string, unknown>[];
    training?: Record<string, unknown>;
    data?: Record<string, unknown>;
    evaluation?: Record<string, unknown>;
    head?: Record<string, unknown>;
  },
): TrainingConfig {
  const base = JSON.parse(tinyYaml(output));
  const inWorker = (list: readonly Record<string, unknown>[]): unknown[] =>
    list.map((one) => ({ tier: "worker", ...one }));
  const content = { ...base, augmenters: inWorker(augmenters), callbacks: inWorker(callbacks) };
  for (const [part, settings] of Object.entries(more)) content[part] = { ...base[part], ...settings };
  return parseTrainingConfig(JSON.stringify(content), "tiny.yaml");
}

interface Trained {
  readonly outcome: FineTuneOutcome;
  readonly reports: readonly StepReport[];
  readonly notes: readonly string[];
}

async function train(
  config: TrainingConfig,
  { stopAfter = Infinity, resume }: { stopAfter?: number; resume?: string } = {},
): Promise<Trained> {
  await using runtime = await createRuntime({ log: () => {}, spares: 0 });
  const controller = new AbortController();
  const [reports, notes]: [StepReport[], string[]] = [[], []];
  const outcome = await runtime.fineTune({
    ...{ config, ...DATA, resume, signal: controller.signal },
    display: {
      note: (line) => notes.push(line),
      progress: () => ({ update: () => {}, note: () => {}, finish: () => {} }),
    },
    onStep: (report) => {
      reports.push(report);
      if (report.step === stopAfter) controller.abort(new Error("enough"));
    },
  });
  return { outcome, reports, notes };
}

function resultOf({ outcome }: Trained): RunResult {
  assert(outcome.kind === "finished");
  return outcome.result;
}

async function logOf({ outcome }: Trained): Promise<Record<string, unknown>[]> {
  const text = await Deno.readTextFile(`${outcome.run}/steps.jsonl`);
  return text.trim().split("\n").map((line) => JSON.parse(line));
}

/** Adds a word of its own choice; what is chosen follows from the seed. */
const ADDER = `augment(texts, context) {
  return this.augmentEach(texts, context, (text, random) => text + " extra" + random.below(5));
}`;
const WATCHER = `
  heard = [];
  onTrainBegin(state) { this.heard.push(["begin", state.step, state.maxSteps, state.epochs, state.stepsPerEpoch]); }
  onEpochBegin(epoch, state) { this.heard.push(["epoch", epoch, state.step]); }
  onEvaluate(logs) { this.heard.push(["evaluate", Object.keys(logs).sort().join()]); }
  onEpochEnd(epoch, logs) { this.heard.push(["end of", epoch, Object.keys(logs).sort().join()]); }
  onTrainEnd(logs, state) { this.heard.push(["over", state.step]); return { log: { moments: this.heard.length } }; }
  captureState() { return this.heard; }
  restoreState(state) { this.heard = state; }
`;

Deno.test("fineTune() tells callbacks every moment in order, and gives them the figures of each epoch", async () => {
  await using folder = await withTempFolder();
  const config = configOf(folder.path, {
    callbacks: [{ plugin: await callback(folder.path, WATCHER) }],
    data: { validationShare: 0.2 },
    training: { checkpointEverySteps: 5 },
  });

  const trained = await train(config);

  const last = await loadLatestCheckpoint(`${trained.outcome.run}/checkpoints`);
  const steps = last!.step;
  const figures = "val_accuracy,val_f1,val_loss,val_precision,val_recall";
  const means = `accuracy,learning_rate,loss,${figures}`;
  assertEquals(last!.data["callbacks"], {
    watcher: [
      ["begin", 0, steps, 2, steps / 2],
      ...[["epoch", 0, 0], ["evaluate", figures], ["end of", 0, means]],
      ...[["epoch", 1, steps / 2], ["evaluate", figures], ["end of", 1, means]],
    ],
  });
  const log = await logOf(trained);
  assertEquals(log.at(-1), { step: steps, callbacks: { "watcher/moments": 8 } });
  assertEquals(log.filter((line) => "val_loss" in line).map(({ step }) => step), [steps / 2, steps]);
  const { plugins, examples } = resultOf(trained);
  assertEquals(plugins.map(({ name, tier }) => `${name} ${tier}`), [
    "custom_classification_head worker",
    "watcher worker",
  ]);
  assertGreater(plugins[1]!.share, 0);
  assertEquals(examples.train + examples.validation, DATA.train.length);
});

Deno.test("fineTune() with augmenters and callbacks ends the same, interrupted or not, to the last bit", async () => {
  await using folder = await withTempFolder();
  const halving = `
    rate = 0;
    onEpochEnd(_epoch, _logs, state) { return { learningRate: this.rate = state.learningRate / 2 }; }
    onBatchEnd() { return { log: { rate: this.rate } }; }
    captureState() { return { rate: this.rate }; }
    restoreState({ rate }) { this.rate = rate; }
  `;
  const config = configOf(folder.path, {
    augmenters: [{ plugin: await augmenter(folder.path, ADDER) }],
    callbacks: [{ plugin: await callback(folder.path, halving) }, {
      plugin: await callback(folder.path, WATCHER, "other"),
    }],
    data: { validationShare: 0.2 },
    training: { checkpointEverySteps: 3 },
  });

  const whole = await train(config);
  const first = await train(config, { stopAfter: 7 });
  const second = await train(config, { resume: first.outcome.run });

  const both = [...first.reports, ...second.reports];
  assertEquals(
    both.map(({ step, loss, learningRate }) => [step, loss, learningRate]),
    whole.reports.map(({ step, loss, learningRate }) => [step, loss, learningRate]),
  );
  const groups = async ({ outcome }: Trained): Promise<unknown> =>
    (await loadLatestCheckpoint(`${outcome.run}/checkpoints`))?.groups;
  assertEquals(await groups(second), await groups(whole));
  const timeless = (log: Record<string, unknown>[]): unknown[] =>
    log.map(({ milliseconds: _, headMilliseconds: __, waitMilliseconds: ___, ...line }) => line);
  // A resumed run begins once more; that is heard, and counted, by whoever counts moments.
  const withoutCounts = async (trained: Trained): Promise<unknown[]> =>
    timeless(await logOf(trained)).filter((line) => !JSON.stringify(line).includes("other/moments"));
  assertEquals(await withoutCounts(second), await withoutCounts(whole));
  assertEquals(resultOf(second).scores, resultOf(whole).scores);
});

Deno.test("fineTune() with an augmenter trains on other texts than without, and tests on the texts as they are", async () => {
  await using folder = await withTempFolder();
  const plain = await train(configOf(folder.path, {}));
  const settings = { augmentation_probability: 0 };
  const idle = await train(
    configOf(folder.path, { augmenters: [{ plugin: await augmenter(folder.path, ADDER), settings }] }),
  );
  const changed = await train(
    configOf(folder.path, { augmenters: [{ plugin: await augmenter(folder.path, ADDER) }] }),
  );

  const losses = ({ reports }: Trained): (number | null)[] => reports.map(({ loss }) => loss);
  assertEquals(losses(idle), losses(plain));
  assertNotEquals(losses(changed), losses(plain));
  assertEquals(resultOf(changed).failures, {});
});

Deno.test("fineTune() averages over augmented copies of the test texts when it is told to", async () => {
  await using folder = await withTempFolder();
  const plugin = await augmenter(folder.path, ADDER);

  const same = resultOf(
    await train(configOf(folder.path, {
      augmenters: [{ plugin, settings: { augmentation_probability: 0 } }],
      evaluation: { testTimeCopies: 2 },
    })),
  );
  const trained = await train(
    configOf(folder.path, { augmenters: [{ plugin }], evaluation: { testTimeCopies: 2 } }),
  );
  const { testTimeAugmentation } = resultOf(trained);

  // The mean of three equal predictions is that prediction.
  assertEquals(same.testTimeAugmentation, { copies: 2, scores: same.scores });
  assertEquals([testTimeAugmentation?.copies, Object.keys(testTimeAugmentation?.scores ?? {})], [
    2,
    ["accuracy", "precision", "recall", "f1"],
  ]);
  assertMatch(formatResult(resultOf(trained)), /With the mean over 2 augmented copies: accuracy 0\.\d{4}/);
});

const BROKEN_AUGMENTERS: Readonly<Record<string, [body: string, kind: string]>> = {
  "throws": [`augment() { throw new Error("no words"); }`, "call/failed"],
  "hangs": [`augment() { return new Promise(() => {}); }`, "call/timeout"],
  "returns too few texts": [`augment(texts) { return texts.slice(1); }`, "count"],
  "returns no texts": [`augment(texts) { return texts.map(() => 7); }`, "form"],
  "returns empty texts": [`augment(texts) { return texts.map(() => ""); }`, "length"],
};
for (const [what, [body, kind]] of Object.entries(BROKEN_AUGMENTERS)) {
  Deno.test(`fineTune() goes on with an augmenter that ${what}, and counts it; or ends, if its user says so`, async () => {
    await using folder = await withTempFolder();
    const plugin = await augmenter(folder.path, body);
    const training = { maxSteps: 3 };
    const lenient = configOf(folder.path, { augmenters: [{ plugin, callTimeoutMs: 60 }], training });
    const strict = configOf(folder.path, {
      augmenters: [{ plugin, callTimeoutMs: 60, onFailure: "abort" }],
      training,
    });

    const trained = await train(lenient);
    const error = await assertRejects(() => train(strict), KBertError);

    const { failures, steps } = resultOf(trained);
    assertEquals([steps, failures], [3, { changer: { [kind]: 3 } }]); // not those of batches that no step took
    assert(
      trained.notes.some((line) => line.startsWith("The augmenter changer failed")),
      trained.notes.join("\n"),
    );
    assertMatch(formatResult(resultOf(trained)), new RegExp(`Failures of changer: \\d+ calls \\(${kind}\\)`));
    assertMatch(error.message, /changer/);
  });
}

Deno.test("fineTune() counts the failures of a run that was interrupted as those of one that was not", async () => {
  await using folder = await withTempFolder();
  const changer = `augment(texts, { seeds }) { return seeds[0] % 2 === 0 ? texts : texts.slice(1); }`;
  const watcher = `onBatchEnd(_batch, _logs, { step }) { if (step % 3 === 0) throw new Error("no idea"); }`;
  const config = (output: string): Promise<TrainingConfig> =>
    Promise.all([augmenter(folder.path, changer), callback(folder.path, watcher)]).then(([one, other]) =>
      configOf(output, { augmenters: [{ plugin: one }], callbacks: [{ plugin: other }] })
    );

  const whole = resultOf(await train(await config(`${folder.path}/whole`)));
  const interrupted = await config(`${folder.path}/interrupted`);
  const { outcome: { run } } = await train(interrupted, { stopAfter: 5 });
  const resumed = resultOf(await train(interrupted, { resume: run }));

  assertEquals(resumed.failures, whole.failures);
  assertEquals(whole.failures["watcher"], { "call/failed": 4 });
  assertGreater(whole.failures["changer"]!["count"]!, 1);
});

const BROKEN_CALLBACKS: Readonly<Record<string, [body: string, kind: string]>> = {
  "throws": [`onBatchEnd() { throw new Error("no idea"); }`, "call/failed"],
  "hangs": [`onBatchEnd() { return new Promise(() => {}); }`, "call/timeout"],
  "wishes a learning rate that is NaN": [`onBatchEnd() { return { learningRate: NaN }; }`, "form"],
  "wishes something else": [`onBatchEnd() { return { wish: 1 }; }`, "form"],
  "cannot say what it remembers": [
    `onBatchEnd() {} captureState() { throw new Error("no memory"); }`,
    "call/failed",
  ],
};
for (const [what, [body, kind]] of Object.entries(BROKEN_CALLBACKS)) {
  Deno.test(`fineTune() goes on with a callback that ${what}, and counts it; or ends, if its user says so`, async () => {
    await using folder = await withTempFolder();
    const plugin = await callback(folder.path, body);
    const training = { maxSteps: 3, checkpointEverySteps: 1 };
    const lenient = configOf(folder.path, { callbacks: [{ plugin, callTimeoutMs: 60 }], training });
    const strict = configOf(folder.path, {
      callbacks: [{ plugin, callTimeoutMs: 60, onFailure: "abort" }],
      training,
    });

    const trained = await train(lenient);
    const error = await assertRejects(() => train(strict), KBertError);

    const { failures, steps } = resultOf(trained);
    assertEquals([steps, failures], [3, { watcher: { [kind]: 3 } }]);
    assertMatch(error.message, /watcher/);
  });
}

Deno.test("fineTune() stops when a callback wishes it, says who and why, and a resumed run knows that it is over", async () => {
  await using folder = await withTempFolder();
  const stopper =
    `onBatchEnd(_batch, _logs, state) { if (state.step === 4) return { shouldStop: true, reason: "it is enough" }; }`;
  const config = configOf(folder.path, { callbacks: [{ plugin: await callback(folder.path, stopper) }] });

  const trained = await train(config);
  const again = await train(config, { resume: trained.outcome.run });

  const stopped = { plugin: "watcher", reason: "it is enough", step: 4, epoch: 0 };
  assertEquals([trained.reports.length, again.reports.length], [4, 0]);
  assertEquals([resultOf(trained).stopped, resultOf(again).stopped], [stopped, stopped]);
  assert(trained.notes.includes("watcher stopped the training after step 4: it is enough"));
  assertMatch(formatResult(resultOf(trained)), /Stopped by watcher after step 4: it is enough/);
});

Deno.test("fineTune() goes back to the weights that a callback kept as the best", async () => {
  await using folder = await withTempFolder();
  const keeper = `
    onBatchEnd(_batch, _logs, state) {
      if (state.step === 3) return { save: ["best", "checkpoint"] };
      if (state.step === 6) return { shouldStop: true, restoreBest: true };
    }`;
  const other = `onBatchEnd(_batch, _logs, state) { if (state.step === 5) return { save: "best" }; }`;
  const config = configOf(folder.path, {
    callbacks: [{ plugin: await callback(folder.path, keeper) }, {
      plugin: await callback(folder.path, other, "other"),
    }],
  });

  const trained = await train(config);
  const three = await train(configOf(folder.path, { training: { maxSteps: 12 } }), { stopAfter: 3 });

  const best = await loadLatestCheckpoint(`${trained.outcome.run}/best/watcher`);
  const last = await loadLatestCheckpoint(`${three.outcome.run}/checkpoints`);
  assertEquals(best?.groups, last?.groups);
  assert(
    trained.notes.some((line) => line.startsWith("Went back to the weights of step 3")),
    trained.notes.join("\n"),
  );
  // What is kept is what was tested and saved: the head of step 3.
  await using runtime = await createRuntime({ log: () => {} });
  await using classifier = await runtime.loadModel(trained.outcome.run);
  const [prediction] = await classifier.predict([DATA.test[0]!.text]);
  assert(trained.outcome.kind === "finished" && prediction!.probability! > 0);
});

/** A head whose `step` does something in its sixth call of forward. */
async function writeBrokenHead(folder: string, what: string): Promise<string> {
  const path = `${folder}/broken_head`;
  await Deno.mkdir(path);
  await Deno.writeTextFile(
    `${path}/plugin.yaml`,
    `name: broken_head\nversion: 1.0.0\nentry_points: { head: "main:Main" }\n`,
  );
  await Deno.writeTextFile(
    `${path}/main.ts`,
    `import { HeadPort, tf } from "k-bert/sdk/tensors";
    export class Main extends HeadPort {
      calls = 0;
      dense = this.layers.linear("classifier", this.config.hidden_size, this.config.num_labels);
      async forward(x) {
        if (++this.calls === 6) { ${what} }
        return this.dense.apply(x);
      }
    }\n`,
  );
  return path;
}

Deno.test("fineTune() skips the batch that its head throws at, counts it, and goes on; or ends with a checkpoint", async () => {
  await using folder = await withTempFolder();
  const plugin = await writeBrokenHead(folder.path, `throw new Error("not this one");`);

  const trained = await train(configOf(folder.path, { head: { plugin, tier: "worker", onPoison: "skip" } }));
  const strict = configOf(folder.path, { head: { plugin, tier: "worker", onPoison: "abort" } });
  const error = await assertRejects(() => train(strict), KBertError, "not this one");

  assertEquals(trained.reports.map(({ step }) => step), [1, 2, 3, 4, 5, 7, 8, 9, 10, 11, 12]);
  assertEquals([resultOf(trained).failures, resultOf(trained).poisoned], [{
    broken_head: { "call/failed": 1 },
  }, {}]);
  assertEquals(error.code, "call/failed");
  const skipped = (await logOf(trained)).find((line) => "skipped" in line);
  assertEquals([skipped?.["step"], skipped?.["skipped"]], [6, "call/failed"]);
});

for (const tier of ["worker", "process"] as const) {
  Deno.test(`fineTune() ends with a sentence when its head hangs in a ${tier}: its weights are lost with it`, async () => {
    await using folder = await withTempFolder();
    const plugin = await writeBrokenHead(
      folder.path,
      `for (const until = Date.now() + 3_000; Date.now() < until;);`,
    );
    const config = configOf(folder.path, { head: { plugin, tier, onPoison: "skip", callTimeoutMs: 400 } });

    const error = await assertRejects(() => train(config), KBertError);

    assertEquals([error.code, error.message], [
      "call/timeout",
      "The plugin broken_head did not answer step() within 400 ms",
    ]);
  });
}

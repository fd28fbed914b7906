import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { type ConsentOptions, createRuntime, GrantStore } from "k-bert";
import { CallbackConfig, EventBus, type TrainerState } from "k-bert/sdk";
import { withTempFolder } from "../../tests/fixtures/tiny_run.ts";
import { readEvents } from "./event_file_reader.ts";
import { MemoryFiles } from "./memory_files.ts";
import { MetricsLogger } from "./metrics_logger.ts";

type Settings = Partial<ConstructorParameters<typeof MetricsLogger>[0]>;

const DEFAULTS = { formats: ["jsonl", "tensorboard"], folder: "logs", every_steps: 0 } as const;
const NOON = Date.UTC(2026, 0, 31, 12);
const NOON_SECONDS = NOON / 1_000;

/** A logger with files in memory, at noon. */
class Made implements Disposable {
  nowMs = NOON;
  readonly bus = new EventBus();
  readonly files = new MemoryFiles();
  readonly logger: MetricsLogger;

  constructor(settings: Settings = {}) {
    const config = { ...CallbackConfig({ name: "metrics_logger" }), ...DEFAULTS, ...settings };
    this.logger = new MetricsLogger(config, this.bus, this.files, () => this.nowMs);
  }

  /** What was written as JSON, by line. */
  get lines(): Record<string, unknown>[] {
    return linesOf(this.files.matching(/\.jsonl$/));
  }

  get warnings(): string[] {
    return this.bus.history("callback.warning").map(({ payload }) => payload.message);
  }

  [Symbol.dispose](): void {
    this.bus[Symbol.dispose]();
  }
}

function linesOf(files: readonly Uint8Array[]): Record<string, unknown>[] {
  const text = files.map((bytes) => new TextDecoder().decode(bytes)).join("");
  return text.split("\n").slice(0, -1).map((line) => JSON.parse(line));
}

function sizeOf(files: readonly Uint8Array[]): number {
  return files.reduce((sum, { length }) => sum + length, 0);
}

function stateAt(step: number, epoch = 0): TrainerState {
  return { epoch, step, maxSteps: 8, shouldStop: false };
}

Deno.test("MetricsLogger writes each moment of a training as a line and as an event, in a folder of the run's", async () => {
  using made = new Made();
  const { logger, files } = made;

  await logger.onTrainBegin(stateAt(0));
  made.nowMs += 1_500;
  await logger.onEvaluate({ val_loss: NaN }, stateAt(4));
  await logger.onEpochEnd(0, { loss: 0.5, val_loss: NaN }, stateAt(4));
  await logger.onTrainEnd({ loss: 0.25 }, stateAt(8, 1));

  const time = "2026-01-31T12:00:01.500Z";
  const broken = { logs: { val_loss: null }, not_finite: ["val_loss"] };
  assertEquals(made.lines, [
    { time: "2026-01-31T12:00:00.000Z", moment: "train_begin", epoch: 0, step: 0, logs: {} },
    { time, moment: "evaluate", epoch: 0, step: 4, ...broken },
    { time, moment: "epoch_end", epoch: 0, step: 4, ...broken, logs: { loss: 0.5, val_loss: null } },
    { time, moment: "train_end", epoch: 1, step: 8, logs: { loss: 0.25 } },
  ]);
  const header = { wallTime: NOON_SECONDS, step: 0, fileVersion: "brain.Event:2", scalars: {} };
  const wallTime = NOON_SECONDS + 1.5;
  assertEquals(files.matching(/tfevents/).map(readEvents), [
    [header, { wallTime: NOON_SECONDS, step: 0, scalars: {} }],
    [
      header,
      { wallTime, step: 4, scalars: { "evaluate/val_loss": NaN } },
      { wallTime, step: 4, scalars: { "epoch_end/loss": 0.5, "epoch_end/val_loss": NaN } },
    ],
    [header, { wallTime, step: 8, scalars: { "train_end/loss": 0.25 } }],
  ]);
  const run = "logs/2026-01-31T12-00-00.000Z";
  assertEquals([...files.contents.keys()].toSorted(), [
    `${run}/events.out.tfevents.${NOON_SECONDS}.kbert`,
    `${run}/events.out.tfevents.${NOON_SECONDS}.kbert.00001`,
    `${run}/events.out.tfevents.${NOON_SECONDS}.kbert.00002`,
    `${run}/metrics.${NOON_SECONDS}.00000.jsonl`,
  ]);
});

Deno.test("MetricsLogger hears of steps only if it is to write some, and writes them with the epoch", async () => {
  using without = new Made();
  using made = new Made({ every_steps: 2, formats: ["jsonl"] });
  const { logger, files } = made;

  await logger.onTrainBegin(stateAt(0));
  for (let step = 1; step <= 5; step++) await logger.onBatchEnd?.(step - 1, { loss: step }, stateAt(step));
  const before = files.writes.length;
  await logger.onEpochEnd(0, { loss: 3 }, stateAt(5));

  assertEquals("onBatchEnd" in without.logger, false);
  assertEquals([before, files.writes.length], [1, 2]);
  assertEquals(made.lines.map(({ moment, step }) => [moment, step]), [
    ["train_begin", 0],
    ["batch_end", 2],
    ["batch_end", 4],
    ["epoch_end", 5],
  ]);
});

Deno.test("MetricsLogger has no more than 64 KiB of each format wait in a long epoch, and loses no step", async () => {
  using made = new Made({ every_steps: 1 });
  const { logger, files } = made;
  const sizes = (): number[] => [/jsonl/, /tfevents/].map((pattern) => sizeOf(files.matching(pattern)));

  for (let step = 1; step <= 2_000; step++) {
    await logger.onBatchEnd?.(step - 1, { loss: 1 / step, accuracy: 0.5 }, stateAt(step));
  }
  const before = sizes();
  await logger.deactivate();

  const waited = sizes().map((size, index) => size - before[index]!);
  assert(before.every((size) => size > 0) && waited.every((size) => size <= 2 ** 16 + 100), waited.join());
  const all = Array.from({ length: 2_000 }, (_, index) => index + 1);
  const events = files.matching(/tfevents/).flatMap(readEvents);
  assertEquals(events.filter(({ fileVersion }) => fileVersion === undefined).map(({ step }) => step), all);
  assertEquals(made.lines.map(({ step }) => step), all);
});

Deno.test("MetricsLogger writes only the formats that it is told, each once", async () => {
  using made = new Made({ formats: ["tensorboard", "tensorboard"] });

  await made.logger.onEpochEnd(0, { loss: 1 }, stateAt(4));

  assertEquals(made.files.writes.map((path) => path.includes("tfevents")), [true]);
});

Deno.test("MetricsLogger that cannot write warns once, writes no more, and does not stop the training", async () => {
  using made = new Made({ every_steps: 1 });
  const { logger, files } = made;
  await logger.onTrainBegin(stateAt(0));
  const before = files.writes.length;

  files.failure = new Error("the disk is full");
  await logger.onEpochEnd(0, { loss: 1 }, stateAt(4));
  files.failure = undefined;
  await logger.onBatchEnd?.(0, { loss: 1 }, stateAt(5));
  await logger.onEpochEnd(1, { loss: 1 }, stateAt(8, 1));
  await logger.onTrainEnd({}, stateAt(8, 1));
  await logger.deactivate();

  assertEquals(made.warnings, [
    "The figures of this training are not written from here on: the disk is full",
  ]);
  assertEquals(files.writes.length - before, 1);
});

Deno.test("MetricsLogger goes on in the folder of the run that it resumes, in files that write over none", async () => {
  using first = new Made();
  using second = new Made();

  await first.logger.onEpochEnd(0, { loss: 1 }, stateAt(4));
  second.nowMs += 10;
  second.logger.restoreState(JSON.parse(JSON.stringify(first.logger.captureState())));
  await second.logger.onEpochEnd(1, { loss: 0.5 }, stateAt(8, 1));

  const run = "logs/2026-01-31T12-00-00.000Z";
  const names = [first, second].flatMap(({ files }) => [...files.contents.keys()]);
  assertEquals(names, [
    `${run}/metrics.${NOON_SECONDS}.00000.jsonl`,
    `${run}/events.out.tfevents.${NOON_SECONDS}.kbert`,
    `${run}/metrics.${NOON_SECONDS + 1}.00000.jsonl`,
    `${run}/events.out.tfevents.${NOON_SECONDS + 1}.kbert`,
  ]);
});

Deno.test("MetricsLogger begins a folder of its own where the run before had none", async () => {
  using made = new Made();

  made.logger.restoreState(null); // what a state of undefined is in a checkpoint
  await made.logger.onEpochEnd(0, { loss: 1 }, stateAt(4));

  assertEquals(made.lines.length, 1);
});

Deno.test("MetricsLogger writes what waits when the training ended in an error", async () => {
  using made = new Made({ every_steps: 1, formats: ["jsonl"] });

  await made.logger.onBatchEnd?.(0, { loss: 1 }, stateAt(1));
  await made.logger.deactivate();

  assertEquals(made.lines.map(({ moment }) => moment), ["batch_end"]);
});

/** Says yes to whatever is asked, and remembers it in this folder. */
function yesIn(folder: string): ConsentOptions {
  return { ask: () => Promise.resolve("y"), store: () => GrantStore.open(`${folder}/grants.json`) };
}

/** The plugin as a user would have it who wants its files elsewhere: with another folder in plugin.yaml. */
async function copyThatWritesTo(folder: string, target: string): Promise<string> {
  const source = "plugins/metrics_logger";
  await Deno.mkdir(`${target}/metrics_logger`);
  for await (const { name } of Deno.readDir(source)) {
    const text = await Deno.readTextFile(`${source}/${name}`);
    await Deno.writeTextFile(`${target}/metrics_logger/${name}`, text.replaceAll("runs/metrics", folder));
  }
  return `${target}/metrics_logger`;
}

for (const tier of ["worker", "process"] as const) {
  Deno.test(`MetricsLogger writes through its port, in a ${tier}, what the user granted`, async () => {
    await using temp = await withTempFolder();
    const folder = `${temp.path}/metrics`;
    await Deno.mkdir(folder);
    await using runtime = await createRuntime({ spares: 0, consent: yesIn(temp.path) });
    const warnings: string[] = [];
    runtime.events.on("callback.warning", ({ message }) => warnings.push(message));
    const plugin = await runtime.plugins.start(await copyThatWritesTo(folder, temp.path), {
      ...{ port: "callback", tier, settings: { every_steps: 1 } },
    });

    await plugin.methods().notify([["onTrainBegin"]], stateAt(0));
    await plugin.methods().notify([["onBatchEnd", 0, { loss: 2 }]], stateAt(1));
    const moments = [["onEvaluate", { val_loss: NaN }], ["onEpochEnd", 0, {
      loss: 1,
      val_loss: NaN,
    }]] as const;
    const wishes = await plugin.methods().notify(moments, stateAt(2));
    await plugin.methods().notify([["onBatchEnd", 0, { loss: 0.5 }]], stateAt(3, 1));
    await plugin.unload();

    const [run] = [...Deno.readDirSync(folder)];
    const names = [...Deno.readDirSync(`${folder}/${run!.name}`)].map(({ name }) => name).toSorted();
    const read = (format: string): Uint8Array[] =>
      names.filter((name) => name.includes(format)).map((name) =>
        Deno.readFileSync(`${folder}/${run!.name}/${name}`)
      );
    assertEquals(linesOf(read("jsonl")).map(({ moment, step }) => [moment, step]), [
      ["train_begin", 0],
      ["batch_end", 1],
      ["evaluate", 2],
      ["epoch_end", 2],
      ["batch_end", 3], // written when the plugin was unloaded
    ]);
    assertEquals(read("tfevents").map((bytes) => readEvents(bytes).map(({ scalars }) => scalars)), [
      [{}, {}],
      [{}, { "batch_end/loss": 2 }, { "evaluate/val_loss": NaN }, {
        "epoch_end/loss": 1,
        "epoch_end/val_loss": NaN,
      }],
      [{}, { "batch_end/loss": 0.5 }],
    ]);
    assertEquals([wishes, warnings], [{}, []]);
  });
}

Deno.test("MetricsLogger that comes with k-bert asks for one folder, and goes on without where the host may not write", async () => {
  await using temp = await withTempFolder();
  const questions: string[] = [];
  const consent = {
    ...yesIn(temp.path),
    ask(question: string): Promise<string> {
      questions.push(question);
      return Promise.resolve("y");
    },
  };
  await using runtime = await createRuntime({ spares: 0, consent });
  const warnings: string[] = [];
  runtime.events.on("callback.warning", ({ message }) => warnings.push(message));

  const plugin = await runtime.plugins.start("plugins/metrics_logger", {
    ...{ port: "callback", settings: { folder: "elsewhere" } },
  });
  for (const epoch of [0, 1]) await plugin.methods().onEpochEnd(epoch, { loss: 1 }, stateAt(4, epoch));

  assertEquals(questions.length, 1);
  assertStringIncludes(questions[0]!, "runs/metrics");
  assertEquals(plugin.tier, "worker");
  assertEquals(warnings.length, 1);
  assertStringIncludes(warnings[0]!, "may not write");
  assertStringIncludes(warnings[0]!, "permissions.write");
});

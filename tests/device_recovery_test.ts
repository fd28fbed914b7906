/**
 * A run whose device fails goes on from its last checkpoint on a new one, and ends where a run without the
 * failure would have.
 *
 * @module
 */
import { assert, assertEquals, assertMatch, assertRejects } from "../core/deps/assert.ts";
import * as tf from "../core/deps/tfjs.ts";
import { readModelFolder } from "../core/bert/files.ts";
import type { TrainingConfig } from "../core/train/config.ts";
import {
  createRuntime,
  type FineTuneOutcome,
  KBertError,
  type RuntimeEvents,
  type StepReport,
} from "../mod.ts";
import { BACKENDS } from "./fixtures/backends.ts";
import { tinyConfig, tinyData, withTempFolder } from "./fixtures/tiny_run.ts";

type Restarted = RuntimeEvents["train.backend_restarted"];

Deno.test("fineTune() goes on from the last checkpoint when its device fails", async () => {
  await using folder = await withTempFolder();
  const config = tinyConfig(folder.path, { training: { checkpointEverySteps: 4 } });
  const whole = await train(config);

  const { outcome, reports, notes, restarts } = await train(config, { failAfter: [6] });

  assertEquals(reports.map(({ step }) => step), [...steps(1, 6), ...steps(5, 12)]);
  assertEquals(reports.map(numbers), [...whole.reports.slice(0, 6), ...whole.reports.slice(4)].map(numbers));
  assertEquals(await modelOf(outcome), await modelOf(whole.outcome));
  assertEquals(restarts.map(({ step, backend, restarts }) => [step, backend, restarts]), [[4, "wasm", 1]]);
  assert(notes.includes("Going on with wasm after step 4, its last checkpoint"), notes.join("\n"));
  assertEquals(await loggedSteps(outcome.run), steps(1, 12));
});

Deno.test("fineTune() begins at the beginning when its device fails before the first checkpoint", async () => {
  await using folder = await withTempFolder();
  const config = tinyConfig(folder.path);
  const whole = await train(config);

  const { outcome, reports, notes, restarts } = await train(config, { failAfter: [3] });

  assertEquals(reports.map(numbers), [...whole.reports.slice(0, 3), ...whole.reports].map(numbers));
  assertEquals(await modelOf(outcome), await modelOf(whole.outcome));
  assertEquals(restarts.map(({ step }) => step), [0]);
  assert(notes.includes("Going on with wasm from the beginning"), notes.join("\n"));
});

Deno.test("fineTune() writes no checkpoint of what a failed device computed", async () => {
  await using folder = await withTempFolder();
  const config = tinyConfig(folder.path, { training: { checkpointEverySteps: 4 } });

  // The failure is there when the checkpoint of step 8 is due.
  const { restarts } = await train(config, { failAfter: [8] });

  assertEquals(restarts.map(({ step }) => step), [4]);
});

Deno.test("fineTune() tests the model again when its device fails in that, and trains no step twice", async () => {
  await using folder = await withTempFolder();
  const config = tinyConfig(folder.path);
  const whole = await train(config);

  const { outcome, reports, restarts } = await train(config, { failInTest: true });

  assertEquals(reports.map(numbers), whole.reports.map(numbers));
  assertEquals(await modelOf(outcome), await modelOf(whole.outcome));
  assertEquals(restarts.map(({ step }) => step), [12]);
});

Deno.test("fineTune() gives up after deviceRestarts failures, and can be resumed", async () => {
  await using folder = await withTempFolder();
  const training = { checkpointEverySteps: 2, deviceRestarts: 2 };
  const config = tinyConfig(folder.path, { training });
  const whole = await train(config);
  const failed: string[] = [];

  const error = await assertRejects(
    () => train(config, { failAfter: [3, 3, 3], onNote: (line) => failed.push(line) }),
    KBertError,
  );

  assertEquals(error.code, "device/failed");
  assertEquals(failed.filter((line) => line.startsWith("Going on with wasm")).length, 2);
  const run = failed.find((line) => line.startsWith("The run is kept in "))!.slice(
    "The run is kept in ".length,
  );
  const rest = await train(config, { resume: run });
  assertEquals(rest.reports.map(numbers), whole.reports.slice(2).map(numbers));
  assertEquals(await modelOf(rest.outcome), await modelOf(whole.outcome));
});

Deno.test("fineTune() with deviceRestarts 0 ends with the first failure", async () => {
  await using folder = await withTempFolder();
  const config = tinyConfig(folder.path, { training: { deviceRestarts: 0, maxSteps: 3 } });

  const error = await assertRejects(() => train(config, { failAfter: [1] }), KBertError);

  assertMatch(error.message, /^The GPU reported an error/);
});

Deno.test("fineTune() survives the loss of a GPU device", async (t) => {
  if (!BACKENDS.includes("webgpu")) return;
  await using folder = await withTempFolder();
  const training = { checkpointEverySteps: 2, maxSteps: 4 };
  const config = { ...tinyConfig(folder.path, { training }), backend: "webgpu" as const };
  const whole = await train(config);

  await t.step("after a checkpoint", async () => {
    const { outcome, reports, restarts } = await train(config, { destroyAfter: 3 });

    assertEquals(reports.map(({ step }) => step), [1, 2, 3, 3, 4]);
    assertEquals(reports.slice(3).map(numbers), whole.reports.slice(2).map(numbers));
    assertEquals(await modelOf(outcome), await modelOf(whole.outcome));
    assertEquals(restarts.map(({ step, backend }) => [step, backend]), [[2, "webgpu"]]);
    assertMatch(restarts[0]!.reason, /device was lost/);
  });

  await t.step("before a checkpoint", async () => {
    const { reports, restarts } = await train(config, { destroyAfter: 1 });

    assertEquals(reports.slice(1).map(numbers), whole.reports.map(numbers));
    assertEquals(restarts.map(({ step }) => step), [0]);
  });
});

interface Options {
  /** Steps after which the backend says that its device failed, until it is started again. */
  readonly failAfter?: readonly number[];
  /** Whether it says so when the trained model is tested. */
  readonly failInTest?: boolean;
  /** Step after which the GPU device is destroyed. */
  readonly destroyAfter?: number;
  readonly resume?: string;
  readonly onNote?: (line: string) => void;
}

interface Trained {
  readonly outcome: FineTuneOutcome;
  readonly reports: readonly StepReport[];
  readonly notes: readonly string[];
  readonly restarts: readonly Restarted[];
}

async function train(config: TrainingConfig, options: Options = {}): Promise<Trained> {
  const { failAfter = [], failInTest = false, destroyAfter, resume, onNote } = options;
  await using runtime = await createRuntime();
  const [reports, notes, restarts]: [StepReport[], string[], Restarted[]] = [[], [], []];
  const failures = [...failAfter];
  let isFailed = false;
  runtime.events.on("train.backend_restarted", (restart) => {
    restarts.push(restart);
  });
  const backend = await runtime.backend(config.backend);
  const [check, tensorsBefore] = [backend.check.bind(backend), tf.memory().numTensors];
  backend.check = () => {
    if (!isFailed) return check();
    const message = "The GPU reported an error, and nothing computed since can be trusted: a test";
    throw new KBertError("device/failed", message, { backend: "wasm", reason: "a test" });
  };
  const outcome = await runtime.fineTune({
    ...{ config, ...tinyData(), resume },
    display: {
      note: (line) => {
        if (line.startsWith("Going on with wasm")) isFailed = false;
        if (failInTest && line.startsWith("Testing on") && restarts.length === 0) isFailed = true;
        notes.push(line);
        onNote?.(line);
      },
      progress: () => ({ update: () => {}, note: () => {}, finish: () => {} }),
    },
    onStep: (report) => {
      reports.push(report);
      if (report.step === failures[0]) {
        failures.shift();
        isFailed = true;
      }
      if (report.step === destroyAfter && restarts.length === 0) {
        (tf.backend() as unknown as { device: GPUDevice }).device.destroy();
      }
    },
  });
  assertEquals(tf.memory().numTensors, tensorsBefore);
  return { outcome, reports, notes, restarts };
}

/** Everything about a step that is not a time. */
function numbers({ milliseconds: _, headMilliseconds: __, ...rest }: StepReport): Partial<StepReport> {
  return rest;
}

/** The weights of encoder and head, and the loss on the test examples. */
async function modelOf(outcome: FineTuneOutcome): Promise<unknown> {
  assert(outcome.kind === "finished");
  const { weights } = await readModelFolder(outcome.model);
  const head = await Deno.readFile(`${outcome.model}/head.safetensors`);
  return { weights, head, loss: outcome.result.loss };
}

/** Steps that have a loss in the log. */
async function loggedSteps(run: string): Promise<number[]> {
  const lines = (await Deno.readTextFile(`${run}/steps.jsonl`)).trimEnd().split("\n");
  return lines.map((line) => JSON.parse(line) as StepReport).filter(({ loss }) => loss !== undefined)
    .map(({ step }) => step);
}

function steps(first: number, last: number): number[] {
  return Array.from({ length: last - first + 1 }, (_, index) => first + index);
}

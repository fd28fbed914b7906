/**
 * A run whose plugins are edited while it trains: with the same code, it gives the same numbers to the last bit;
 * with code that is broken, the version before goes on.
 *
 * @module
 */
import { assert, assertEquals, assertMatch, assertNotEquals } from "../core/deps/assert.ts";
import type { TrainingConfig } from "../core/train/config.ts";
import { createRuntime, type FineTuneOutcome, type Runtime, type StepReport } from "../mod.ts";
import { tinyConfig, type TinyData, tinyData, withTempFolder, writeHead } from "./fixtures/tiny_run.ts";

const DATA: TinyData = tinyData();
/** A head with dropout: its random numbers have to go on, too. */
const HEAD = `
  dropout = this.layers.dropout(0.2);
  classifier = this.layers.linear("classifier", 16, this.config.num_labels);
  override forward(x: tf.Tensor): tf.Tensor { return this.classifier.apply(this.dropout.apply(x)); }
`;

Deno.test("a run whose head is rewritten every 50 steps with the same code gives the same losses", async () => {
  await using folder = await withTempFolder();
  const plugin = await writeHead(folder.path, "my_head", HEAD);
  const config = tinyConfig(folder.path, { plugin, training: { epochs: 34, maxSteps: 200 } });
  const undisturbed = await train(config);

  const edited = await train(config, async (runtime, { step }) => {
    if (step % 50 === 0 && step < 200) await rewriteHead(plugin, `// as of step ${step}`, HEAD);
    // Not at once: it happens in the middle of the steps, wherever that may be.
    if (step % 50 === 20 && step > 50) await until(runtime, "plugin.reloaded", step / 50 | 0);
  });

  assertEquals(edited.topics, ["plugin.reloaded", "plugin.reloaded", "plugin.reloaded"]);
  assertEquals(edited.reports.map(numbers), undisturbed.reports.map(numbers));
  assertEquals(edited.outcome.result.scores, undisturbed.outcome.result.scores);
  const { codeChanges = [] } = edited.outcome.result;
  assertEquals(codeChanges.map(({ plugin }) => plugin), ["my_head", "my_head", "my_head"]);
  assertEquals(codeChanges.at(-1)!.to, edited.outcome.result.plugins[0]!.sha256);
  assertNotEquals(codeChanges[0]!.from, codeChanges[0]!.to);
});

Deno.test("a run is reloaded between two micro-batches without losing the gradients of the first", async () => {
  await using folder = await withTempFolder();
  const plugin = await writeHead(folder.path, "my_head", HEAD);
  const training = { accumulationSteps: 4, batchSize: 2, maxSteps: 10 };
  const config = tinyConfig(folder.path, { plugin, training });
  const undisturbed = await train(config);
  let calls = 0;

  const edited = await train(config, undefined, (runtime) => {
    let initialized = Promise.withResolvers<void>();
    runtime.plugins.hook({
      // The second micro-batch of every second step goes to the old version, when the new one is about to take over.
      preExecution: async (_plugin, method) => {
        if (method !== "step" || ++calls % 8 !== 2) return;
        initialized = Promise.withResolvers();
        await rewriteHead(plugin, `// ${calls}`, HEAD);
        await initialized.promise;
      },
      postInitialization: () => initialized.resolve(),
    });
  });

  assertEquals(edited.topics, Array.from({ length: 5 }, () => "plugin.reloaded"));
  assertEquals(edited.reports.map(numbers), undisturbed.reports.map(numbers));
});

Deno.test("a run goes on with the version before when the new code of its head is broken", async (t) => {
  await using folder = await withTempFolder();
  const plugin = await writeHead(folder.path, "my_head", HEAD);
  const config = tinyConfig(folder.path, { plugin });
  const undisturbed = await train(config);
  const broken: Record<string, [body: string, topics: string[], reason: RegExp]> = {
    "it is no TypeScript": ["oops (", ["plugin.reload_failed"], /head\.ts:\d+/],
    "it imports what it may not": [
      `${HEAD} async gone() { await import("node:fs"); }`,
      ["plugin.reload_failed"],
      /node:fs/,
    ],
    "its constructor throws": [
      `${HEAD} slip = (() => { throw new Error("a slip"); })();`,
      ["plugin.reload_failed"],
      /a slip/,
    ],
    "its weights have other shapes": [
      HEAD.replace("16, this.config.num_labels", "16, this.config.num_labels, 1").replace(
        '"classifier"',
        '"other"',
      ),
      ["plugin.reload_failed"],
      /no place for the weights of other\.weight/,
    ],
    "it reads other hidden states": [
      `${HEAD} override get reads(): "mean" { return "mean"; }`,
      ["plugin.reload_failed"],
      /it reads mean now/,
    ],
    "it fails in the first step": [
      HEAD.replace("return this", 'throw new Error("a slip"); return this'),
      ["plugin.reloaded", "plugin.rolled_back"],
      /a slip/,
    ],
    "it answers NaN": [
      HEAD.replace(
        "return this.classifier.apply(this.dropout.apply(x))",
        "return tf.mul(this.classifier.apply(x), NaN)",
      ),
      ["plugin.reloaded", "plugin.rolled_back"],
      /is NaN/,
    ],
    "it crashes in the first step": [
      HEAD.replace(
        "override forward(x: tf.Tensor): tf.Tensor { return",
        "override async forward(x: tf.Tensor): Promise<tf.Tensor> { setTimeout(() => { throw new Error('a crash'); }); " +
          "await new Promise(() => {}); return",
      ),
      ["plugin.reloaded", "plugin.crashed", "plugin.rolled_back"],
      /a crash/,
    ],
  };

  for (const [name, [body, topics, reason]] of Object.entries(broken)) {
    await t.step(name, async () => {
      await rewriteHead(plugin, "", HEAD);
      const edited = await train(config, async (runtime, { step }) => {
        if (step === 4) await rewriteHead(plugin, "", body);
        if (step === 4) await until(runtime, topics[0]!, 1);
      });

      assertEquals(edited.topics, topics);
      assertMatch(edited.reasons.join("\n"), reason);
      assertEquals(edited.reports.map(numbers), undisturbed.reports.map(numbers));
    });
  }
});

Deno.test("a run tells a callback that was reloaded the rest, and it remembers what came before", async (t) => {
  await using folder = await withTempFolder();
  const head = await writeHead(folder.path, "my_head", HEAD);
  const callback = await writeCounter(folder.path, "");
  const config = {
    ...tinyConfig(folder.path, { plugin: head }),
    callbacks: [{ plugin: callback, settings: {}, onFailure: "abort", callTimeoutMs: 30_000 }],
  } as unknown as TrainingConfig;

  await t.step("with other code that is right", async () => {
    const edited = await train(config, async (runtime, { step }) => {
      if (step === 5) await writeCounter(folder.path, "// edited");
      if (step === 5) await until(runtime, "plugin.reloaded", 1);
    });
    assertEquals(edited.topics, ["plugin.reloaded"]);
    assertEquals(await loggedCounts(edited.outcome.run), Array.from({ length: 12 }, (_, index) => index + 1));
  });

  await t.step("with other code that fails, by the version before", async () => {
    const edited = await train(config, async (runtime, { step }) => {
      if (step === 5) await writeCounter(folder.path, "", 'throw new Error("a slip");');
      if (step === 5) await until(runtime, "plugin.reloaded", 1);
    });
    assertEquals(edited.topics, ["plugin.reloaded", "plugin.rolled_back"]);
    assertEquals(await loggedCounts(edited.outcome.run), Array.from({ length: 12 }, (_, index) => index + 1));
  });
});

/** A number of a report, and when it was: what has to be equal. */
function numbers({ step, loss, gradientNorm, learningRate }: StepReport): readonly (number | null)[] {
  return [step, loss, gradientNorm, learningRate];
}

interface Trained {
  readonly outcome: FineTuneOutcome & { kind: "finished" };
  readonly reports: readonly StepReport[];
  /** What was said of reloads, in order. */
  readonly topics: readonly string[];
  readonly reasons: readonly string[];
}

/** Trains with a watch on all plugins. */
async function train(
  config: TrainingConfig,
  onStep: (runtime: Runtime, report: StepReport) => void | Promise<void> = () => {},
  before: (runtime: Runtime) => void = () => {},
): Promise<Trained> {
  await using runtime = await createRuntime({ log: () => {} });
  using _watch = runtime.watch();
  before(runtime);
  const [topics, reasons, reports]: [string[], string[], StepReport[]] = [[], [], []];
  for (
    const topic of [
      "plugin.reloaded",
      "plugin.reload_failed",
      "plugin.rolled_back",
      "plugin.crashed",
    ] as const
  ) {
    runtime.events.on(topic, (payload) => {
      topics.push(topic);
      reasons.push(JSON.stringify(payload));
    });
  }
  const outcome = await runtime.fineTune({
    ...DATA,
    config,
    onStep: async (report) => {
      reports.push(report);
      await onStep(runtime, report);
    },
  });
  assert(outcome.kind === "finished");
  return { outcome, reports, topics, reasons };
}

/** Waits until a topic was heard so often in all. */
async function until(runtime: Runtime, topic: string, times: number): Promise<void> {
  while (runtime.events.history(topic as "plugin.reloaded").length < times) {
    await runtime.events.waitFor(topic as "plugin.reloaded", { timeoutMs: 60_000 });
  }
}

/** As an editor does it: another file beside it, and then its name. */
async function rewriteHead(folder: string, comment: string, body: string): Promise<void> {
  const code = `import { HeadPort, tf } from "k-bert/sdk/tensors";\n${comment}\n` +
    `export class Head extends HeadPort {\n${body}\n}\n`;
  await Deno.writeTextFile(`${folder}/head.ts.tmp`, code);
  await Deno.rename(`${folder}/head.ts.tmp`, `${folder}/head.ts`);
}

/** A callback that logs how many steps it has seen. */
async function writeCounter(folder: string, comment: string, slip = ""): Promise<string> {
  const path = `${folder}/counter`;
  await Deno.mkdir(path, { recursive: true });
  await Deno.writeTextFile(
    `${path}/plugin.yaml`,
    "name: counter\nversion: 1.0.0\nentry_points:\n  callback: main:Counter\n",
  );
  await Deno.writeTextFile(
    `${path}/main.ts`,
    `import { CallbackPort, type CallbackWishes } from "k-bert/sdk";
${comment}
export class Counter extends CallbackPort {
  #seen = 0;
  override onBatchEnd(): CallbackWishes {
    ${slip}
    return { log: { seen: ++this.#seen } };
  }
  override captureState(): number { return this.#seen; }
  override restoreState(seen: unknown): void { this.#seen = Number(seen); }
}
`,
  );
  return path;
}

async function loggedCounts(run: string): Promise<number[]> {
  const lines = (await Deno.readTextFile(`${run}/steps.jsonl`)).trim().split("\n");
  return lines.flatMap((line) => {
    const { callbacks } = JSON.parse(line) as { callbacks?: Record<string, number> };
    return callbacks?.["counter/seen"] ?? [];
  });
}

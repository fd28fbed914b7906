/**
 * A whole training run: texts and settings in, a run folder with a model and its scores out.
 *
 * What is random depends on the seed and on the place in the run only, so a run that was interrupted and
 * resumed ends where one that was not would have.
 *
 * @module
 */
import { configToFile } from "../bert/config.ts";
import { buildImage } from "../security/image.ts";
import { pluginSource } from "../security/source.ts";
import type { Backend } from "../tensor/backend.ts";
import { loadLatestCheckpoint, requireSameConfiguration } from "./checkpoint.ts";
import type { TrainingConfig } from "./config.ts";
import { sourceOf } from "./load_config.ts";
import { checkExamples, tokenize, type Tokenized } from "./examples.ts";
import { HeadClient } from "./head_client.ts";
import { headSettings, type LoadHead, requireSamePlugin } from "./head_plugin.ts";
import { prepareModel } from "./prepare_model.ts";
import type { Progress } from "./progress.ts";
import { evaluate, resultOf, type RunResult } from "./result.ts";
import { Run, type RunRecord, writeJson } from "./run.ts";
import { saveModel } from "./saved_model.ts";
import type { LabelledText } from "./split.ts";
import type { StepReport } from "./trainer.ts";
import { Training } from "./training.ts";

/** What a run is given. */
export interface FineTuneOptions {
  readonly config: TrainingConfig;
  /** Names of the labels; an example's label is an index into them. The second of two is the positive one. */
  readonly labels: readonly string[];
  readonly train: readonly LabelledText[];
  /** Never trained on; the scores are from these. */
  readonly test: readonly LabelledText[];
  /** Folder of an interrupted run to go on with. */
  readonly resume?: string | undefined;
  /** Stops after the step in hand, with a checkpoint. */
  readonly signal?: AbortSignal | undefined;
  /** Shows people what happens; silent without. */
  readonly display?: Display | undefined;
  /** Hears every step. */
  readonly onStep?: ((report: StepReport) => void) | undefined;
}

/** Where a run tells people what it does. */
export interface Display {
  /** Writes a line. */
  note(line: string): void;
  /** Starts to show the progress of a run of `total` steps. */
  progress(total: number): Progress;
}

/** What a run works with; mod.ts joins them. */
export interface FineTuneParts {
  readonly backend: Backend;
  readonly loadHead: LoadHead;
}

/** How a run ended. */
export type FineTuneOutcome =
  | { readonly kind: "finished"; readonly run: string; readonly model: string; readonly result: RunResult }
  /** By the signal. `step` is the last one that was taken, and it is saved; 0 if a resumed run took none. */
  | { readonly kind: "interrupted"; readonly run: string; readonly step: number };

/**
 * Trains a classifier and tests it.
 *
 * A new run that does not come to its first step leaves no folder behind. If it is the signal that keeps it
 * from that, the signal's reason is thrown: there is nothing to go on with.
 *
 * @throws {KBertError} for whatever is wrong with the settings, the texts, the plugin, the numbers or the
 * disk. Checkpoints that were written stay usable.
 */
export async function fineTune(parts: FineTuneParts, options: FineTuneOptions): Promise<FineTuneOutcome> {
  const { config, labels, display, signal = new AbortController().signal } = options;
  const note = (line: string): void => display?.note(line);
  const isNew = options.resume === undefined;
  if (isNew) signal.throwIfAborted();
  checkExamples(options.train, labels, "training");
  checkExamples(options.test, labels, "test");
  // Read before anything is written or computed: a plugin that cannot be loaded costs no time.
  const image = await buildImage(pluginSource(config.head.plugin));

  const record = await recordOf(options);
  const run = options.resume === undefined
    ? await Run.create(record)
    : await Run.open(options.resume, record);
  let isEmpty = isNew;
  await using cleanup = new AsyncDisposableStack();
  cleanup.defer(async () => {
    if (isEmpty) await run.discard();
  });
  const checkpoint = isNew ? undefined : await loadLatestCheckpoint(run.checkpoints);
  for (const { path, reason } of checkpoint?.skipped ?? []) note(`Passed over ${path}: ${reason}`);
  if (checkpoint) {
    requireSameConfiguration(checkpoint, run.configHash, checkpoint.path);
    requireSamePlugin(checkpoint, image);
  }
  if (checkpoint) note(`Going on with ${run.path} after step ${checkpoint.step}`);
  else note(isNew ? `The run is kept in ${run.path}` : `${run.path} has no checkpoint; starting it again`);

  await using stack = new AsyncDisposableStack();
  const { tokenizer, encoder } = await prepareModel(run, config, options.train, note);
  stack.use(encoder);
  const texts = await tokenizeAll();
  if (texts === undefined) return interrupted(checkpoint?.step ?? 0);
  const { train, test, truncated } = texts;

  const settings = headSettings(config.head.settings, encoder.config.hiddenSize, labels.length);
  const timeoutMs = config.head.callTimeoutMs;
  const source = sourceOf(config);
  const plugin = stack.use(
    await parts.loadHead(image, {
      ...{ settings, seed: config.seed, timeoutMs },
      ...(config.head.tier && { tier: config.head.tier }),
      ...(source && { settingsSource: { ...source, path: ["head", "settings"] } }),
    }),
  );
  const head = await HeadClient.connect(plugin, labels.length);
  const work = { encoder, tokenizer, head, backend: parts.backend };
  const training = stack.use(
    new Training({
      ...work,
      plugin,
      run,
      config,
      signal,
      startProgress: (total) => display?.progress(total),
      onStep: (report) => {
        isEmpty = false;
        options.onStep?.(report);
      },
    }, train.examples),
  );
  if (checkpoint) await training.restore(checkpoint);
  else if (!isNew) await run.truncateLog(0);
  // Also after the last step: what is left is done by a resumed run.
  if (!await training.run() || signal.aborted) return interrupted(training.step);

  note(`Testing on ${test.examples.length} texts`);
  const scores = await evaluate(work, test.examples, labels.length, config.training.evalBatchSize);
  const model = `${run.path}/model`;
  await saveModel(model, {
    config: configToFile(encoder.config),
    vocabulary: tokenizer.vocabulary,
    weights: await encoder.weights(),
    tokenizer: config.data,
    labels,
    head: { image, settings, parameters: (await head.state()).parameters },
  }, tokenizer.toJson());
  const result = resultOf({
    scores,
    training,
    plugin,
    backend: parts.backend,
    config,
    labels,
    train: options.train,
    test: options.test,
    truncated,
  });
  await writeJson(`${run.path}/result.json`, result);
  return { kind: "finished", run: run.path, model, result };

  function interrupted(step: number): FineTuneOutcome {
    if (isEmpty) throw signal.reason;
    return { kind: "interrupted", run: run.path, step };
  }

  async function tokenizeAll(): Promise<
    { train: Tokenized; test: Tokenized; truncated: number } | undefined
  > {
    const total = options.train.length + options.test.length;
    note(`Tokenizing ${total} texts`);
    try {
      const train = await tokenize(options.train, tokenizer, signal);
      const test = await tokenize(options.test, tokenizer, signal);
      const truncated = train.truncated + test.truncated;
      if (truncated > 0) {
        const { maxLength, truncation } = config.data;
        const what = truncation === "head" ? "end" : "middle";
        note(`${truncated} of them are longer than ${maxLength} tokens, and their ${what} was left out`);
      }
      return { train, test, truncated };
    } catch (error) {
      if (signal.aborted && error === signal.reason) return undefined;
      throw error;
    }
  }
}

async function recordOf({ config, labels, train, test }: FineTuneOptions): Promise<RunRecord> {
  const texts = [train, test].map((part) => part.map(({ text, label }) => [text, label]));
  const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(JSON.stringify(texts)));
  return { config, labels, dataHash: new Uint8Array(digest).toHex(), started: new Date().toISOString() };
}

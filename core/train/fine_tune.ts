/**
 * A whole training run: examples and settings in, a run folder with a model and its scores out.
 *
 * What is random depends on the seed and on the place in the run only, so a run that was interrupted and
 * resumed ends where one that was not would have.
 *
 * @module
 */
import { configToFile } from "../bert/config.ts";
import type { ExtractReport } from "../table/extract_report.ts";
import { requirePrecision } from "../tensor/float16.ts";
import type { RestartableBackend } from "../tensor/restartable.ts";
import { type LoadedCheckpoint, loadLatestCheckpoint, requireSameConfiguration } from "./checkpoint.ts";
import type { TrainingConfig } from "./config.ts";
import { type Beginning, type DeviceRestart, withDeviceRecovery } from "./device_recovery.ts";
import { evaluate, evaluateAugmented } from "./evaluation.ts";
import type { TrainingExample } from "./examples.ts";
import type { ModelParts } from "./inference.ts";
import { prepareModel } from "./prepare_model.ts";
import type { Progress } from "./progress.ts";
import { resultOf, type RunResult } from "./result.ts";
import { Run, writeJson } from "./run.ts";
import { type RunData, runData, tokenizeAll, type TokenizedData } from "./run_data.ts";
import { readImages, requireSamePlugins, type RunImages } from "./run_images.ts";
import type { LoadRunPlugin } from "./run_plugin.ts";
import { type RunPlugins, startPlugins } from "./run_plugins.ts";
import { saveModel } from "./saved_model.ts";
import type { StepReport } from "./trainer.ts";
import { Training } from "./training.ts";
import { BatchSource } from "./batch_source.ts";

/** What a run is given. */
export interface FineTuneOptions {
  readonly config: TrainingConfig;
  /**
   * Names of the labels; an example's label is an index into them. The second of two is the positive one. Of a
   * regression the names of its values, of an ordinal regression its ranks from the lowest, of a ranking one name.
   */
  readonly labels: readonly string[];
  /** In the form that the head's task takes, see {@linkcode TrainingExample}. */
  readonly train: readonly TrainingExample[];
  /** Never trained on; the scores are from these. */
  readonly test: readonly TrainingExample[];
  /** Evaluated after each epoch, for callbacks. @default {a share of `train`, see `data.validationShare`} */
  readonly validation?: readonly TrainingExample[] | undefined;
  /** What came of the extractors that the examples have columns of: the result says so. @default {[]} */
  readonly features?: readonly ExtractReport[] | undefined;
  /** Folder of an interrupted run to go on with. */
  readonly resume?: string | undefined;
  /** Stops after the step in hand, with a checkpoint. */
  readonly signal?: AbortSignal | undefined;
  /** Shows people what happens; silent without. */
  readonly display?: Display | undefined;
  /** Hears every step; the next one waits for a promise that it returns. */
  readonly onStep?: ((report: StepReport) => unknown) | undefined;
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
  readonly backend: RestartableBackend;
  readonly loadPlugin: LoadRunPlugin;
  /** Hears that the device failed and the run goes on with another one. */
  readonly onRestart?: ((restart: DeviceRestart) => void) | undefined;
}

/** How a run ended. */
export type FineTuneOutcome =
  | { readonly kind: "finished"; readonly run: string; readonly model: string; readonly result: RunResult }
  /** By the signal. `step` is the last one that was taken, and it is saved; 0 if a resumed run took none. */
  | { readonly kind: "interrupted"; readonly run: string; readonly step: number };

/**
 * Trains a model and tests it.
 *
 * A new run that does not come to its first step leaves no folder behind. If it is the signal that keeps it
 * from that, the signal's reason is thrown: there is nothing to go on with.
 *
 * @throws {KBertError} for whatever is wrong with the settings, the examples, the plugins, the numbers or the
 * disk, and for a precision that the backend does not have. Checkpoints that were written stay usable.
 */
export async function fineTune(parts: FineTuneParts, options: FineTuneOptions): Promise<FineTuneOutcome> {
  const { config, labels, display, features = [], signal = new AbortController().signal } = options;
  const note = (line: string): void => display?.note(line);
  if (options.resume === undefined) signal.throwIfAborted();
  requirePrecision(config.training.precision);
  const data = runData(options);
  // Read before anything is written or computed: a plugin that cannot be loaded costs no time.
  const images = await readImages(config);
  const { run, checkpoint } = await openRun(options, data, images, note);
  let isEmpty = options.resume === undefined;
  await using cleanup = new AsyncDisposableStack();
  cleanup.defer(async () => {
    if (isEmpty) await run.discard();
  });
  const interrupted = (step: number): FineTuneOutcome => {
    if (isEmpty) throw signal.reason;
    return { kind: "interrupted", run: run.path, step };
  };

  await using stack = new AsyncDisposableStack();
  const plugins = await startPlugins(images, { config, labels, load: parts.loadPlugin, note, stack });
  data.check(labels, plugins.head.task, plugins.augmenters.length > 0);
  const first = await prepareModel(run, config, data.train, note);
  stack.use(first.encoder);
  const examples = await tokenizeAll(data, {
    ...{ tokenizer: first.tokenizer, labels: labels.length, config, signal, note },
  });
  if (examples === undefined) return interrupted(checkpoint?.step ?? 0);

  const { backend, onRestart } = parts;
  const limit = config.training.deviceRestarts;
  let beginning: Beginning | undefined;
  return await withDeviceRecovery(
    { backend, run, limit, signal, note, onRestart },
    checkpoint,
    async ({ from, isAgain }) => {
      await using own = new AsyncDisposableStack();
      const { encoder, tokenizer } = isAgain ? await prepareModel(run, config, data.train, () => {}) : first;
      own.use(encoder);
      const model = { encoder, tokenizer, head: plugins.head, backend };
      const prepared = { model, plugins, data, examples, config, labels, run, signal, note, features };
      const training = own.use(
        new Training({
          ...{ ...model, source: batchesOf(prepared), validation: examples.validation, labels, run, config },
          ...{ plugins: plugins.all, callbacks: plugins.hub, signal, note },
          ...{ failures: plugins.failures, stopwatch: plugins.stopwatch },
          startProgress: (total) => display?.progress(total),
          onStep: (report) => {
            isEmpty = false;
            return options.onStep?.(report);
          },
        }),
      );
      if (isAgain) await plugins.head.forget(); // gradients of the step that failed
      if (from) await training.restore(from);
      else if (beginning) await training.beginAgain(beginning);
      else {
        if (options.resume !== undefined) await run.truncateLog(0);
        if (limit > 0) beginning = await training.beginning();
      }
      // Also after the last step: what is left is done by a resumed run.
      if (!await training.run() || signal.aborted) return interrupted(training.step);
      return await finish(prepared, training);
    },
  );
}

/** A new run's folder, or the one to go on with and its newest checkpoint. */
async function openRun(
  { config, labels, resume }: FineTuneOptions,
  data: RunData,
  images: RunImages,
  note: (line: string) => void,
): Promise<{ run: Run; checkpoint: LoadedCheckpoint | undefined }> {
  const record = { config, labels, dataHash: await data.hash(), started: new Date().toISOString() };
  if (resume === undefined) {
    const run = await Run.create(record);
    note(`The run is kept in ${run.path}`);
    return { run, checkpoint: undefined };
  }
  const run = await Run.open(resume, record);
  const checkpoint = await loadLatestCheckpoint(run.checkpoints);
  for (const { path, reason } of checkpoint?.skipped ?? []) note(`Passed over ${path}: ${reason}`);
  if (checkpoint) {
    requireSameConfiguration(checkpoint, run.configHash, checkpoint.path);
    requireSamePlugins(checkpoint, images);
    note(`Going on with ${run.path} after step ${checkpoint.step}`);
  } else note(`${run.path} has no checkpoint; starting it again`);
  return { run, checkpoint };
}

/** All that a run has once its texts are tokens. */
interface PreparedRun {
  readonly model: ModelParts;
  readonly plugins: RunPlugins;
  readonly data: RunData;
  readonly examples: TokenizedData;
  readonly config: TrainingConfig;
  readonly labels: readonly string[];
  readonly run: Run;
  readonly signal: AbortSignal;
  readonly note: (line: string) => void;
  readonly features: readonly ExtractReport[];
}

function batchesOf({ model, plugins, data, examples, config, labels, signal }: PreparedRun): BatchSource {
  const { seed, training: { batchSize, accumulationSteps, epochs } } = config;
  return new BatchSource({
    ...{ given: data.train, tokenized: examples.train, tokenizer: model.tokenizer, labels: labels.length },
    ...{ augmentation: plugins.augmentation, seed, batchSize, accumulationSteps, epochs, signal },
  });
}

/** Tests the model, and writes it and the result. */
async function finish(prepared: PreparedRun, training: Training): Promise<FineTuneOutcome> {
  const { model, plugins, data, examples, config, labels, run, signal, note, features } = prepared;
  note(`Testing on ${examples.test.length} examples`);
  const { evalBatchSize } = config.training;
  const { augmentation, failures } = plugins;
  const evaluation = await evaluate(model, examples.test, labels, evalBatchSize);
  const copies = augmentation.isEmpty ? 0 : config.evaluation.testTimeCopies;
  const augmented = copies === 0
    ? undefined
    : await evaluateAugmented(model, data.test, evaluation, augmentation, {
      ...{ labels, batchSize: evalBatchSize, copies, failures, signal },
    });
  const { encoder, tokenizer, head, backend } = model;
  const folder = `${run.path}/model`;
  await saveModel(folder, {
    config: configToFile(encoder.config),
    vocabulary: tokenizer.vocabulary,
    weights: await encoder.weights(),
    tokenizer: config.data,
    labels,
    head: {
      image: plugins.headPlugin.image,
      settings: plugins.headSettings,
      parameters: (await head.state()).parameters,
    },
  }, tokenizer.toJson());
  const result = resultOf({
    ...{ task: head.task, evaluation, augmented, training, stopwatch: plugins.stopwatch, config, labels },
    ...{ head: plugins.headPlugin, augmenters: plugins.augmenters, callbacks: plugins.callbacks },
    ...{ failures: failures.table, backend, features },
    ...{ train: data.train, validation: data.validation, test: data.test },
    ...{ testExamples: examples.test, truncated: examples.truncated },
  });
  await writeJson(`${run.path}/result.json`, result);
  return { kind: "finished", run: run.path, model: folder, result };
}

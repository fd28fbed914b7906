/**
 * A whole training run: examples and settings in, a run folder with a model and its scores out.
 *
 * What is random depends on the seed and on the place in the run only, so a run that was interrupted and
 * resumed ends where one that was not would have.
 *
 * @module
 */
import { configToFile } from "../bert/config.ts";
import type { Backend } from "../tensor/backend.ts";
import { loadLatestCheckpoint, requireSameConfiguration } from "./checkpoint.ts";
import type { TrainingConfig } from "./config.ts";
import { evaluate, evaluateAugmented } from "./evaluation.ts";
import type { TrainingExample } from "./examples.ts";
import { prepareModel } from "./prepare_model.ts";
import type { Progress } from "./progress.ts";
import { resultOf, type ResultParts, type RunResult } from "./result.ts";
import { Run, writeJson } from "./run.ts";
import { runData, tokenizeAll } from "./run_data.ts";
import { readImages, requireSamePlugins } from "./run_images.ts";
import type { LoadRunPlugin } from "./run_plugin.ts";
import { startPlugins } from "./run_plugins.ts";
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
  readonly loadPlugin: LoadRunPlugin;
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
 * disk. Checkpoints that were written stay usable.
 */
export async function fineTune(parts: FineTuneParts, options: FineTuneOptions): Promise<FineTuneOutcome> {
  const { config, labels, display, signal = new AbortController().signal } = options;
  const note = (line: string): void => display?.note(line);
  const isNew = options.resume === undefined;
  if (isNew) signal.throwIfAborted();
  const data = runData(options);
  // Read before anything is written or computed: a plugin that cannot be loaded costs no time.
  const images = await readImages(config);

  const record = { config, labels, dataHash: await data.hash(), started: new Date().toISOString() };
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
    requireSamePlugins(checkpoint, images);
  }
  if (checkpoint) note(`Going on with ${run.path} after step ${checkpoint.step}`);
  else note(isNew ? `The run is kept in ${run.path}` : `${run.path} has no checkpoint; starting it again`);

  await using stack = new AsyncDisposableStack();
  const plugins = await startPlugins(images, { config, labels, load: parts.loadPlugin, note, stack });
  const { head } = plugins;
  data.check(labels, head.task, plugins.augmenters.length > 0);
  const { tokenizer, encoder } = await prepareModel(run, config, data.train, note);
  stack.use(encoder);
  const examples = await tokenizeAll(data, { tokenizer, labels: labels.length, config, signal, note });
  if (examples === undefined) return interrupted(checkpoint?.step ?? 0);

  const model = { encoder, tokenizer, head, backend: parts.backend };
  const { augmentation } = plugins;
  const { seed, training: { batchSize, accumulationSteps, epochs, evalBatchSize } } = config;
  const source = new BatchSource({
    ...{ given: data.train, tokenized: examples.train, tokenizer, labels: labels.length, augmentation },
    ...{ seed, batchSize, accumulationSteps, epochs, signal },
  });
  const training = stack.use(
    new Training({
      ...{ ...model, source, validation: examples.validation, labels, run, config, signal, note },
      ...{ plugins: plugins.all, callbacks: plugins.hub },
      ...{ failures: plugins.failures, stopwatch: plugins.stopwatch },
      startProgress: (total) => display?.progress(total),
      onStep: (report) => {
        isEmpty = false;
        options.onStep?.(report);
      },
    }),
  );
  if (checkpoint) await training.restore(checkpoint);
  else if (!isNew) await run.truncateLog(0);
  // Also after the last step: what is left is done by a resumed run.
  if (!await training.run() || signal.aborted) return interrupted(training.step);

  note(`Testing on ${examples.test.length} examples`);
  const evaluation = await evaluate(model, examples.test, labels, evalBatchSize);
  const copies = config.evaluation.testTimeCopies;
  const augmented = copies === 0 || augmentation.isEmpty
    ? undefined
    : await evaluateAugmented(model, data.test, evaluation, augmentation, {
      labels,
      batchSize: evalBatchSize,
      copies,
      signal,
    });
  const folder = `${run.path}/model`;
  await saveModel(folder, {
    config: configToFile(encoder.config),
    vocabulary: tokenizer.vocabulary,
    weights: await encoder.weights(),
    tokenizer: config.data,
    labels,
    head: { image: images.head, settings: plugins.headSettings, parameters: (await head.state()).parameters },
  }, tokenizer.toJson());
  const result = resultOf(resultParts());
  await writeJson(`${run.path}/result.json`, result);
  return { kind: "finished", run: run.path, model: folder, result };

  function resultParts(): ResultParts {
    return {
      ...{ task: head.task, evaluation, augmented, training, stopwatch: plugins.stopwatch, config, labels },
      ...{ head: plugins.headPlugin, augmenters: plugins.augmenters, callbacks: plugins.callbacks },
      ...{ failures: plugins.failures.table, backend: parts.backend },
      ...{ train: data.train, validation: data.validation, test: data.test },
      ...{ testExamples: examples!.test, truncated: examples!.truncated },
    };
  }

  function interrupted(step: number): FineTuneOutcome {
    if (isEmpty) throw signal.reason;
    return { kind: "interrupted", run: run.path, step };
  }
}

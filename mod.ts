/**
 * k-bert: fine-tune BERT-family models with heads that run behind a wall.
 *
 * This module is the public list, and {@linkcode createRuntime}: the only place where the parts are joined.
 * Importing it loads neither tensors nor a model; those come with the first call that needs them.
 *
 * Workers with permissions are still an unstable feature of Deno: run scripts that import this module with
 * `--unstable-worker-options`, or put `"unstable": ["worker-options"]` into their deno.json.
 *
 * @example
 * ```ts ignore
 * import { createRuntime, loadTrainingConfig } from "https://example.com/k-bert/mod.ts";
 *
 * const config = await loadTrainingConfig("k-bert.yaml");
 * using runtime = createRuntime();
 * const outcome = await runtime.fineTune({ config, labels: ["no", "yes"], train, test });
 * ```
 *
 * @module
 */
import { type PluginEvent, PluginManager } from "./core/plugins/manager.ts";
import type { Backend, BackendName } from "./core/tensor/backend.ts";
import type { Classifier } from "./core/train/classifier.ts";
import type { FineTuneOptions, FineTuneOutcome } from "./core/train/fine_tune.ts";
import type { LoadHead } from "./core/train/head_plugin.ts";
import { KBertError } from "./core/wall/errors.ts";
import { workerSandbox } from "./workers/worker_sandbox.ts";

export { loadTrainingConfig } from "./core/train/load_config.ts";
export { parseTrainingConfig } from "./core/train/config.ts";
export type { TrainingConfig } from "./core/train/config.ts";
export { splitByGroups } from "./core/train/split.ts";
export type { LabelledText, Split, SplitOptions } from "./core/train/split.ts";
export type { Display, FineTuneOptions, FineTuneOutcome } from "./core/train/fine_tune.ts";
export type { Classifier, Prediction } from "./core/train/classifier.ts";
export { formatResult } from "./core/train/result_text.ts";
export type { PluginShare, RunResult, Scores } from "./core/train/result.ts";
export type { StepReport } from "./core/train/trainer.ts";
export type { PluginEvent } from "./core/plugins/manager.ts";
export type { Backend, BackendName } from "./core/tensor/backend.ts";
export { parseOptions, usage } from "./core/cli/options.ts";
export { runProgram } from "./core/cli/script.ts";
export type { ProgramOutcome } from "./core/cli/script.ts";
export { terminalDisplay } from "./core/cli/display.ts";
export { KBertError };
export type { DocumentProblem, Faults } from "./core/wall/errors.ts";

/** Settings of {@linkcode createRuntime}. */
export interface RuntimeOptions {
  /** Hears the events that plugins declare and emit. */
  readonly onPluginEvent?: (event: PluginEvent) => void;
  /** Hears what plugins write to their console. @default standard error, with the plugin's name */
  readonly onPluginLog?: (plugin: string, level: string, text: string) => void;
}

/** Trains and predicts. Owns its plugins and its backend. */
export interface Runtime extends Disposable {
  /**
   * Starts the backend, or answers the one that is started already. A script need not call it.
   *
   * @throws {KBertError} `backend/unavailable`; `input/invalid` if another one is running.
   */
  backend(wanted?: BackendName | "auto"): Promise<Backend>;
  /** Trains a classifier and tests it; see {@linkcode FineTuneOptions}. */
  fineTune(options: FineTuneOptions): Promise<FineTuneOutcome>;
  /** Loads the model of a finished run, or a model folder. The caller disposes of it. */
  loadModel(path: string): Promise<Classifier>;
}

/**
 * Makes a runtime. Nothing is started before it is needed.
 *
 * @example A runtime costs nothing until it is used
 * ```ts
 * import { createRuntime } from "./mod.ts";
 *
 * using runtime = createRuntime();
 * ```
 */
export function createRuntime(options: RuntimeOptions = {}): Runtime {
  const stack = new DisposableStack();
  const plugins = stack.use(
    new PluginManager({
      createSandbox: workerSandbox,
      ...(options.onPluginEvent && { onEvent: options.onPluginEvent }),
      onLog: options.onPluginLog ?? logToStandardError,
    }),
  );
  const loadHead: LoadHead = (image, head) => plugins.start(image, { port: "head", ...head });
  let started: Promise<Backend> | undefined;
  const backend = async (wanted: BackendName | "auto" = "auto"): Promise<Backend> => {
    started ??= import("./core/tensor/backend.ts").then(async ({ startBackend }) =>
      stack.use(await startBackend(wanted))
    );
    const running = await started.catch((error) => {
      started = undefined; // another one may be asked for
      throw error;
    });
    if (wanted === "auto" || wanted === running.name) return running;
    const message =
      `This runtime computes on ${running.name} and cannot change to ${wanted}; make another runtime`;
    throw new KBertError("input/invalid", message, { name: "backend", limit: running.name, value: wanted });
  };
  return {
    backend,
    async fineTune(options): Promise<FineTuneOutcome> {
      const { fineTune } = await import("./core/train/fine_tune.ts");
      const used = await backend(options.config.backend);
      options.display?.note(`Tensors are computed by ${used.name}, because ${used.reason}`);
      return await fineTune({ backend: used, loadHead }, options);
    },
    async loadModel(path): Promise<Classifier> {
      const { Classifier } = await import("./core/train/classifier.ts");
      return await Classifier.load(path, { backend: await backend(), loadHead });
    },
    [Symbol.dispose]: () => stack[Symbol.dispose](),
  };
}

function logToStandardError(plugin: string, level: string, text: string): void {
  // deno-lint-ignore no-console -- where a person looks who has asked for nothing else
  console.error(`${plugin} (${level}): ${text}`);
}

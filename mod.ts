/**
 * k-bert: fine-tune BERT-family models with heads that run behind a wall.
 *
 * This module is the public list, and {@linkcode createRuntime}: the only place where the parts are joined.
 * Importing it loads neither tensors nor a model; those come with the first call that needs them.
 *
 * Workers with permissions are still an unstable feature of Deno: run scripts that import this module with
 * `--unstable-worker-options`, or put `"unstable": ["worker-options"]` into their deno.json.
 * Plugins that the user does not trust run in processes of their own, which takes `--allow-run=deno`.
 *
 * @example
 * ```ts ignore
 * import { createRuntime, loadTrainingConfig } from "https://example.com/k-bert/mod.ts";
 *
 * const config = await loadTrainingConfig("k-bert.yaml");
 * await using runtime = await createRuntime();
 * const outcome = await runtime.fineTune({ config, labels: ["no", "yes"], train, test });
 * ```
 *
 * @module
 */
import { EventBus } from "./core/bus/event_bus.ts";
import type { RuntimeEvents } from "./core/bus/events.ts";
import { Container } from "./core/container/container.ts";
import { formatRecord, LOG_LEVELS, Logger, type LogLevel } from "./core/container/logger.ts";
import { MetricsCollector } from "./core/container/metrics.ts";
import { MetricsSummary, type SourceSummary } from "./core/container/metrics_summary.ts";
import { admission } from "./core/plugins/admission.ts";
import { FeatureCache } from "./core/plugins/feature_cache.ts";
import { extractFeatures, type ExtractOptions, type ExtractResult } from "./core/plugins/features.ts";
import { PluginManager } from "./core/plugins/manager.ts";
import type { WatchOptions } from "./core/plugins/plugin_watch.ts";
import type { PluginUse } from "./core/plugins/use.ts";
import type { Plugin } from "./core/plugins/plugin.ts";
import type { Backend, BackendName, BackendSettings } from "./core/tensor/backend.ts";
import type { RestartableBackend } from "./core/tensor/restartable.ts";
import type { Classifier } from "./core/train/classifier.ts";
import type { FineTuneOptions, FineTuneOutcome } from "./core/train/fine_tune.ts";
import type { LoadRunPlugin, RunPlugin } from "./core/train/run_plugin.ts";
import type { ConsentOptions } from "./core/security/consent.ts";
import { buildImage, type PluginImage } from "./core/security/image.ts";
import { pluginSource } from "./core/security/source.ts";
import type { Table } from "./core/table/table.ts";
import { KBertError } from "./core/wall/errors.ts";
import type { Kit, SandboxFactory, Tier } from "./core/wall/sandbox.ts";
import { processSandbox } from "./workers/process_sandbox.ts";
import { SpareSandboxes } from "./workers/spare_sandboxes.ts";
import { workerSandbox } from "./workers/worker_sandbox.ts";

export { loadTrainingConfig } from "./core/train/load_config.ts";
export { parseTrainingConfig } from "./core/train/config.ts";
export type { TrainingConfig } from "./core/train/config.ts";
export { splitByGroups } from "./core/train/split.ts";
export type { LabelledText, Split, SplitOptions } from "./core/train/split.ts";
export type {
  MeasuredText,
  MultiLabelText,
  RankedTexts,
  TaggedWords,
  TrainingExample,
} from "./core/train/examples.ts";
export type { Task } from "./core/manifest/task.ts";
export type { TaskScores } from "./core/train/task_scores.ts";
export type { FailureTable } from "./core/train/run_plugin.ts";
export type { EarlyStop } from "./core/train/training.ts";
export type { Display, FineTuneOptions, FineTuneOutcome } from "./core/train/fine_tune.ts";
export type { Classifier } from "./core/train/classifier.ts";
export type { Prediction } from "./core/train/prediction.ts";
export { formatResult } from "./core/train/result_text.ts";
export type { ClassifierResult, PluginShare, RunFacts, RunResult, Scores } from "./core/train/result.ts";
export type { StepReport } from "./core/train/trainer.ts";
export { EventBus } from "./core/bus/event_bus.ts";
export type { EventBusOptions } from "./core/bus/event_bus.ts";
export type { BusEvent, EmitOptions, Listener, ListenOptions, WaitOptions } from "./core/bus/event.ts";
export type { RuntimeEvents } from "./core/bus/events.ts";
export { Container } from "./core/container/container.ts";
export { inject } from "./core/container/inject.ts";
export type { Provider, Resolver, Scope } from "./core/container/provider.ts";
export { Token } from "./core/container/token.ts";
export type { Key } from "./core/container/token.ts";
export { Logger } from "./core/container/logger.ts";
export type { LoggerOptions, LogLevel, LogRecord } from "./core/container/logger.ts";
export { MetricsCollector } from "./core/container/metrics.ts";
export type { SourceSummary } from "./core/container/metrics_summary.ts";
export { PluginManager } from "./core/plugins/manager.ts";
export type { PluginManagerOptions } from "./core/plugins/manager.ts";
export type { LoadOptions, PluginUse } from "./core/plugins/use.ts";
export type { OfferOptions } from "./core/plugins/offers.ts";
export type { CallAllOptions, CallAllResult } from "./core/plugins/call_all.ts";
export type { Plugin } from "./core/plugins/plugin.ts";
export type { ConsentOptions } from "./core/security/consent.ts";
export type { AskUser } from "./core/security/ask.ts";
export { GrantStore } from "./core/security/grants.ts";
export type { Grant } from "./core/security/grants.ts";
export type { Permissions } from "./core/security/permissions.ts";
export type { Tier } from "./core/wall/sandbox.ts";
export type { ExtractOptions, ExtractResult } from "./core/plugins/features.ts";
export type { ExtractReport } from "./core/table/extract_report.ts";
export { Table } from "./core/table/table.ts";
export type { ColumnLists } from "./core/table/table.ts";
export type { Cell, Column, ColumnType } from "./core/table/column.ts";
export { readCsv } from "./core/table/csv.ts";
export type { CsvOptions } from "./core/table/csv.ts";
export { rowTexts } from "./core/table/templates.ts";
export type { RowTemplate, RowTextOptions } from "./core/table/templates.ts";
export { fromWire, toWire } from "./core/table/wire.ts";
export type { WireTable } from "./core/table/wire.ts";
export type { PluginHooks } from "./core/plugins/hooks.ts";
export type { PluginState } from "./core/plugins/lifecycle.ts";
export type * from "./core/plugins/ports.ts";
export type { PluginLimits } from "./core/plugins/limits.ts";
export type { Remote } from "./core/plugins/remote.ts";
export type { RestartPolicy } from "./core/plugins/restarts.ts";
export { formatScan } from "./core/plugins/discovery.ts";
export type { FoundPlugin, PluginPlace, ScanReport } from "./core/plugins/discovery.ts";
export type { WatchOptions } from "./core/plugins/plugin_watch.ts";
export type { ReloadOptions, ReloadReport } from "./core/plugins/reloads.ts";
export type { ManagerReloadOptions, ReloadResult, RollbackOptions } from "./core/plugins/reloader.ts";
export type { ExchangeOptions, ReloadPhase } from "./core/plugins/exchange.ts";
export type { ShadowOptions, ShadowReport } from "./core/plugins/shadow.ts";
export { serviceMethod } from "./core/plugins/services.ts";
export type { Service, ServiceCaller } from "./core/plugins/services.ts";
export type { PortName } from "./core/manifest/families.ts";
export type { CallOptions } from "./core/wall/options.ts";
export { PluginError } from "./core/wall/failure.ts";
export type { WireValue } from "./core/wall/values.ts";
export type { HostTensor } from "./core/wall/tensor.ts";
export type { Backend, BackendName } from "./core/tensor/backend.ts";
export { parseOptions, usage } from "./core/cli/options.ts";
export { runProgram } from "./core/cli/script.ts";
export type { ProgramOutcome } from "./core/cli/script.ts";
export { noteReloads } from "./core/cli/reload_notes.ts";
export { terminalDisplay } from "./core/cli/display.ts";
export { KBertError };
export type { DocumentProblem, Faults } from "./core/wall/errors.ts";

/** Settings of {@linkcode createRuntime}. */
export interface RuntimeOptions {
  /** Plugins to start, each after those that it needs. */
  readonly plugins?: readonly PluginUse[];
  /**
   * Workers, and processes, that wait for a plugin once the first is loaded: loading is several times as fast. While
   * plugins are watched, as many more for each kind that one of them needs (with tensors, with tables, with both).
   * @default {1}
   */
  readonly spares?: number;
  /** How the user is asked about the rights of plugins. @default {at the terminal, remembered in ~/.k-bert} */
  readonly consent?: ConsentOptions;
  /** Where lines of the log go. @default {standard error} */
  readonly log?: (line: string) => void;
  /** The lowest level that is written there; listen to `log.*` for others. @default {"info"} */
  readonly logLevel?: LogLevel;
}

/**
 * Trains and predicts, and runs plugins. Owns its plugins, its services and its backend.
 *
 * @typeParam OwnEvents topics that plugins declare for themselves, with their payloads
 */
export interface Runtime<OwnEvents extends object = Record<never, never>> extends AsyncDisposable {
  /** Carries the events of the runtime and of its plugins. */
  readonly events: EventBus<RuntimeEvents & OwnEvents>;
  readonly plugins: PluginManager;
  /**
   * Reloads plugins when a file of them is saved, until the result is disposed of; see
   * {@linkcode PluginManager.watch}. What came of each save is an event: `plugin.reloaded`, `plugin.reload_failed`.
   */
  watch(options?: WatchOptions): Disposable;
  /** Services by token; `EventBus`, `Logger`, `MetricsCollector` and `PluginManager` are there. */
  readonly container: Container;
  readonly logger: Logger;
  readonly metrics: MetricsCollector;
  /** What has been measured until now, by who measured it. */
  measured(): SourceSummary[];
  /**
   * Starts the backend, or answers the one that is started already. A script need not call it.
   *
   * @throws {KBertError} `backend/unavailable`; `input/invalid` if another one is running.
   */
  backend(wanted?: BackendName | "auto"): Promise<Backend>;
  /**
   * Adds the columns of feature extractors to a table, each after those before it. One whose result is in the
   * cache is not started.
   *
   * @param uses extractors by path, URL, name or image, with their settings; those of `tier` and `limits` hold too
   * @throws {KBertError} what starting or calling one throws, unless `onFailure` is `skip`
   */
  extractFeatures(
    table: Table,
    uses: readonly PluginUse[],
    options?: Omit<ExtractOptions, "cache"> & {
      /** Folder where results are kept. @default {none} */
      readonly cache?: string;
    },
  ): Promise<ExtractResult>;
  /** Trains a classifier and tests it; see {@linkcode FineTuneOptions}. */
  fineTune(options: FineTuneOptions): Promise<FineTuneOutcome>;
  /** Loads the model of a finished run, or a model folder. The caller disposes of it. */
  loadModel(path: string): Promise<Classifier>;
}

/**
 * Makes a runtime. Beside the plugins that it is told to start, nothing runs before it is needed.
 *
 * @typeParam OwnEvents topics that plugins declare for themselves; the compiler believes their payloads, and
 * nobody checks them
 * @throws what starting a plugin throws; nothing is left running then
 * @example A runtime ends everything that it started, in reverse order
 * ```ts
 * import { createRuntime } from "./mod.ts";
 *
 * await using runtime = await createRuntime();
 * runtime.events.on("plugin.crashed", ({ plugin_name, error }) => runtime.logger.error(error, { plugin_name }));
 * ```
 */
export async function createRuntime<OwnEvents extends object = Record<never, never>>(
  options: RuntimeOptions = {},
): Promise<Runtime<OwnEvents>> {
  const { log = writeToStandardError, logLevel = "info" } = options;
  await using stack = new AsyncDisposableStack();
  const events = stack.use(new EventBus());
  const summary = new MetricsSummary();
  events.on("metrics.recorded", (record, { source }) => summary.add(source, record));
  writeLog(events, log, logLevel);
  const logger = new Logger(events);
  const metrics = new MetricsCollector(events);
  const container = stack.use(new Container("runtime"));
  const { spares = 1, consent } = options;
  const workers = stack.use(new SpareSandboxes(workerSandbox, spares));
  const processes = stack.use(new SpareSandboxes(processSandbox, spares));
  const createSandbox: SandboxFactory = (wanted) =>
    (wanted.tier === "worker" ? workers : processes).create(wanted);
  const admit = admission({ isOwn, ...(consent && { consent }) });
  const keepWarm = (kit: Kit, tier: Tier): Disposable => (tier === "worker" ? workers : processes).keep(kit);
  const plugins = stack.use(new PluginManager({ createSandbox, keepWarm, admit, bus: events, container }));
  container.register(EventBus, { value: events }).register(Logger, { value: logger })
    .register(MetricsCollector, { value: metrics }).register(PluginManager, { value: plugins });
  await plugins.startAll(options.plugins ?? []);

  const backend = backendOnce();
  stack.use(backend);
  const loadPlugin: LoadRunPlugin = async (image, { timeoutMs, ...use }) =>
    withDeadline(plugins, await plugins.start(image, use), timeoutMs);
  const owned = stack.move();
  return {
    events: events as unknown as EventBus<RuntimeEvents & OwnEvents>, // one bus carries whatever topics there are
    ...{ plugins, container, logger, metrics },
    watch: (options) => plugins.watch(options),
    measured: () => summary.snapshot(),
    backend: (wanted) => backend.get(wanted),
    async extractFeatures(table, uses, { cache, ...options } = {}): Promise<ExtractResult> {
      const extractors = await Promise.all(
        uses.filter(({ enabled = true }) => enabled).map(async ({ plugin, ...use }) => {
          const image = await plugins.vet(plugin);
          const start = () => plugins.start(image, { ...use, port: "feature" as const });
          return { image, settings: use.settings ?? {}, start };
        }),
      );
      const kept = cache === undefined ? {} : { cache: new FeatureCache(cache) };
      return await extractFeatures(extractors, table, { ...options, ...kept });
    },
    async fineTune(options): Promise<FineTuneOutcome> {
      const { fineTune } = await import("./core/train/fine_tune.ts");
      const { backend: wanted, native, wasm } = options.config;
      const used = await backend.get(wanted, { native, threads: wasm?.threads });
      const device = used.adapter === null ? used.name : `${used.name} on ${used.adapter}`;
      options.display?.note(`Tensors are computed by ${device}, because ${used.reason}`);
      return await fineTune({
        ...{ backend: used, loadPlugin },
        onRestart: (restart) => void events.emit("train.backend_restarted", { ...restart }),
      }, options);
    },
    async loadModel(path): Promise<Classifier> {
      const { Classifier } = await import("./core/train/classifier.ts");
      return await Classifier.load(path, { backend: await backend.get(), loadPlugin });
    },
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

/** A plugin whose calls have a deadline of their own: its start may take longer than a call. */
function withDeadline(plugins: PluginManager, plugin: Plugin, callTimeoutMs: number): RunPlugin {
  const { name, tier } = plugin;
  return {
    ...{ name, tier },
    get image() {
      return plugin.image; // a reload exchanges it
    },
    has: (method) => plugin.has(method),
    call: (method, args, options) => {
      const timeoutMs = Math.min(callTimeoutMs, plugin.image.manifest.limits.callMs ?? Infinity);
      return plugin.call(method, args, { timeoutMs, ...options });
    },
    rollback: async (reason) => {
      if (plugin.previous === undefined) return false;
      return await plugins.rollback(plugin.name, { reason })
        .then(() => true, () => false); // told as plugin.reload_failed
    },
    [Symbol.asyncDispose]: () => plugin.unload(),
  };
}

/** Whether this is the very code of a plugin that comes with k-bert, read from beside this file. */
async function isOwn({ manifest, sha256 }: PluginImage): Promise<boolean> {
  const folder = new URL(`./plugins/${manifest.name}/`, import.meta.url);
  // Never a question on the terminal: what cannot be read is not vouched for.
  const right = folder.protocol === "file:"
    ? { name: "read", path: folder } as const
    : { name: "net", host: folder.host } as const;
  if (Deno.permissions.querySync(right).state !== "granted") return false;
  return await buildImage(pluginSource(folder)).then((own) => own.sha256 === sha256, () => false);
}

/** Loads the tensors, too. This program is the only one of ours with threads: a plugin's never has them. */
async function startRestartable(
  wanted: BackendName | "auto",
  { native, threads }: BackendSettings,
): Promise<RestartableBackend> {
  const [{ RestartableBackend }, { startBackend, usualThreads }] = await Promise.all([
    import("./core/tensor/restartable.ts"),
    import("./core/tensor/backend.ts"),
  ]);
  const settings = { native, threads: threads ?? usualThreads() };
  return await RestartableBackend.start(wanted, (name) => startBackend(name, settings));
}

/** A backend that is started when it is first asked for. */
function backendOnce(): AsyncDisposable & {
  get(wanted?: BackendName | "auto", settings?: BackendSettings): Promise<RestartableBackend>;
} {
  let started: Promise<RestartableBackend> | undefined;
  return {
    async get(wanted = "auto", settings = {}): Promise<RestartableBackend> {
      started ??= startRestartable(wanted, settings);
      const running = await started.catch((error) => {
        started = undefined; // another one may be asked for
        throw error;
      });
      if (wanted === "auto" || wanted === running.name) return running;
      const message =
        `This runtime computes on ${running.name} and cannot change to ${wanted}; make another runtime`;
      throw new KBertError("input/invalid", message, { name: "backend", limit: running.name, value: wanted });
    },
    async [Symbol.asyncDispose](): Promise<void> {
      const running = await started?.catch(() => undefined);
      running?.[Symbol.dispose]();
    },
  };
}

/** Writes log lines of everybody, and what went wrong with plugins, for whoever has asked for nothing else. */
function writeLog(events: EventBus, write: (line: string) => void, lowest: LogLevel): void {
  const line = (source: string, level: LogLevel, record: unknown): void => {
    if (LOG_LEVELS.indexOf(level) >= LOG_LEVELS.indexOf(lowest)) write(formatRecord(source, level, record));
  };
  for (const level of LOG_LEVELS) {
    events.on(`log.${level}`, (record, { source }) => line(source, level, record));
  }
  const warn = (plugin: string, message: string): void => line(plugin, "warning", { message, fields: {} });
  events.on("plugin.crashed", ({ plugin_name, error }) => warn(plugin_name, `crashed: ${error}`));
  events.on("plugin.quarantined", ({ plugin_name, error }) => warn(plugin_name, `quarantined: ${error}`));
  events.on(
    "plugin.event_refused",
    ({ plugin_name, topic, reason }) => warn(plugin_name, `an event ${topic} was dropped: ${reason}`),
  );
  events.on(
    "plugin.events_dropped",
    ({ plugin_name, count }) =>
      warn(plugin_name, `${count} events were dropped because they came faster than they were heard`),
  );
  events.on(
    "bus.listener_failed",
    ({ topic, error }) => warn("host", `a listener of ${topic} failed: ${error}`),
  );
}

function writeToStandardError(line: string): void {
  // deno-lint-ignore no-console -- where a person looks who has asked for nothing else
  console.error(line);
}

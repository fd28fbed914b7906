/**
 * `plugin dev`: runs a plugin while it is written. Each save reloads it, and each version is called with made-up
 * arguments, so that a mistake or a slow line shows a moment after it was typed.
 *
 * A plugin that does not load the first time is waited for, too: the next save tries again.
 *
 * @module
 */
import { type CallTiming, timeCalls, timingLines } from "../author/call_timings.ts";
import { readSettings } from "../author/dev_settings.ts";
import { PORT_NAMES } from "../author/new_plugin.ts";
import { sampleCalls, sampleSettings } from "../author/sample_calls.ts";
import type { EventBus } from "../bus/event_bus.ts";
import type { PortName } from "../manifest/families.ts";
import type { Plugin } from "../plugins/plugin.ts";
import { portOf } from "../plugins/plugin_finder.ts";
import { formatPlace, placeOf } from "../plugins/source_place.ts";
import type { LoadOptions } from "../plugins/use.ts";
import { FolderWatcher } from "../plugins/watcher.ts";
import { buildImage, type PluginImage } from "../security/image.ts";
import { pluginSource } from "../security/source.ts";
import { KBertError, messageOf } from "../wall/errors.ts";
import { type Command, type CommandIo, defineCommand } from "./command.ts";
import { DevLog } from "./dev_log.ts";
import { styleOf } from "./style.ts";

/** What is needed of a runtime, whose log goes nowhere: the bus has all of it. */
export interface DevRuntime extends AsyncDisposable {
  readonly events: EventBus;
  readonly plugins: { start(plugin: PluginImage, options: LoadOptions): Promise<Plugin> };
  watch(): Disposable;
}

/** What the user said. */
interface DevOptions {
  readonly folder: string;
  readonly type: PortName | undefined;
  readonly settings: Readonly<Record<string, unknown>>;
}

/** How long a plugin has to say how much memory it holds, in milliseconds. */
const MEMORY_MS = 2_000;

/** The command. */
export function pluginDevCommand(createRuntime: () => Promise<DevRuntime>): Command {
  return defineCommand({
    name: "plugin dev",
    summary: "Runs a plugin, reloads it when you save, and shows its log and how long its calls take",
    takes: "[PATH]",
    count: [0, 1],
    options: {
      settings: { kind: "values", value: "FILE|NAME=VALUE", help: "its settings, as YAML" },
      type: { kind: "value", choices: PORT_NAMES, help: "what it is run as, if it is several things" },
      once: { kind: "flag", help: "ends after the first calls, with 1 if one of them failed" },
      json: { kind: "flag", help: "a line of JSON for each event and each table of timings" },
    },
    details:
      `PATH is the folder of a plugin, by default this one. It runs in a process of its own, as it will for its
users; what it asks for under permissions, you are asked for. Settings that it requires and you do not give are made
up, and so are the arguments of its calls: hidden states for a head, texts for an augmenter, a table for a feature
extractor, a short training for a callback; of a plugin of no particular kind, the methods without arguments are called.

When a file is saved, the new code takes over, with the plugin's state. If it cannot, a line says why and where, and
what ran before goes on. Ctrl-C ends it.`,
    examples: [
      { line: "plugin dev", does: "runs the plugin in this folder" },
      { line: "plugin dev plugins/my_head --settings num_labels=4", does: "runs it with a setting" },
    ],
    async run([folder = "."], { settings = [], type, once, json }, io): Promise<"done" | "interrupted"> {
      await using runtime = await createRuntime();
      const style = styleOf(io.color);
      using log = new DevLog(runtime.events, { print: io.print, style, json: json ?? false });
      const options = { folder, type: type as PortName | undefined, settings: await readSettings(settings) };
      if (once) return await runOnce(runtime, options, log);
      try {
        await runOn(runtime, options, log, io);
      } catch (error) {
        if (error !== io.signal.reason) throw error;
      }
      return "interrupted";
    },
  });
}

async function runOnce(runtime: DevRuntime, options: DevOptions, log: DevLog): Promise<"done"> {
  const plugin = await start(runtime, options);
  const failed = (await new Session(plugin, options, log).measure()).find(({ error }) => error !== undefined);
  if (failed === undefined) return "done";
  const message = `The call ${failed.name} of ${plugin.name} failed: ${failed.error}`;
  throw new KBertError("call/failed", message, { plugin: plugin.name, method: failed.name });
}

/** Until it is given up, which throws the signal's reason. */
async function runOn(
  runtime: DevRuntime,
  options: DevOptions,
  log: DevLog,
  { signal }: CommandIo,
): Promise<never> {
  const plugin = await startAtLast(runtime, options, log, signal);
  const session = new Session(plugin, options, log);
  using _watch = runtime.watch();
  using _reloads = runtime.events.on("plugin.reloaded", ({ plugin_name }) => {
    if (plugin_name === plugin.name) session.measureSoon(signal);
  });
  log.say(`Watching ${options.folder}; Ctrl-C ends`);
  session.measureSoon(signal);
  const ended = Promise.withResolvers<never>();
  signal.addEventListener("abort", () => ended.reject(signal.reason));
  signal.throwIfAborted();
  try {
    return await ended.promise;
  } finally {
    await session.idle();
  }
}

async function start(runtime: DevRuntime, { folder, type, settings }: DevOptions): Promise<Plugin> {
  const image = await buildImage(pluginSource(folder));
  const port = portOf(image, type);
  return await runtime.plugins.start(image, {
    port,
    settings: { ...sampleSettings(image.manifest, port), ...settings },
  });
}

async function startAtLast(
  runtime: DevRuntime,
  options: DevOptions,
  log: DevLog,
  signal: AbortSignal,
): Promise<Plugin> {
  for (;;) {
    signal.throwIfAborted();
    const saved = Promise.withResolvers<void>();
    using watcher = new FolderWatcher(options.folder, {
      onChange: () => saved.resolve(),
      onProblem: (problem) => log.say(messageOf(problem)),
    });
    try {
      return await start(runtime, options);
    } catch (error) {
      const place = placeOf(error);
      const where = place === undefined ? "" : ` (${options.folder}/${formatPlace(place)})`;
      const fields = { kind: "failed", error: messageOf(error), ...place };
      log.say(`It does not start${where}: ${messageOf(error)}`, fields);
      log.say("Waiting for the next save");
    }
    const abort = (): void => saved.reject(signal.reason);
    signal.addEventListener("abort", abort, { once: true });
    await saved.promise.finally(() => signal.removeEventListener("abort", abort));
    watcher[Symbol.dispose]();
  }
}

/** Times each version of a plugin, and shows the difference to the one before. */
class Session {
  readonly #plugin: Plugin;
  readonly #options: DevOptions;
  readonly #log: DevLog;
  #before: readonly CallTiming[] = [];
  /** Events of the last measurement by topic. */
  #counts: Readonly<Record<string, number>> = {};
  #running: Promise<unknown> = Promise.resolve();
  #giveUp = new AbortController();

  constructor(plugin: Plugin, options: DevOptions, log: DevLog) {
    this.#plugin = plugin;
    this.#options = options;
    this.#log = log;
  }

  /** What is measured of a version before is given up. */
  measureSoon(signal: AbortSignal): void {
    this.#giveUp.abort(new Error("Another version was loaded"));
    const giveUp = this.#giveUp = new AbortController();
    const either = AbortSignal.any([signal, giveUp.signal]);
    this.#running = this.#running.then(() => this.measure(either)).catch((error) => {
      if (!either.aborted) this.#log.say(`Its calls were not timed: ${messageOf(error)}`);
    });
  }

  /** Resolves when nothing is measured any more. */
  async idle(): Promise<void> {
    this.#giveUp.abort(new Error("It ends"));
    await this.#running;
  }

  async measure(signal?: AbortSignal): Promise<readonly CallTiming[]> {
    const { image, port } = this.#plugin;
    const settings = { ...sampleSettings(image.manifest, port), ...this.#options.settings };
    const calls = sampleCalls(image, port, { seed: 1, settings });
    const counted = this.#log.countEvents();
    let timings: readonly CallTiming[];
    try {
      timings = await timeCalls(this.#plugin, calls, { ...(signal && { signal }) });
    } finally {
      this.#counts = counted();
    }
    const memory = await this.#plugin.memory(MEMORY_MS).catch(() => undefined);
    this.#show(timings, memory?.memoryMb);
    this.#before = timings;
    return timings;
  }

  #show(timings: readonly CallTiming[], memoryMb: number | undefined): void {
    const { image: { manifest: { name, version }, sha256 } } = this.#plugin;
    const fields = {
      kind: "timings",
      plugin: name,
      version,
      sha256,
      timings,
      events: this.#counts,
      memoryMb,
    };
    const held = memoryMb === undefined ? "" : `, holds ${memoryMb.toFixed(0)} MiB`;
    const events = Object.entries(this.#counts).map(([topic, count]) => `${count} × ${topic}`).join(", ");
    const table = timings.length === 0
      ? ["There is nothing that can be called without arguments"]
      : timingLines(timings, this.#before);
    this.#log.say(
      [
        `${name} ${version} (code ${sha256.slice(0, 12)}${held})`,
        ...table,
        ...(events ? [`emitted ${events}`] : []),
      ]
        .join("\n  "),
      fields,
    );
  }
}

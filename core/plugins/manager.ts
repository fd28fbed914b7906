/**
 * Loads plugins: source → image → sandbox → running, and ends them again.
 *
 * The manager is handed the place where plugins run (a {@linkcode SandboxFactory}) and never names one.
 *
 * @module
 */
import { splitEntryPoint } from "../manifest/schema.ts";
import { parseSettings } from "../manifest/settings.ts";
import { checkCompatibility, RUNTIME_VERSION } from "../manifest/version.ts";
import { buildImage, moduleUrl, type PluginImage } from "../security/image.ts";
import { pluginSource } from "../security/source.ts";
import { type CallOptions, Channel } from "../wall/channel.ts";
import { KBertError, messageOf } from "../wall/errors.ts";
import { printable } from "../wall/failure.ts";
import type { Sandbox, SandboxFactory, Tier } from "../wall/sandbox.ts";
import type { WireValue } from "../wall/values.ts";

/** The kinds of plugin; keys of `entry_points` in a manifest. */
export type PortName = "head" | "augmenter" | "feature" | "callback" | "plugin";

/** An event of a plugin, stamped by the host. */
export interface PluginEvent {
  readonly plugin: string;
  readonly topic: string;
  readonly payload: WireValue;
  /** Milliseconds since the epoch. */
  readonly time: number;
}

/** What a manager is made with. */
export interface PluginManagerOptions {
  readonly createSandbox: SandboxFactory;
  /** Hears the declared events of all plugins. */
  readonly onEvent?: (event: PluginEvent) => void;
  /** Hears what plugins write to their console, made printable. */
  readonly onLog?: (plugin: string, level: string, text: string) => void;
}

/** How one plugin is loaded. */
export interface LoadOptions {
  readonly port: PortName;
  /** Settings of the plugin, checked against its manifest. */
  readonly settings?: Record<string, unknown>;
  /** Seeds whatever is random in the plugin. @default {0} */
  readonly seed?: number;
  /** Until the plugin is loaded, and the default for its calls. @default {30_000} */
  readonly timeoutMs?: number;
}

/** Owns the plugins that it loaded: disposing of it ends them, the last one first. */
export class PluginManager implements Disposable {
  readonly #options: PluginManagerOptions;
  /** Those that still load too: they end with the manager like all others. */
  readonly #running = new Set<LoadedPlugin>();
  #disposed = false;

  constructor(options: PluginManagerOptions) {
    this.#options = options;
  }

  /** Every plugin that is loaded and runs. */
  get plugins(): readonly LoadedPlugin[] {
    return [...this.#running].filter((plugin) => plugin.isLoaded);
  }

  /** Reads, vets and starts the plugin at a path or URL. */
  async load(location: string | URL, options: LoadOptions): Promise<LoadedPlugin> {
    return await this.start(await buildImage(pluginSource(location)), options);
  }

  /**
   * Starts an image.
   *
   * @throws {KBertError} `plugin/image` if it has no such port, `document/invalid` for its settings,
   * `plugin/closed` after the manager was disposed of, and the error of the plugin if it does not load;
   * nothing is left running then.
   */
  async start(image: PluginImage, options: LoadOptions): Promise<LoadedPlugin> {
    const { manifest } = image;
    checkCompatibility(manifest, RUNTIME_VERSION);
    const entry = manifest.entry_points[options.port];
    if (entry === undefined) {
      const message = `The plugin ${manifest.name} has no ${options.port}; it offers ` +
        Object.keys(manifest.entry_points).join(", ");
      throw new KBertError("plugin/image", message, { plugin: manifest.name });
    }
    const settings = parseSettings(manifest, options.settings ?? {}, `the settings of ${manifest.name}`);
    if (this.#disposed) {
      const reason = "its manager was disposed of";
      const message = `The plugin ${manifest.name} cannot be started because ${reason}`;
      throw new KBertError("plugin/closed", message, { plugin: manifest.name, reason });
    }
    const plugin = new LoadedPlugin(image, {
      ...this.#options,
      timeoutMs: options.timeoutMs,
      onEnd: () => this.#running.delete(plugin),
    });
    this.#running.add(plugin);
    try {
      const { file, name: exportName } = splitEntryPoint(entry);
      await plugin.load({
        entry: moduleUrl(file),
        exportName,
        port: options.port,
        settings,
        seed: options.seed ?? 0,
      });
    } catch (error) {
      plugin[Symbol.dispose]();
      throw error;
    }
    return plugin;
  }

  [Symbol.dispose](): void {
    this.#disposed = true;
    for (const plugin of [...this.#running].reverse()) plugin[Symbol.dispose]();
  }
}

/** What a plugin is started with; made by the manager. */
interface PluginStart extends PluginManagerOptions {
  readonly timeoutMs: number | undefined;
  /** Called once, when the plugin has ended. */
  readonly onEnd: () => void;
}

/** A running plugin. When it fails, its place ends at once, and so do its calls. */
export class LoadedPlugin implements Disposable {
  readonly image: PluginImage;
  readonly #sandbox: Sandbox;
  readonly #channel: Channel;
  readonly #timeoutMs: number | undefined;
  readonly #isReady = Promise.withResolvers<void>();
  #isLoaded = false;

  constructor(image: PluginImage, options: PluginStart) {
    const { name, events } = image.manifest;
    const emits = new Set(events.emits);
    this.image = image;
    this.#timeoutMs = options.timeoutMs;
    // A plugin may die before anybody waits for it.
    this.#isReady.promise.catch(() => {});
    this.#sandbox = options.createSandbox({
      name,
      tensors: image.usesTensors,
      onFailure: (reason) => this.#channel.close(printable(reason)),
    });
    this.#channel = new Channel(this.#sandbox.port, {
      peer: `The plugin ${name}`,
      plugin: name,
      onReady: () => this.#isReady.resolve(),
      onClose: (reason) => {
        this.#isLoaded = false;
        this.#sandbox[Symbol.dispose]();
        this.#isReady.reject(reason);
        options.onEnd();
      },
      onEvent: (topic, payload) => {
        if (emits.has(topic)) return options.onEvent?.({ plugin: name, topic, payload, time: Date.now() });
        const text = `An event was dropped: plugin.yaml does not declare ${printable(topic)}`;
        options.onLog?.(name, "warn", text);
      },
      onLog: (level, text) => options.onLog?.(name, level, printable(text)),
    });
  }

  get name(): string {
    return this.image.manifest.name;
  }

  get tier(): Tier {
    return this.#sandbox.tier;
  }

  /** Whether it was made and has not ended since. */
  get isLoaded(): boolean {
    return this.#isLoaded;
  }

  /** Calls that wait for an answer, for leak checks. */
  get openCalls(): number {
    return this.#channel.openCalls;
  }

  /** Sends the image and waits until the plugin is made. Called once, by the manager. */
  async load(
    { entry, exportName, port, settings, seed }: {
      entry: string;
      exportName: string;
      port: PortName;
      settings: Record<string, unknown>;
      seed: number;
    },
  ): Promise<void> {
    await this.#ready();
    const encoder = new TextEncoder();
    const loading = this.call("$load", [{
      port,
      entry,
      exportName,
      moduleUrls: [...this.image.modules.keys()],
      moduleSources: [...this.image.modules.values()].map((source) => encoder.encode(source)),
      settings: settings as Record<string, WireValue>,
      seed,
    }]);
    await loading.catch((error: unknown) => {
      if (!(error instanceof KBertError) || error.code !== "call/failed") throw error;
      // The name of our own call says nothing to whoever wrote or uses the plugin.
      const message = `The plugin ${this.name} cannot be loaded: ${messageOf(error.cause)}`;
      throw new KBertError("call/failed", message, { plugin: this.name, method: "$load" }, {
        cause: error.cause,
      });
    });
    this.#isLoaded = true;
  }

  /** Calls a method of the plugin's port; see {@linkcode Channel.call}. */
  call(method: string, args: readonly WireValue[], options: CallOptions = {}): Promise<WireValue> {
    return this.#channel.call(method, args, {
      ...(this.#timeoutMs === undefined ? {} : { timeoutMs: this.#timeoutMs }),
      ...options,
    });
  }

  [Symbol.dispose](): void {
    this.#channel.close();
  }

  async #ready(): Promise<void> {
    const timeoutMs = this.#timeoutMs ?? 30_000;
    const timer = setTimeout(() => this.#channel.close(`it did not start within ${timeoutMs} ms`), timeoutMs);
    try {
      await this.#isReady.promise;
    } finally {
      clearTimeout(timer);
    }
  }
}

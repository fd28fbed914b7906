/**
 * The plugins of a host: finds them, starts them in the order in which they need each other, calls them, and
 * ends them, the last one first.
 *
 * The manager is handed the place where plugins run (a {@linkcode SandboxFactory}) and never names one.
 *
 * @module
 */
import { EventBus } from "../bus/event_bus.ts";
import { Container } from "../container/container.ts";
import type { PortName } from "../manifest/families.ts";
import { completeConfig, parseSettings, type SettingsSource } from "../manifest/settings.ts";
import { checkCompatibility, RUNTIME_VERSION } from "../manifest/version.ts";
import type { PluginManifest } from "../manifest/schema.ts";
import { buildImage, type PluginImage, readManifest } from "../security/image.ts";
import { type PluginSource, pluginSource } from "../security/source.ts";
import { KBertError } from "../wall/errors.ts";
import type { SandboxFactory, Tier } from "../wall/sandbox.ts";
import type { WireValue } from "../wall/values.ts";
import { admission, type Admit } from "./admission.ts";
import { CallAll, type CallAllOptions, type CallAllResult } from "./call_all.ts";
import { defaultPlaces, type PluginPlace, scanPlugins, type ScanReport } from "./discovery.ts";
import { Hooks, type PluginHooks } from "./hooks.ts";
import { effectiveLimits, type PluginLimits } from "./limits.ts";
import { type OfferOptions, ServiceOffers } from "./offers.ts";
import { MemoryWatch } from "./memory_watch.ts";
import { Plugin } from "./plugin.ts";
import { type PortMethods, PORTS } from "./ports.ts";
import { PluginRegistry } from "./registry.ts";
import { RESTART_DEFAULTS, type RestartPolicy } from "./restarts.ts";
import type { Service } from "./services.ts";
import { startOrder } from "./start_order.ts";
import { Supervisor } from "./supervisor.ts";

/** What a manager is made with. */
export interface PluginManagerOptions {
  readonly createSandbox: SandboxFactory;
  /** Decides where plugins run and with which rights. @default {a process; the user is asked at the terminal} */
  readonly admit?: Admit;
  /** Carries the events of the plugins and those about them. @default {a bus of its own} */
  readonly bus?: EventBus;
  /** Where services come from that plugins are offered. @default {a container of its own} */
  readonly container?: Container;
}

/** How a plugin is loaded. */
export interface LoadOptions<Port extends PortName = PortName> {
  /** What it is used as. @default {the only entry point of its manifest} */
  readonly port?: Port;
  /** Settings of the plugin, checked against its manifest. */
  readonly settings?: Readonly<Record<string, unknown>>;
  /** Where the settings stand, for messages with line and column. */
  readonly settingsSource?: SettingsSource & { readonly file: string };
  /** Seeds whatever is random in the plugin. @default {0} */
  readonly seed?: number;
  /** Other limits than the usual ones; its manifest may have set tighter ones. */
  readonly limits?: Partial<PluginLimits>;
  /** In `callAll`, and among plugins that could start at the same time, a higher one comes first. @default {0} */
  readonly priority?: number;
  /** What this use of the plugin is called. @default {its name, with #2 and so on for further uses} */
  readonly as?: string;
  /**
   * Where it runs. `worker` is for code that you trust: it cannot be stopped when it loops, nor when it fills
   * the memory without a pause. @default {process, but worker for plugins that come with k-bert}
   */
  readonly tier?: Tier;
  /** Whether and how it is started again after a crash. @default {that of its port, see PORTS} */
  readonly restart?: Partial<RestartPolicy> | false;
}

/** A plugin by name, by path or URL, or as an image, and how it is loaded. */
export interface PluginUse extends LoadOptions {
  readonly plugin: string | URL | PluginImage;
  /** Whether it is started at all. @default {true} */
  readonly enabled?: boolean;
}

/** Owns its plugins: `await using` unloads them, `using` ends them at once. */
export class PluginManager implements Disposable, AsyncDisposable {
  readonly bus: EventBus;
  readonly registry = new PluginRegistry();
  readonly #ownBus: EventBus | undefined;
  readonly #createSandbox: SandboxFactory;
  readonly #admit: Admit;
  readonly #container: Container;
  readonly #hooks = new Hooks();
  readonly #callAll = new CallAll();
  readonly #offers: ServiceOffers;
  readonly #memory = new MemoryWatch();
  /** By the names of their uses, in the order of loading. */
  readonly #plugins = new Map<string, Plugin>();
  #scanned = false;
  #disposed = false;

  constructor(options: PluginManagerOptions) {
    const { createSandbox, admit = admission(), bus, container = new Container() } = options;
    this.bus = bus ?? new EventBus();
    this.#ownBus = bus ? undefined : this.bus;
    this.#createSandbox = createSandbox;
    this.#admit = admit;
    this.#container = container;
    this.#offers = new ServiceOffers(container);
  }

  /** Every plugin that is loaded, whatever its state, in the order of loading. */
  get plugins(): readonly Plugin[] {
    return [...this.#plugins.values()];
  }

  /** A loaded plugin by the name of its use. */
  get(name: string): Plugin | undefined {
    return this.#plugins.get(name);
  }

  /** Runs something before and after each phase of every plugin, until the result is disposed of. */
  hook(hooks: PluginHooks): Disposable {
    return this.#hooks.add(hooks);
  }

  /**
   * Offers a service to plugins that ask for it under `permissions.services`.
   *
   * @param service its methods, or a factory that makes them for each run of a plugin; what the factory
   * makes is disposed of when that run ends
   */
  offer(name: string, service: Service | (() => Service | Promise<Service>), options: OfferOptions): void {
    this.#offers.add(name, service, options);
  }

  /**
   * Finds plugins in folders, and remembers them by name.
   *
   * @param places in the order of precedence @default {the project's, the user's and the system's folder}
   * @returns what was found, and everything that was not right; a broken plugin hides no other
   */
  async scan(places: readonly (PluginPlace | string)[] = defaultPlaces()): Promise<ScanReport> {
    this.#scanned = true;
    const report = await scanPlugins(places);
    const duplicates = this.registry.add(report);
    return { ...report, problems: [...report.problems, ...duplicates] };
  }

  /**
   * Reads and vets a plugin, without running anything of it: `initialize` and `activate` do.
   *
   * @param plugin a name that a scan found (the default places are scanned if none was), a path or URL, or
   * an image
   * @throws {KBertError} `plugin/unknown`, `plugin/incompatible`, `document/invalid` for its manifest or
   * settings, `plugin/image`, `plugin/closed` after the manager was disposed of
   */
  async load<Port extends PortName = PortName>(
    plugin: string | URL | PluginImage,
    options: LoadOptions<Port> = {},
  ): Promise<Plugin<Port>> {
    return this.#load(await this.vet(plugin), options);
  }

  /**
   * Reads and vets a plugin, and answers its image: what {@linkcode PluginManager.load} would make a plugin of.
   *
   * @throws {KBertError} as it does
   */
  async vet(plugin: string | URL | PluginImage): Promise<PluginImage> {
    return isImage(plugin) ? plugin : await buildImage(await this.#sourceOf(plugin));
  }

  /** Loads, initializes and activates a plugin, after those that it needs. Throws as all three do. */
  async start<Port extends PortName = PortName>(
    plugin: string | URL | PluginImage,
    options: LoadOptions<Port> = {},
  ): Promise<Plugin<Port>> {
    const started = await this.startAll([{ plugin, ...options }]);
    return started.at(-1) as Plugin<Port>;
  }

  /**
   * Starts several plugins, each after those that it needs; what is needed and was found by a scan is
   * started as well. If one fails, those that this call started are unloaded again.
   *
   * @returns those of `uses` that are enabled, in the order in which they were started
   * @throws {KBertError} `plugin/dependency` before anything is started, and what a start can throw
   */
  async startAll(uses: readonly PluginUse[]): Promise<Plugin[]> {
    const known = await Promise.all(
      uses.map(async (use) => ({ use, manifest: await this.#manifestOf(use.plugin) })),
    );
    const running = this.plugins.filter(({ state }) => state === "active").map(({ image }) => image.manifest);
    const steps = startOrder(known, running, (name) => this.registry.get(name)?.manifest);
    // All are vetted before the first of them runs.
    const images = await Promise.all(
      steps.map((step) => this.vet("use" in step ? step.use.plugin : step.needed)),
    );
    await using undo = new AsyncDisposableStack();
    const started: Plugin[] = [];
    for (const [index, step] of steps.entries()) {
      const plugin = undo.use(this.#load(images[index]!, "use" in step ? step.use : {}));
      await plugin.initialize();
      await plugin.activate();
      if ("use" in step) started.push(plugin);
    }
    undo.move();
    return started;
  }

  /**
   * Calls a method of every active plugin of a port that has it, one after the other by priority.
   *
   * @returns what came of each, in the order of the calls
   * @throws {KBertError} if one fails and the policy is to abort, or if the call is given up
   */
  async callAll<Port extends PortName, Method extends keyof PortMethods[Port] & string>(
    port: Port,
    method: Method,
    args: ArgsOf<PortMethods[Port][Method]>,
    options?: CallAllOptions,
  ): Promise<CallAllResult<ResultOf<PortMethods[Port][Method]>>[]> {
    const plugins = this.plugins.filter((plugin) =>
      plugin.port === port && plugin.state === "active" && plugin.has(method)
    );
    const results = await this.#callAll.call(plugins, method, args as readonly WireValue[], options);
    return results as CallAllResult<ResultOf<PortMethods[Port][Method]>>[]; // checked by each plugin's port
  }

  /** Ends all plugins at once, the last one first. */
  [Symbol.dispose](): void {
    this.#disposed = true;
    for (const plugin of this.plugins.toReversed()) plugin[Symbol.dispose]();
    this.#ownBus?.[Symbol.dispose]();
  }

  /** Deactivates and unloads all plugins, the last one first. Twice is harmless. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#disposed = true;
    for (const plugin of this.plugins.toReversed()) await plugin.unload("its manager was disposed of");
    this.#ownBus?.[Symbol.dispose]();
  }

  #load<Port extends PortName>(image: PluginImage, options: LoadOptions<Port>): Plugin<Port> {
    const { manifest } = image;
    checkCompatibility(manifest, RUNTIME_VERSION);
    const port = portOf(image, options.port);
    const { settingsSource, priority = 0, seed = 0 } = options;
    const where = settingsSource?.file ?? `the settings of ${manifest.name}`;
    const settings = parseSettings(manifest, port, options.settings ?? {}, where, settingsSource);
    const name = this.#freeName(options.as ?? manifest.name);
    if (this.#disposed) {
      const reason = "its manager was disposed of";
      const message = `The plugin ${name} cannot be loaded because ${reason}`;
      throw new KBertError("plugin/closed", message, { plugin: name, reason });
    }
    const plugin = new Plugin<Port>({
      ...{ image, port, name, seed, priority },
      limits: effectiveLimits(manifest, options.limits),
      config: completeConfig(manifest, settings, { name, priority }),
      createSandbox: this.#createSandbox,
      memory: this.#memory,
      admit: () => this.#admit(image, port, options.tier),
      bus: this.bus,
      hooks: this.#hooks,
      container: this.#container,
      findService: (service, scope) => this.#offers.find(manifest, service, scope),
      onCrash: (reason) => supervisor?.crashed(reason),
      onUnload: () => {
        supervisor?.[Symbol.dispose]();
        this.#plugins.delete(name);
      },
    });
    const restart = options.restart ?? (PORTS[port].restarts ? {} : false);
    const supervisor = restart
      ? new Supervisor(plugin, this.bus, { ...RESTART_DEFAULTS, ...restart })
      : undefined;
    this.#plugins.set(name, plugin as unknown as Plugin);
    return plugin;
  }

  /** Without reading any code. */
  async #manifestOf(plugin: string | URL | PluginImage): Promise<PluginManifest> {
    return isImage(plugin) ? plugin.manifest : (await readManifest(await this.#sourceOf(plugin))).manifest;
  }

  async #sourceOf(plugin: string | URL): Promise<PluginSource> {
    if (!isName(plugin)) return pluginSource(plugin);
    if (!this.#scanned) await this.scan();
    return pluginSource(this.registry.require(plugin).folder);
  }

  #freeName(name: string): string {
    let free = name;
    for (let number = 2; this.#plugins.has(free); number++) free = `${name}#${number}`;
    return free;
  }
}

/** Arguments of a method, as a caller gives them. */
type ArgsOf<Method> = Method extends (...args: infer Args) => unknown ? Args : never;
/** What a method answers. */
type ResultOf<Method> = Method extends (...args: never[]) => infer Result ? Awaited<Result> : never;

function isImage(plugin: string | URL | PluginImage): plugin is PluginImage {
  return typeof plugin === "object" && "manifest" in plugin;
}

/** Neither a path nor a URL. */
function isName(plugin: string | URL): plugin is string {
  return typeof plugin === "string" && /^[a-z][a-z0-9_-]*$/.test(plugin);
}

/** The port that was asked for, or the only one that there is. */
function portOf<Port extends PortName>({ manifest }: PluginImage, wanted: Port | undefined): Port {
  const offered = Object.keys(manifest.entry_points) as PortName[];
  const port = wanted ?? (offered.length === 1 ? offered[0] : undefined);
  if (port !== undefined && offered.includes(port)) return port as Port;
  const problem = wanted === undefined ? "several ports, so say which" : `no ${wanted}`;
  const message = `The plugin ${manifest.name} has ${problem}; it offers ${offered.join(", ")}`;
  throw new KBertError("plugin/image", message, { plugin: manifest.name });
}

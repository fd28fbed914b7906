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
import { suggest } from "../manifest/suggest.ts";
import type { PluginImage } from "../security/image.ts";
import { KBertError } from "../wall/errors.ts";
import { printable } from "../wall/printable.ts";
import type { Kit, SandboxFactory, Tier } from "../wall/sandbox.ts";
import type { WireValue } from "../wall/values.ts";
import { admission, type Admit } from "./admission.ts";
import { CallAll, type CallAllOptions, type CallAllResult } from "./call_all.ts";
import type { PluginPlace, ScanReport } from "./discovery.ts";
import { Hooks, type PluginHooks } from "./hooks.ts";
import { type OfferOptions, ServiceOffers } from "./offers.ts";
import { MemoryWatch } from "./memory_watch.ts";
import { SERVING } from "./lifecycle.ts";
import { makeVersion } from "./make_version.ts";
import { Plugin } from "./plugin.ts";
import { PluginFinder, portOf } from "./plugin_finder.ts";
import { PluginWatch, type WatchOptions } from "./plugin_watch.ts";
import { type PortMethods, PORTS } from "./ports.ts";
import type { PluginRegistry } from "./registry.ts";
import { type ManagerReloadOptions, Reloader, type ReloadResult, type RollbackOptions } from "./reloader.ts";
import type { ReloadOptions, ReloadReport } from "./reloads.ts";
import { RESTART_DEFAULTS } from "./restarts.ts";
import type { Service } from "./services.ts";
import { startOrder } from "./start_order.ts";
import { Supervisor } from "./supervisor.ts";
import type { LoadOptions, PluginUse } from "./use.ts";
import type { PluginVersion } from "./version.ts";

/** What a manager is made with. */
export interface PluginManagerOptions {
  readonly createSandbox: SandboxFactory;
  /** Keeps a place ready that such a plugin can run in, for plugins that are watched. @default {none} */
  readonly keepWarm?: (kit: Kit, tier: Tier) => Disposable;
  /** Decides where plugins run and with which rights. @default {a process; the user is asked at the terminal} */
  readonly admit?: Admit;
  /** Carries the events of the plugins and those about them. @default {a bus of its own} */
  readonly bus?: EventBus;
  /** Where services come from that plugins are offered. @default {a container of its own} */
  readonly container?: Container;
}

/** Owns its plugins: `await using` unloads them, `using` ends them at once. */
export class PluginManager implements Disposable, AsyncDisposable {
  readonly bus: EventBus;
  readonly #ownBus: EventBus | undefined;
  readonly #createSandbox: SandboxFactory;
  readonly #keepWarm: PluginManagerOptions["keepWarm"];
  readonly #admit: Admit;
  readonly #container: Container;
  readonly #hooks = new Hooks();
  readonly #callAll = new CallAll();
  readonly #offers: ServiceOffers;
  readonly #memory = new MemoryWatch();
  readonly #watches = new Set<PluginWatch>();
  /** By the names of their uses, in the order of loading. */
  readonly #plugins = new Map<string, Plugin>();
  readonly #finder = new PluginFinder();
  readonly #reloader: Reloader;
  #disposed = false;

  constructor(options: PluginManagerOptions) {
    const { createSandbox, keepWarm, admit = admission(), bus, container = new Container() } = options;
    this.bus = bus ?? new EventBus();
    this.#ownBus = bus ? undefined : this.bus;
    this.#createSandbox = createSandbox;
    this.#keepWarm = keepWarm;
    this.#admit = admit;
    this.#container = container;
    this.#offers = new ServiceOffers(container);
    this.#reloader = new Reloader(this.bus, () => this.plugins);
  }

  /** The plugins that scans have found, by their names. */
  get registry(): PluginRegistry {
    return this.#finder.registry;
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
  scan(places?: readonly (PluginPlace | string)[]): Promise<ScanReport> {
    return this.#finder.scan(places);
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
  vet(plugin: string | URL | PluginImage): Promise<PluginImage> {
    return this.#finder.image(plugin);
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
      uses.map(async (use) => ({ use, manifest: await this.#finder.manifest(use.plugin) })),
    );
    const running = this.plugins.filter(({ state }) => SERVING.has(state)).map(({ image }) => image.manifest);
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
      plugin.port === port && SERVING.has(plugin.state) && plugin.has(method)
    );
    const results = await this.#callAll.call(plugins, method, args as readonly WireValue[], options);
    return results as CallAllResult<ResultOf<PortMethods[Port][Method]>>[]; // checked by each plugin's port
  }

  /**
   * Lets what a plugin's files are now take over from what runs of it; calls wait for a moment, and its state goes
   * over. See {@linkcode ReloadOptions}. Reloads of one plugin come one after the other.
   *
   * @param name of the use
   * @returns `unchanged` if its code is what runs already
   * @throws {KBertError} `plugin/unknown`; `plugin/reload` for whatever else goes wrong, with the reason as `cause`
   * and the place in the source: what ran before goes on, and `plugin.reload_failed` says so too
   */
  async reload(name: string, options?: ManagerReloadOptions): Promise<ReloadResult> {
    return await this.#reloader.reload(this.#require(name), options);
  }

  /**
   * Goes back to the version before the last reload, with the state of now.
   *
   * @throws {KBertError} as {@linkcode PluginManager.reload} does, and `plugin/state` if there is none
   */
  async rollback(name: string, options?: RollbackOptions): Promise<ReloadReport> {
    return await this.#reloader.rollback(this.#require(name), options);
  }

  /**
   * Reloads each plugin when a file of it is saved, those that are loaded later too, until the result is disposed
   * of. A reload that fails is told as `plugin.reload_failed`, and the next save tries again.
   *
   * Plugins that were not read from a folder are passed over. Takes the right to read the folders.
   */
  watch(options?: WatchOptions): Disposable {
    const actions = {
      reload: (name: string, options: ReloadOptions) => this.reload(name, options),
      keepWarm: this.#keepWarm,
    };
    const watch = new PluginWatch(actions, this.bus, options);
    for (const plugin of this.plugins) watch.add(plugin);
    this.#watches.add(watch);
    return {
      [Symbol.dispose]: () => {
        this.#watches.delete(watch);
        watch[Symbol.dispose]();
      },
    };
  }

  /** Ends all plugins at once, the last one first. */
  [Symbol.dispose](): void {
    this.#end();
    for (const plugin of this.plugins.toReversed()) plugin[Symbol.dispose]();
    this.#ownBus?.[Symbol.dispose]();
  }

  /** Deactivates and unloads all plugins, the last one first. Twice is harmless. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#end();
    for (const plugin of this.plugins.toReversed()) await plugin.unload("its manager was disposed of");
    this.#ownBus?.[Symbol.dispose]();
  }

  #end(): void {
    this.#disposed = true;
    for (const watch of this.#watches) watch[Symbol.dispose]();
    this.#watches.clear();
  }

  #require(name: string): Plugin {
    const plugin = this.#plugins.get(name);
    if (plugin) return plugin;
    const nearest = suggest(name, [...this.#plugins.keys()]);
    const advice = nearest === undefined ? "" : `; did you mean ${nearest}?`;
    throw new KBertError("plugin/unknown", `No plugin ${printable(name)} is loaded${advice}`, {
      plugin: name,
      ...(nearest !== undefined && { nearest }),
    });
  }

  #load<Port extends PortName>(image: PluginImage, options: LoadOptions<Port>): Plugin<Port> {
    const { manifest } = image;
    const port = portOf(image, options.port);
    const { priority = 0, seed = 0 } = options;
    const name = this.#freeName(options.as ?? manifest.name);
    if (this.#disposed) {
      const reason = "its manager was disposed of";
      const message = `The plugin ${name} cannot be loaded because ${reason}`;
      throw new KBertError("plugin/closed", message, { plugin: name, reason });
    }
    const use = { ...options, port, name, priority };
    const version = (image: PluginImage): PluginVersion => makeVersion(image, use, this.#admit, this.#offers);
    const plugin = new Plugin<Port>({
      ...version(image),
      ...{ port, name, seed, priority },
      createSandbox: this.#createSandbox,
      memory: this.#memory,
      bus: this.bus,
      hooks: this.#hooks,
      container: this.#container,
      onCrash: (reason) => supervisor?.crashed(reason),
      onUnload: () => {
        supervisor?.[Symbol.dispose]();
        this.#plugins.delete(name);
        for (const watch of this.#watches) watch.remove(name);
      },
    });
    const restart = options.restart ?? (PORTS[port].restarts ? {} : false);
    const supervisor = restart
      ? new Supervisor(plugin, this.bus, { ...RESTART_DEFAULTS, ...restart })
      : undefined;
    const loaded = plugin as unknown as Plugin;
    this.#plugins.set(name, loaded);
    this.#reloader.add(loaded, version);
    for (const watch of this.#watches) watch.add(loaded);
    return plugin;
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

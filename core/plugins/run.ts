/**
 * What runs of a plugin between `initialize` and its end: an instance, its way to the bus, and its services.
 *
 * @module
 */
import type { EventBus } from "../bus/event_bus.ts";
import type { Container } from "../container/container.ts";
import { configurationDifference } from "../manifest/difference.ts";
import type { PortName } from "../manifest/families.ts";
import type { PluginManifest } from "../manifest/schema.ts";
import type { PluginImage } from "../security/image.ts";
import type { Permissions } from "../security/permissions.ts";
import { KBertError, messageOf } from "../wall/errors.ts";
import type { ServedCall } from "../wall/options.ts";
import type { SandboxFactory, Tier } from "../wall/sandbox.ts";
import type { WireValue } from "../wall/values.ts";
import { capabilityApi } from "./capabilities/index.ts";
import type { CallTarget } from "./caller.ts";
import type { MethodDescription } from "./description.ts";
import { EventBridge } from "./event_bridge.ts";
import { type HostApi, serveHostApi } from "./host_api.ts";
import { PluginInstance } from "./instance.ts";
import type { PluginLimits } from "./limits.ts";
import type { HeldMemory, MemoryWatch } from "./memory_watch.ts";
import { callService, type Service } from "./services.ts";

/** What a run is made of. */
export interface RunOptions {
  readonly image: PluginImage;
  readonly port: PortName;
  readonly name: string;
  readonly config: Readonly<Record<string, unknown>>;
  readonly seed: number;
  readonly limits: PluginLimits;
  readonly createSandbox: SandboxFactory;
  /** Watches what runs in this process. */
  readonly memory: MemoryWatch;
  readonly bus: EventBus;
  /** The host's services; a run has a child of it. */
  readonly container: Container;
  /** The service of this name, if the user offers it to this plugin. */
  readonly findService: (name: string, scope: Container) => Promise<Service>;
}

/** How a plugin is let in: where it runs, and with which rights. */
export interface Admission {
  /** @default {what the factory makes} */
  readonly tier?: Tier;
  /** What it asks for and was granted. */
  readonly permissions: Permissions;
}

/** Who hears of a run. */
export interface RunListener {
  /** Called once, when it has ended. */
  onEnd(run: PluginRun, reason: Error): void;
  /** It does nothing any more, and the memory of this program grows; nothing but a quarantine ends that. */
  onSilent(run: PluginRun, what: string): void;
}

/** Owns all that it started; when the instance ends, by whomever, the rest ends with it. */
export class PluginRun implements CallTarget {
  readonly instance: PluginInstance;
  readonly admission: Admission;
  readonly #options: RunOptions;
  readonly #bridge: EventBridge;
  readonly #scope: Container;
  readonly #watched: Disposable | undefined;
  #methods: ReadonlyMap<string, MethodDescription> = new Map();
  #ended: Error | undefined;

  /** @param isStandby whether another version of it serves: see {@linkcode EventBridge} */
  constructor(options: RunOptions, admission: Admission, listener: RunListener, isStandby = false) {
    const { image, name, createSandbox, bus, container, limits } = options;
    this.#options = options;
    this.admission = admission;
    const api = this.#hostApi();
    // First, because it can fail: what follows would stay behind.
    this.instance = new PluginInstance({
      image,
      name,
      createSandbox,
      sandbox: {
        ...(admission.tier && { tier: admission.tier }),
        ...{ memoryMb: limits.memoryMb, heapMb: limits.heapMb },
        log: (message) => void bus.publish(name, "log.warning", { message, fields: {} }),
      },
      channel: {
        serve: (call) => serveHostApi(api, name, call),
        onEvents: (events) => this.#bridge.receive(events),
        onDropped: (count) => this.#bridge.dropped(count),
        onListenerError: (error) => this.#complain(error),
        eventsPerSecond: limits.eventsPerSecond,
      },
      onEnd: (reason) => {
        this.#ended = reason;
        this.#watched?.[Symbol.dispose]();
        this.#bridge[Symbol.dispose]();
        // Services of the user are ended in their own time.
        this.#scope[Symbol.asyncDispose]().catch((error) => this.#complain(error));
        listener.onEnd(this, reason);
      },
    });
    if (this.instance.tier === "worker") this.#watched = this.#watchMemory(listener);
    this.#bridge = new EventBridge(bus, name, image.manifest.events, isStandby);
    this.#scope = container.child(name);
  }

  get channel(): PluginInstance["channel"] {
    return this.instance.channel;
  }

  /** Why it has ended; undefined while it runs. */
  get ended(): Error | undefined {
    return this.#ended;
  }

  /** Its way to the bus, which a reload holds, releases and stops. */
  get events(): EventBridge {
    return this.#bridge;
  }

  /** What it can be called with; nothing before it is loaded. */
  get methods(): ReadonlyMap<string, MethodDescription> {
    return this.#methods;
  }

  /**
   * Runs the plugin's code, to the end of its constructor.
   *
   * @throws {KBertError} as {@linkcode PluginInstance.load} does, and `plugin/image` if the code declares
   * other settings than its manifest
   */
  async load(): Promise<void> {
    const { image: { manifest }, name, port, config, seed, limits } = this.#options;
    const { methods, configuration } = await this.instance.load({
      ...{ port, config, seed },
      gpu: this.admission.permissions.gpu,
      timeoutMs: limits.callMs,
    });
    if (configuration !== undefined) requireSameSettings(configuration, manifest, name);
    this.#methods = methods;
  }

  #watchMemory(listener: RunListener): Disposable {
    const { memory, limits } = this.#options;
    const limit = (what: keyof HeldMemory): string => `and the limit is ${limits[what]} (limits.${what})`;
    return memory.add({
      limits,
      holds: (timeoutMs) => this.instance.holds(timeoutMs),
      onOver: (what, holdsMb) => {
        const held = `${Math.round(holdsMb)} MiB of ${what === "heapMb" ? "objects" : "memory"}`;
        this.channel.close(`it holds ${held}, ${limit(what)}`);
      },
      onSilent: (grownMb) =>
        listener.onSilent(
          this,
          `it does nothing any more while this program grew by ${Math.round(grownMb)} MiB of memory, ${
            limit("memoryMb")
          }`,
        ),
    });
  }

  #hostApi(): HostApi {
    const { name } = this.#options;
    return {
      ...capabilityApi(name, this.admission.permissions),
      "events.subscribe": ([pattern, history]) => {
        this.#bridge.subscribe(this.channel, pattern, history);
        return undefined;
      },
      "events.unsubscribe": ([pattern]) => {
        this.#bridge.unsubscribe(pattern);
        return undefined;
      },
      "service.call": ([service, method, args], call) => this.#callService(service, method, args, call),
    };
  }

  async #callService(
    name: string,
    method: string,
    args: readonly WireValue[],
    call: ServedCall,
  ): Promise<WireValue> {
    const service = await this.#options.findService(name, this.#scope);
    return await callService(service, name, method, args, {
      plugin: this.#options.name,
      get signal() {
        return call.signal;
      },
    });
  }

  #complain(error: unknown): void {
    const message = `On the way to the plugin ${this.#options.name}: ${messageOf(error)}`;
    this.#options.bus.post("log.warning", { message, fields: {} });
  }
}

/** The compiler believed the code; the user's settings were checked by the manifest. */
function requireSameSettings(declared: unknown, { configuration }: PluginManifest, plugin: string): void {
  const difference = configurationDifference(declared, configuration);
  if (difference === undefined) return;
  const message =
    `The code of the plugin ${plugin} declares other settings than its plugin.yaml: ${difference}`;
  throw new KBertError("plugin/image", message, { plugin });
}

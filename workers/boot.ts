/**
 * The life of a plugin's worker: wait for the image, seal the loader, lock the realm, run the plugin.
 *
 * Order matters. The loader's hooks are installed first, because a later hook would run before them.
 * The backend starts before the lockdown, because it fetches its `data:` URL. The plugin's code comes
 * last: nothing of it has run while there was still something to take away.
 *
 * @module
 */
import { Channel } from "../core/wall/channel.ts";
import { messagePort } from "../core/wall/frame.ts";
import type { WireValue } from "../core/wall/values.ts";
import { EventBus } from "../plugins/sdk/event_bus.ts";
import { installLoader, type SdkModules, sealLoader } from "./loader.ts";
import { lockdown } from "./lockdown.ts";

/** What a port's server gets: the plugin's class, and what it is made with. */
export interface PluginSetup {
  readonly pluginClass: unknown;
  readonly settings: Record<string, WireValue>;
  readonly seed: number;
  readonly eventBus: EventBus;
}

/** Serves one method. The host checked what it sends, and is trusted by the plugin's side. */
export type PortMethod = (...args: never[]) => Promise<WireValue> | WireValue;

/** The methods of a port, by the name that the host calls them. */
export type PortMethods = ReadonlyMap<string, PortMethod>;

/** Prepares (before the lockdown) and then makes a plugin's instance and serves it. */
export interface PortServer {
  prepare(): Promise<void>;
  serve(setup: PluginSetup): Promise<PortMethods>;
}

/** What the two entries differ in. */
export interface BootOptions {
  readonly sdk: SdkModules;
  readonly ports: ReadonlyMap<string, PortServer>;
}

const TENSOR_SDK = "k-bert/sdk/tensors";

/** What the host sends to make a worker a plugin. Written by core/plugins/manager.ts. */
interface LoadRequest {
  readonly port: string;
  readonly entry: string;
  readonly exportName: string;
  readonly moduleUrls: readonly string[];
  readonly moduleSources: readonly Uint8Array[];
  readonly settings: Record<string, WireValue>;
  readonly seed: number;
}

/**
 * Called by a worker's entry module, once. The first message brings the port that the host is behind.
 *
 * A port of its own, because the worker's scope is shared with the plugin: whoever listens to `message`
 * there hears everything, and the list of listeners can be found among the scope's symbols.
 */
export function boot(options: BootOptions): void {
  installLoader(options.sdk);
  // Once: a listener that stays is one that the plugin can find.
  globalThis.addEventListener("message", (event) => {
    const [port] = (event as MessageEvent).ports;
    if (port) live(port, options);
  }, { once: true });
}

function live(port: MessagePort, { sdk, ports }: BootOptions): void {
  let methods: PortMethods = new Map();
  let loaded = false;
  // Computed, so that it never joins this module's own graph.
  const importModule = (url: string): Promise<Record<string, unknown>> => import(url);

  const channel = new Channel(messagePort(port), {
    peer: "the host",
    serve: async (method, args) => {
      if (method === "$load") {
        if (loaded) throw new Error("A worker is loaded once");
        loaded = true;
        methods = await load(args[0] as unknown as LoadRequest);
        return undefined;
      }
      const serve = methods.get(method);
      if (!serve) throw new Error(`There is no method ${method}()`);
      return await serve(...args as never[]);
    },
  });
  const eventBus = new EventBus((events) => channel.events(events));
  channel.ready();

  async function load(request: LoadRequest): Promise<PortMethods> {
    const server = ports.get(request.port);
    if (!server) {
      const needs = sdk.has(TENSOR_SDK) ? "" : `; a plugin that computes has to import "${TENSOR_SDK}"`;
      throw new Error(`Nothing serves the port ${request.port} here${needs}`);
    }
    await server.prepare();
    const decoder = new TextDecoder();
    const sources = request.moduleSources.map((bytes) => decoder.decode(bytes));
    sealLoader(new Map(request.moduleUrls.map((url, index) => [url, sources[index] ?? ""])));
    lockdown({
      tensors: sdk.has(TENSOR_SDK),
      log: (level, text) => channel.log(level, text),
      onUncaught: (error) => channel.fail(error),
    });
    const module = await importModule(request.entry);
    return await server.serve({
      pluginClass: exportOf(module, request),
      settings: request.settings,
      seed: request.seed,
      eventBus,
    });
  }
}

function exportOf(module: Record<string, unknown>, { entry, exportName }: LoadRequest): unknown {
  if (Object.hasOwn(module, exportName)) return module[exportName];
  const exports = Object.keys(module).join(", ") || "nothing";
  throw new Error(`${entry} does not export ${exportName}; it exports ${exports}`);
}

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
import type { Served, ServedCall } from "../core/wall/options.ts";
import type { WireValue } from "../core/wall/values.ts";
import { hostLink } from "./host_link.ts";
import { LIGHT_PORTS } from "./light_ports.ts";
import { installLoader, type SdkModules, sealLoader } from "./loader.ts";
import { lockdown } from "./lockdown.ts";
import { type PipePort, pipePort } from "./pipe_port.ts";
import { PluginInstance } from "./plugin_instance.ts";
import type { PortServer } from "./port_server.ts";
import { ON_A_PIPE } from "./process_protocol.ts";

/** What the two entries differ in. */
export interface BootOptions {
  readonly sdk: SdkModules;
  /** Beside those that need neither tensors nor tables. */
  readonly ports: ReadonlyMap<string, PortServer>;
}

const TENSOR_SDK = "k-bert/sdk/tensors";
const TABLE_SDK = "k-bert/sdk/tables";

/** What the host sends to make a worker a plugin. Written by core/plugins/instance.ts. */
interface LoadRequest {
  readonly port: string;
  readonly entry: string;
  readonly exportName: string;
  readonly moduleUrls: readonly string[];
  readonly moduleSources: readonly Uint8Array[];
  readonly config: Readonly<Record<string, unknown>>;
  readonly seed: number;
  /** Whether the plugin may compute on the graphics card. */
  readonly gpu: boolean;
  /** Patterns of topics and names of services that the manifest asks for. */
  readonly listens: readonly string[];
  readonly services: readonly string[];
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
    const { data, ports: [port] } = event as MessageEvent;
    if (data === ON_A_PIPE) live(pipePort(), options);
    else if (port) live({ port: messagePort(port), sealed: () => {} }, options);
  }, { once: true });
}

function live({ port, sealed }: PipePort, { sdk, ports }: BootOptions): void {
  const servers = new Map<string, PortServer>([...LIGHT_PORTS, ...ports]);
  const hasTensors = sdk.has(TENSOR_SDK);
  let instance: PluginInstance | undefined;
  let loaded = false;
  // Computed, so that it never joins this module's own graph.
  const importModule = (url: string): Promise<Record<string, unknown>> => import(url);

  const channel: Channel = new Channel(port, {
    peer: "the host",
    side: "plugin",
    serve: (call) => {
      if (call.method === "$memory") return heldMemory(); // also while the plugin is being made
      if (!instance) return loadOnce(call);
      return call.method === "$capture" ? capture(instance) : serve(instance, call);
    },
    onEvents: (events) => link.deliver(events),
    onDropped: (count) => link.log("warn", `${count} events of others did not get here: they came too fast`),
  });
  const link = hostLink(channel);
  const lock = (gpu: boolean): void =>
    lockdown({ tensors: hasTensors, gpu, log: link.log, onUncaught: (error) => channel.fail(error) });
  // Before there is anything to load, where nothing has to be prepared: a worker in reserve is locked then.
  if (!hasTensors) lock(false);
  channel.ready();
  for (const server of servers.values()) server.warm?.();

  /** After the listeners are done with what they have heard. */
  async function capture(instance: PluginInstance): Promise<WireValue> {
    await link.settled();
    return await instance.capture();
  }

  async function loadOnce({ method, args }: ServedCall): Promise<WireValue> {
    if (method !== "$load" || loaded) throw new Error("A worker is loaded once, and called then");
    loaded = true;
    return await load(args[0] as unknown as LoadRequest);
  }

  async function load(request: LoadRequest): Promise<WireValue> {
    const server = servers.get(request.port);
    if (!server) {
      const part = request.port === "feature" ? TABLE_SDK : TENSOR_SDK;
      const needs = sdk.has(part) ? "" : `; import "${part}", which has its base class`;
      throw new Error(`Nothing serves the port ${request.port} here${needs}`);
    }
    const { gpu } = request;
    await server.prepare?.({ gpu });
    const decoder = new TextDecoder();
    const sources = request.moduleSources.map((bytes) => decoder.decode(bytes));
    sealLoader(new Map(request.moduleUrls.map((url, index) => [url, sources[index] ?? ""])));
    if (hasTensors) lock(gpu);
    sealed();

    const { container, eventBus } = link.connect(request);
    const pluginClass = exportOf(await importModule(request.entry), request);
    const { config, seed } = request;
    const made = container.construct(() => server.serve({ pluginClass, config, seed, eventBus }));
    instance = new PluginInstance(made);
    return {
      methods: made.described.map((method) => ({ ...method })),
      configuration: JSON.stringify(Reflect.get(pluginClass as object, "configuration") ?? null),
    };
  }
}

function serve(instance: PluginInstance, call: ServedCall): Served {
  switch (call.method) {
    case "$initialize":
      return instance.initialize() as Promise<undefined>;
    case "$activate":
      return instance.activate() as Promise<undefined>;
    case "$deactivate":
      return instance.deactivate() as Promise<undefined>;
    case "$restore":
      return instance.restore(call.args[0], call.args[1] === true);
    case "$ping":
      return undefined; // that it answers is the answer
    case "$unload":
      return instance.unload() as Promise<undefined>;
    default:
      return instance.call(call);
  }
}

// Taken before the realm is locked: a plugin can neither ask nor answer in its place.
const { memoryUsage } = Deno;
const BYTES_PER_MB = 2 ** 20;

/** What this worker's code holds, in MiB: objects and texts, and with buffers. Memory of WebAssembly is not known here. */
function heldMemory(): { heapMb: number; memoryMb: number } {
  const { heapTotal, external } = memoryUsage();
  return { heapMb: heapTotal / BYTES_PER_MB, memoryMb: (heapTotal + external) / BYTES_PER_MB };
}

function exportOf(module: Record<string, unknown>, { entry, exportName }: LoadRequest): unknown {
  if (Object.hasOwn(module, exportName)) return module[exportName];
  const exports = Object.keys(module).join(", ") || "nothing";
  throw new Error(`${entry} does not export ${exportName}; it exports ${exports}`);
}

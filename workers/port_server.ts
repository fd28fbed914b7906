/**
 * What a port is on the worker's side: which class it takes, and how calls of the host become calls of it.
 *
 * @module
 */
import type { Served, ServedCall } from "../core/wall/options.ts";
import type { WireValue } from "../core/wall/values.ts";
import type { EventBus } from "../plugins/sdk/event_bus.ts";
import { type CallContext, PHASE_NAMES, type PluginPort } from "../plugins/sdk/plugin_port.ts";

/** What a plugin is made with. */
export interface PluginSetup {
  readonly pluginClass: unknown;
  readonly config: Readonly<Record<string, unknown>>;
  readonly seed: number;
  readonly eventBus: EventBus;
}

/** Serves one method. The host checked what it sends, and is trusted by the plugin's side. */
export type PortMethod = (call: ServedCall) => Served;

/** A method as its plugin has it; core/plugins/description.ts checks what arrives there. */
export interface MethodDescription {
  readonly name: string;
  /** Arguments that have to be given, the context not counted. */
  readonly parameters: number;
  /** Whether it is an async generator. */
  readonly streams: boolean;
}

/** A plugin that was made, and what of it can be called. */
export interface ServedPlugin {
  readonly plugin: PluginPort;
  /** By the name that the host calls them. */
  readonly methods: ReadonlyMap<string, PortMethod>;
  readonly described: readonly MethodDescription[];
  /** What the port keeps for the plugin, beside what the plugin remembers itself. */
  readonly memory?: PortMemory;
}

/** State of a port that goes over to another version of the plugin's code. */
export interface PortMemory {
  capture(): Promise<WireValue> | WireValue;
  /** What of a state has no place in this version, each as a noun with the reason. Changes nothing. */
  losses(state: WireValue): readonly string[];
  /** Takes over what has a place. */
  restore(state: WireValue): unknown;
}

/** What a port may use beside the processor. */
export interface PortRights {
  /** The graphics card. */
  readonly gpu: boolean;
}

/** Prepares (before the lockdown) and then makes a plugin's instance and serves it. */
export interface PortServer {
  /** Begins with what most plugins of the port need, while the worker waits for one. */
  warm?(): void;
  prepare?(rights: PortRights): Promise<void>;
  /** Runs inside the worker's container and synchronously, so that constructors may inject. */
  serve(setup: PluginSetup): ServedPlugin;
}

/** Any class of plugins, abstract ones too. */
export type PluginClass<Plugin extends PluginPort = PluginPort> = abstract new (...args: never[]) => Plugin;

type AnyMethod = (this: PluginPort, ...args: unknown[]) => Served;

/**
 * Makes the plugin of an entry point.
 *
 * @param seeded whether the port's constructor takes the seed, third; in all others, what a plugin injects
 * stands there
 * @throws {TypeError} if the entry point is not a class that extends `base`; and what the constructor throws
 */
export function makePlugin<Plugin extends PluginPort>(
  { pluginClass, config, eventBus, seed }: PluginSetup,
  base: PluginClass<Plugin>,
  { seeded = false }: { seeded?: boolean } = {},
): Plugin {
  if (typeof pluginClass !== "function" || !(pluginClass.prototype instanceof base)) {
    throw new TypeError(`The entry point has to be a class that extends ${base.name}`);
  }
  const args = seeded ? [config, eventBus, seed] : [config, eventBus];
  return new (pluginClass as new (...args: unknown[]) => Plugin)(...args);
}

/** How a port differs from that of a plugin of no particular kind. */
export interface PortForm {
  /** Which methods it has. @default {all} */
  readonly isCallable?: (name: string) => boolean;
  /** What the host is answered. @default {what the method returns} */
  readonly answer?: (result: Served, args: readonly WireValue[]) => Served;
  /** See {@linkcode makePlugin}. @default {false} */
  readonly seeded?: boolean;
}

/**
 * Serves a class by its own methods: with the host's arguments, and a {@linkcode CallContext} as the last
 * parameter of those that declare one more than they were given.
 *
 * @param base the class that a plugin's has to extend
 */
export function serveMethods(base: PluginClass, form: PortForm = {}): PortServer {
  const { isCallable = () => true, answer = (result) => result } = form;
  return {
    serve(setup): ServedPlugin {
      const plugin = makePlugin(setup, base, form);
      const found = [...methodsOf(plugin, base)].filter(([name]) => isCallable(name));
      return {
        plugin,
        methods: new Map(
          found.map(([name, method]) => [
            name,
            (call) => answer(method.apply(plugin, argumentsOf(call, method.length)), call.args),
          ]),
        ),
        described: found.map(([name, method]) => ({
          name,
          parameters: method.length,
          streams: Object.prototype.toString.call(method) === "[object AsyncGeneratorFunction]",
        })),
      };
    },
  };
}

/** A parameter with a default, and those behind it, are not declared here: they keep their defaults. */
function argumentsOf(call: ServedCall, declared: number): unknown[] {
  const { args } = call;
  // Without a copy: apply() only reads it.
  if (declared <= args.length) return args as unknown[];
  const between = Array.from({ length: declared - 1 - args.length });
  return [...args, ...between, contextOf(call)];
}

/** What a method is given after its arguments. The signal is made when it is asked for, which most never do. */
export function contextOf(call: ServedCall): CallContext {
  return {
    get signal(): AbortSignal {
      return call.signal;
    },
  };
}

/** The public methods that a plugin adds to its base, those of its own class before inherited ones. `$…` is ours. */
function methodsOf(plugin: PluginPort, base: PluginClass): ReadonlyMap<string, AnyMethod> {
  const methods = new Map<string, AnyMethod>();
  for (let at = Object.getPrototypeOf(plugin); at !== base.prototype; at = Object.getPrototypeOf(at)) {
    for (const [name, { value }] of Object.entries(Object.getOwnPropertyDescriptors(at))) {
      // What the base has is the plugin's own business, also where the plugin has another form of it.
      const isOwn = !(name in base.prototype) && !PHASE_NAMES.has(name);
      const isPublic = typeof value === "function" && !/^[_$]/.test(name) && isOwn;
      if (isPublic && !methods.has(name)) methods.set(name, value);
    }
  }
  return methods;
}

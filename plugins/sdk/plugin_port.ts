/**
 * The base of every plugin: its configuration, its services, and the phases of its life.
 *
 * All phases and hooks may be left out, and each may be asynchronous. The order: constructor, `initialize`,
 * `activate`, calls, `deactivate`; then what was registered with `use()` is released, last first, also if a
 * phase before it failed.
 *
 * @module
 */
import { inject } from "../../core/container/inject.ts";
import { Logger } from "../../core/container/logger.ts";
import { MetricsCollector } from "../../core/container/metrics.ts";
import type { RuntimeEvents } from "../../core/bus/events.ts";
import type { PluginConfig } from "./config.ts";
import { EventBus } from "./event_bus.ts";

/**
 * What the runtime passes to a method that declares one more parameter than its caller gave: as the last one,
 * without a default, for example `process(text: string, { signal }: CallContext)`.
 */
export interface CallContext {
  /** Aborts when the caller has given the call up, or the plugin is stopped. */
  readonly signal: AbortSignal;
}

/** Whatever can be released: by the language's protocols, or by a method as the guide's examples have it. */
export type Resource =
  | Disposable
  | AsyncDisposable
  | { close(): unknown }
  | { cleanup(): unknown };

/** The phases of a plugin's life, and what runs before and after each; all are optional. */
export interface PluginPhases {
  /** Acquires what the plugin needs. */
  initialize?(): Promise<void> | void;
  activate?(): Promise<void> | void;
  deactivate?(): Promise<void> | void;
  preInitialization?(): Promise<void> | void;
  postInitialization?(): Promise<void> | void;
  preActivation?(): Promise<void> | void;
  postActivation?(): Promise<void> | void;
  /** Before each call; what it throws, the caller gets instead of an answer. */
  preExecution?(method: string): Promise<void> | void;
  /** After each call that succeeded. */
  postExecution?(method: string, result: unknown): Promise<void> | void;
  preDeactivation?(): Promise<void> | void;
  postDeactivation?(): Promise<void> | void;
  /** Before it is ended for good; there is nothing after that. */
  preUnload?(): Promise<void> | void;
}

/**
 * How a plugin goes on where another version of its code was, when it is reloaded. Without these methods a new
 * version begins anew; what a port keeps for its plugin (weights and moments of a head) goes over by itself.
 *
 * The old version is asked when it has no open call, the new one is given the answer between `initialize` and
 * `activate`. Should the reload fail after that, the old one goes on: asking must change nothing.
 */
export interface PluginMemory {
  /** What it remembers: plain data, bytes and tensors. A copy of it is passed on. */
  captureState?(): unknown;
  /** Goes on from what {@linkcode PluginMemory.captureState} of the version before answered. */
  restoreState?(state: unknown): Promise<void> | void;
  /** Of the form of its state, a whole number; raise it when that changes. @default {1} */
  readonly stateVersion?: number;
  /**
   * Makes a state of this form from one of another, older or newer. Without it, a state of another version is
   * not taken over.
   */
  migrateState?(state: unknown, fromVersion: number): unknown;
}

/** Names that no caller can call: they belong to the plugin's life. */
export const PHASE_NAMES: ReadonlySet<string> = new Set([
  "constructor",
  "initialize",
  "activate",
  "deactivate",
  "preInitialization",
  "postInitialization",
  "preActivation",
  "postActivation",
  "preExecution",
  "postExecution",
  "preDeactivation",
  "postDeactivation",
  "preUnload",
  "captureState",
  "restoreState",
  "migrateState",
]);

/**
 * Base class of plugins, and itself the port of those of no particular kind: every public method that a
 * subclass adds can be called by the host. A name that begins with `_` or `$` cannot.
 *
 * @typeParam Events what it emits and hears: those of k-bert, and its own topics where it has some
 * @example A plugin with a resource
 * ```ts
 * import { PluginPort } from "./plugin_port.ts";
 * import { PluginConfig } from "./config.ts";
 * import { EventBus } from "./event_bus.ts";
 * import { assertEquals } from "../../core/deps/assert.ts";
 *
 * class WordCounter extends PluginPort {
 *   #cache = new Map<string, number>();
 *
 *   override initialize(): void {
 *     this.use({ close: () => this.#cache.clear() });
 *   }
 *
 *   count(text: string): number {
 *     const words = this.#cache.get(text) ?? text.split(/\s+/).length;
 *     this.#cache.set(text, words);
 *     return words;
 *   }
 * }
 *
 * const counter = new WordCounter(PluginConfig({ name: "word_counter" }), new EventBus());
 * counter.initialize();
 * assertEquals(counter.count("a spoon in the soup"), 5);
 * await counter.releaseResources();
 * ```
 */
// Declares that a subclass may have the phases and a memory, without making any.
export interface PluginPort<
  Config extends PluginConfig = PluginConfig,
  Events extends object = RuntimeEvents,
> extends PluginPhases, PluginMemory {}

export class PluginPort<
  Config extends PluginConfig = PluginConfig,
  Events extends object = RuntimeEvents,
> {
  readonly config: Config;
  readonly eventBus: EventBus<Events>;
  readonly logger: Logger;
  readonly metrics: MetricsCollector;
  #resources: Resource[] = [];

  /**
   * Called by the runtime with checked settings.
   *
   * @param eventBus in a plugin that was made by the runtime, its own
   */
  constructor(config: Config, eventBus: EventBus<Events> = inject(EventBus)) {
    this.config = config;
    this.eventBus = eventBus;
    this.logger = new Logger(eventBus);
    this.metrics = new MetricsCollector(eventBus);
  }

  /** The plugin's name. */
  get name(): string {
    return this.config.name;
  }

  /** Registers a resource and answers it; it is released after `deactivate`, or when a phase fails. */
  use<T extends Resource>(resource: T): T {
    this.#resources.push(resource);
    return resource;
  }

  /**
   * Releases what was registered, last first; called by the runtime. All are tried, whatever one throws.
   *
   * @throws what one threw; an `AggregateError` if several did
   */
  async releaseResources(): Promise<void> {
    const errors: unknown[] = [];
    for (const resource of this.#resources.splice(0).toReversed()) {
      try {
        await release(resource);
      } catch (error) {
        errors.push(error);
      }
    }
    if (errors.length === 1) throw errors[0];
    if (errors.length > 1) throw new AggregateError(errors, `${errors.length} resources were not released`);
  }
}

async function release(resource: Resource): Promise<void> {
  if (Symbol.asyncDispose in resource) await resource[Symbol.asyncDispose]();
  else if (Symbol.dispose in resource) resource[Symbol.dispose]();
  else if ("close" in resource) await resource.close();
  else await resource.cleanup();
}

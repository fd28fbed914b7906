/**
 * Starts a plugin again after a crash, as long as that helps.
 *
 * @module
 */
import type { EventBus } from "../bus/event_bus.ts";
import { KBertError, messageOf } from "../wall/errors.ts";
import type { PluginState } from "./lifecycle.ts";
import { CrashBreaker, type RestartPolicy } from "./restarts.ts";

/** What is supervised. */
export interface Supervised {
  readonly name: string;
  readonly state: PluginState;
  initialize(): Promise<void>;
  activate(): Promise<void>;
  quarantine(reason: Error): void;
}

/**
 * Watches over one plugin. Disposed of with it: a restart that waits is then given up.
 *
 * A restart that fails counts like another crash. Its errors are on the bus, told by the plugin itself.
 * Somebody else who does something with the plugin meanwhile has the last word: it is left alone then.
 */
export class Supervisor implements Disposable {
  readonly #plugin: Supervised;
  readonly #bus: EventBus;
  readonly #policy: RestartPolicy;
  readonly #breaker: CrashBreaker;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #disposed = false;

  constructor(plugin: Supervised, bus: EventBus, policy: RestartPolicy) {
    this.#plugin = plugin;
    this.#bus = bus;
    this.#policy = policy;
    this.#breaker = new CrashBreaker(policy);
  }

  /** Starts it again later, or quarantines it, if it is `failed`. */
  crashed(reason: unknown): void {
    if (this.#disposed || this.#plugin.state !== "failed") return;
    const verdict = this.#breaker.crashed(performance.now());
    const { restarts } = verdict;
    if (verdict.restart) {
      clearTimeout(this.#timer);
      this.#timer = setTimeout(() => void this.#restart(restarts, verdict.delayMs), verdict.delayMs);
      return;
    }
    const { name } = this.#plugin;
    const { withinMs } = this.#policy;
    const message =
      `The plugin ${name} cannot be called because it crashed again after ${restarts} restarts ` +
      `within ${withinMs} ms; initialize it when its problem is solved`;
    this.#plugin.quarantine(
      new KBertError("plugin/quarantined", message, { plugin: name, restarts, withinMs }, { cause: reason }),
    );
    this.#bus.post("plugin.quarantined", { plugin_name: name, restarts, error: messageOf(reason) });
  }

  [Symbol.dispose](): void {
    this.#disposed = true;
    clearTimeout(this.#timer);
  }

  async #restart(restarts: number, delayMs: number): Promise<void> {
    if (this.#plugin.state !== "failed") return;
    try {
      await this.#plugin.initialize();
      await this.#plugin.activate();
    } catch (error) {
      return this.crashed(error);
    }
    this.#bus.post("plugin.restarted", { plugin_name: this.#plugin.name, restarts, delay_ms: delayMs });
  }
}

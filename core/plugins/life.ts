/**
 * Where one plugin is in its life, by the table in lifecycle.ts, and how it gets on: a phase that fails leaves it
 * `failed`, and one that was overtaken (by a crash, an unload) says so instead of going on.
 *
 * @module
 */
import type { EventBus } from "../bus/event_bus.ts";
import { KBertError, messageOf } from "../wall/errors.ts";
import { advice, nextState, type PluginAction, type PluginState, SERVING } from "./lifecycle.ts";

/** What is told when a phase fails. */
export type FailedTopic =
  | "plugin.initialization_failed"
  | "plugin.activation_failed"
  | "plugin.deactivation_failed";

/** See the module's text. Owned by its plugin. */
export class Life {
  readonly #plugin: string;
  readonly #bus: EventBus;
  readonly #onFail: (reason: string) => void;
  #state: PluginState = "discovered";
  /** How often the state changed: a phase that was overtaken knows it by that. */
  #changes = 0;
  /** Why it ended, until it is initialized again. */
  ended: Error | undefined;

  /** @param onFail ends what runs, when a phase failed and was not overtaken */
  constructor(plugin: string, bus: EventBus, onFail: (reason: string) => void) {
    this.#plugin = plugin;
    this.#bus = bus;
    this.#onFail = onFail;
  }

  get state(): PluginState {
    return this.#state;
  }

  /** Whether it takes calls. */
  get isServing(): boolean {
    return SERVING.has(this.#state);
  }

  /** @throws {KBertError} `plugin/state` if this cannot be done now */
  go(action: PluginAction): void {
    this.#state = nextState(this.#plugin, this.#state, action);
    this.#changes++;
    if (action === "initialize") this.ended = undefined;
  }

  /**
   * Runs a phase.
   *
   * @param run is given a check for after each wait: it throws if the plugin is not where it was
   * @throws {KBertError} `plugin/state`, and what `run` throws, which the bus is told first
   */
  async phase(
    action: "initialize" | "activate" | "deactivate",
    failed: FailedTopic,
    run: (stay: () => void) => Promise<void>,
  ): Promise<void> {
    this.go(action);
    const stay = this.staying(action);
    const during = this.#changes;
    try {
      await run(stay);
      stay();
    } catch (error) {
      if (this.#changes === during) {
        this.go("fail");
        this.#onFail(messageOf(error));
      }
      await this.#bus.emit(failed, { plugin_name: this.#plugin, error: messageOf(error) });
      throw error;
    }
    this.go("succeed");
  }

  /** For whoever waits: throws if the plugin is gone by then, or even on its way up again. */
  staying(action: string): () => void {
    const during = this.#changes;
    return () => {
      if (this.#changes !== during) throw this.ended ?? this.notNow(action);
    };
  }

  /** Why it cannot be used, for whoever was about to. */
  gone(reason: string): KBertError<"plugin/closed"> {
    const message = `The plugin ${this.#plugin} cannot be called because ${reason}`;
    return new KBertError("plugin/closed", message, { plugin: this.#plugin, reason });
  }

  notNow(action: string): KBertError<"plugin/state"> {
    const { state } = this;
    const message = `Cannot ${action} the plugin ${this.#plugin} because it is ${state}; ${advice(state)}`;
    return new KBertError("plugin/state", message, { plugin: this.#plugin, state, action });
  }
}

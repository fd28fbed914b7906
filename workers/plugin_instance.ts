/**
 * A plugin's instance in its worker: the phases of its life with the hooks around them, and its calls.
 *
 * The host decides which phase is when (core/plugins/lifecycle.ts); here a phase is only run. What a failed
 * phase leaves behind is released here, before the host hears of the failure.
 *
 * @module
 */
import type { Served, ServedCall } from "../core/wall/options.ts";
import type { WireValue } from "../core/wall/values.ts";
import type { PluginPort } from "../plugins/sdk/plugin_port.ts";
import { type MemoryState, StateTransfer } from "./state_transfer.ts";
import type { ServedPlugin } from "./port_server.ts";

/** Runs one plugin. */
export class PluginInstance {
  readonly #plugin: PluginPort;
  readonly #methods: ServedPlugin["methods"];
  readonly #transfer: StateTransfer;

  constructor({ plugin, methods, memory }: Omit<ServedPlugin, "described">) {
    this.#plugin = plugin;
    this.#methods = methods;
    this.#transfer = new StateTransfer(plugin, memory);
  }

  /** What it remembers, for another version of it. */
  capture(): Promise<WireValue> {
    return this.#transfer.capture();
  }

  /** Goes on from there; answers what begins anew. */
  restore(state: WireValue, allowLoss: boolean): Promise<WireValue> {
    return this.#transfer.restore(state as unknown as MemoryState, allowLoss);
  }

  async initialize(): Promise<void> {
    const plugin = this.#plugin;
    await this.#phase(async () => {
      await plugin.preInitialization?.();
      await plugin.initialize?.();
      await plugin.postInitialization?.();
    });
  }

  async activate(): Promise<void> {
    const plugin = this.#plugin;
    await this.#phase(async () => {
      await plugin.preActivation?.();
      await plugin.activate?.();
      await plugin.postActivation?.();
    });
  }

  /** Resources are released also if a hook or `deactivate` fails; the first error is the phase's. */
  async deactivate(): Promise<void> {
    const plugin = this.#plugin;
    await this.#phase(async () => {
      await plugin.preDeactivation?.();
      await plugin.deactivate?.();
      await plugin.postDeactivation?.();
    });
    await plugin.releaseResources();
  }

  /** The last thing that it does. What is still registered is released, as after `deactivate`. */
  async unload(): Promise<void> {
    const plugin = this.#plugin;
    await this.#phase(async () => await plugin.preUnload?.());
    await plugin.releaseResources();
  }

  /** Answers one call; without hooks, there is nothing between the call and the method. */
  call(call: ServedCall): Served {
    const { preExecution, postExecution } = this.#plugin;
    if (preExecution === undefined && postExecution === undefined) return this.serve(call);
    if (call.stream) return this.#streamWithHooks(call);
    return this.#callWithHooks(call);
  }

  /** The method itself. */
  serve(call: ServedCall): Served {
    const serve = this.#methods.get(call.method);
    if (!serve) throw new Error(`There is no method ${call.method}()`);
    return serve(call);
  }

  async #callWithHooks(call: ServedCall): Promise<WireValue> {
    await this.#plugin.preExecution?.(call.method);
    const result = await this.serve(call);
    await this.#plugin.postExecution?.(call.method, result);
    return result as WireValue;
  }

  async *#streamWithHooks(call: ServedCall): AsyncIterable<WireValue> {
    await this.#plugin.preExecution?.(call.method);
    yield* await this.serve(call) as AsyncIterable<WireValue>;
    await this.#plugin.postExecution?.(call.method, undefined);
  }

  async #phase(run: () => Promise<void>): Promise<void> {
    try {
      await run();
    } catch (error) {
      try {
        await this.#plugin.releaseResources();
      } catch {
        // Whatever goes wrong in there, the phase failed because of the first error.
      }
      throw error;
    }
  }
}

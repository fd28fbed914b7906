/**
 * What a plugin and its port remember, asked for and given to another version of the plugin's code.
 *
 * What would begin anew is known before anything is changed, so that a reload can be refused as a whole.
 *
 * @module
 */
import { decodeValue, encodeValue, type WireValue } from "../core/wall/values.ts";
import type { PluginPort } from "../plugins/sdk/plugin_port.ts";
import type { PortMemory } from "./port_server.ts";

/** As it crosses the wall; core/plugins/plugin_state.ts checks it there. */
export interface MemoryState {
  /** `stateVersion` of the plugin's code. */
  readonly version: number;
  /** Of the plugin; absent if it remembers nothing. */
  readonly own?: WireValue;
  /** Of its port. */
  readonly port?: WireValue;
}

/** What is said of a state that begins anew, at most. */
const MAX_LOSSES = 100;

/** See the module's text. */
export class StateTransfer {
  readonly #plugin: PluginPort;
  readonly #port: PortMemory | undefined;

  constructor(plugin: PluginPort, port: PortMemory | undefined) {
    this.#plugin = plugin;
    this.#port = port;
  }

  /** @throws {TypeError} if the plugin's version of its state is none, and what `captureState()` throws */
  async capture(): Promise<WireValue> {
    const own = copied(await this.#plugin.captureState?.() as WireValue);
    const port = await this.#port?.capture();
    return {
      version: this.#version(),
      ...(own !== undefined && { own }),
      ...(port !== undefined && { port }),
    };
  }

  /**
   * Answers what begins anew.
   *
   * @throws {Error} for the first thing that does, unless `allowLoss`; nothing is changed then
   * @throws what `migrateState()` and `restoreState()` throw
   */
  async restore({ version, own, port }: MemoryState, allowLoss: boolean): Promise<string[]> {
    const ownLoss = own === undefined ? undefined : this.#lossOf(version);
    const losses = [
      ...(ownLoss === undefined ? [] : [ownLoss]),
      ...(port === undefined ? [] : this.#port?.losses(port) ?? []),
    ];
    if (losses.length > 0 && !allowLoss) {
      const more = losses.length === 1 ? "" : ` (and ${losses.length - 1} more)`;
      throw new Error(
        `it has no place for ${losses[0]}${more}; reload it with onStateLoss "fresh" to let that begin anew`,
      );
    }
    if (port !== undefined) await this.#port?.restore(port);
    if (own !== undefined && ownLoss === undefined) {
      const isSame = version === this.#version();
      await this.#plugin.restoreState?.(isSame ? own : await this.#plugin.migrateState?.(own, version));
    }
    return losses.slice(0, MAX_LOSSES);
  }

  #lossOf(version: number): string | undefined {
    if (!this.#plugin.restoreState) {
      return "what the version before remembered: there is no restoreState()";
    }
    if (version === this.#version() || this.#plugin.migrateState) return undefined;
    return `a state of version ${version}: its stateVersion is ${this.#version()}, and there is no migrateState()`;
  }

  #version(): number {
    const { stateVersion = 1 } = this.#plugin;
    if (Number.isInteger(stateVersion) && stateVersion >= 0 && stateVersion <= 1_000_000) return stateVersion;
    throw new TypeError(`stateVersion is ${stateVersion}, expected a whole number up to 1,000,000`);
  }
}

/** What is sent is moved, and the plugin that remembers it may have to go on with it. */
function copied(value: WireValue): WireValue {
  const buffers: ArrayBuffer[] = [];
  return decodeValue(JSON.parse(JSON.stringify(encodeValue(value, buffers, [])) ?? "null"), buffers);
}

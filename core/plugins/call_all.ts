/**
 * One method of every plugin of a port, in the order of their priorities, with a policy for those that fail.
 *
 * They are called one after the other, so that the order means something; each is given a copy of the
 * arguments, because what one is given cannot be moved to the next.
 *
 * @module
 */
import type { PortName } from "../manifest/families.ts";
import { KBertError } from "../wall/errors.ts";
import type { CallOptions } from "../wall/options.ts";
import type { WireValue } from "../wall/values.ts";
import { type FailurePolicy, PORTS } from "./ports.ts";

/** How all plugins of a port are called. */
export interface CallAllOptions extends Omit<CallOptions, "transfer"> {
  /** What becomes of the result of one that fails. @default {that of the port} */
  readonly onFailure?: FailurePolicy;
}

/** What came of one plugin. */
export type CallAllResult<Value = WireValue> =
  | { readonly plugin: string; readonly outcome: "answered"; readonly value: Value }
  | {
    readonly plugin: string;
    readonly outcome: "identity" | "last-good";
    readonly value: Value;
    readonly error: Error;
  }
  | { readonly plugin: string; readonly outcome: "skipped"; readonly error: Error };

/** What is called. */
export interface CallAllPlugin {
  readonly name: string;
  readonly priority: number;
  readonly port: PortName;
  call(method: string, args: readonly WireValue[], options?: CallOptions): Promise<WireValue>;
}

/** Calls many, and remembers the last good answer of each. */
export class CallAll {
  readonly #lastGood = new WeakMap<CallAllPlugin, Map<string, WireValue>>();

  /**
   * @param plugins in the order in which those of one priority are called
   * @throws {KBertError} that of the first that fails, if the policy says so; `call/aborted` in any case
   */
  async call(
    plugins: readonly CallAllPlugin[],
    method: string,
    args: readonly WireValue[],
    { onFailure, ...options }: CallAllOptions = {},
  ): Promise<CallAllResult[]> {
    const policyOf = ({ port }: CallAllPlugin): FailurePolicy => onFailure ?? PORTS[port].onFailure;
    const results: CallAllResult[] = [];
    for (const plugin of plugins.toSorted((a, b) => b.priority - a.priority)) {
      try {
        const value = await plugin.call(method, args, { ...options, transfer: [] });
        if (policyOf(plugin) === "last-good") this.#remember(plugin, method, value);
        results.push({ plugin: plugin.name, outcome: "answered", value });
      } catch (error) {
        if (isAborted(error)) throw error;
        results.push(this.#resultOf(plugin, method, args, policyOf(plugin), error as Error));
      }
    }
    return results;
  }

  #resultOf(
    plugin: CallAllPlugin,
    method: string,
    args: readonly WireValue[],
    policy: FailurePolicy,
    error: Error,
  ): CallAllResult {
    const failed = { plugin: plugin.name, error };
    const remembered = this.#lastGood.get(plugin);
    switch (policy) {
      case "skip":
        return { ...failed, outcome: "skipped" };
      case "identity":
        return { ...failed, outcome: "identity", value: args[0] };
      case "last-good":
        if (!remembered?.has(method)) throw error;
        return { ...failed, outcome: "last-good", value: structuredClone(remembered.get(method)) };
      case "abort":
        throw error;
    }
  }

  /** A copy: the answer itself is the caller's to change, or to move on. */
  #remember(plugin: CallAllPlugin, method: string, value: WireValue): void {
    const remembered = this.#lastGood.get(plugin) ?? new Map<string, WireValue>();
    this.#lastGood.set(plugin, remembered.set(method, structuredClone(value)));
  }
}

function isAborted(error: unknown): boolean {
  return error instanceof KBertError && error.code === "call/aborted";
}

/**
 * What the host wants to do before and after each phase of every plugin, and each call.
 *
 * A hook that throws fails the phase it belongs to, as the phase itself would; that is what a hook before is
 * for. The plugin has hooks of the same names on its own side of the wall.
 *
 * @module
 */
import type { WireValue } from "../wall/values.ts";

/** The plugin that a hook is about; what is known of it outside. */
export interface HookedPlugin {
  readonly name: string;
  readonly version: string;
}

type Hook<Args extends unknown[] = []> = (plugin: HookedPlugin, ...args: Args) => Promise<void> | void;

/** All are optional, and may be asynchronous. */
export interface PluginHooks {
  readonly preInitialization?: Hook;
  readonly postInitialization?: Hook;
  readonly preActivation?: Hook;
  readonly postActivation?: Hook;
  /** Before a call crosses the wall; what it throws, the caller gets. */
  readonly preExecution?: Hook<[method: string, args: readonly WireValue[]]>;
  /** After a call that was answered. Of a stream, the result is undefined. */
  readonly postExecution?: Hook<[method: string, result: WireValue]>;
  readonly preDeactivation?: Hook;
  readonly postDeactivation?: Hook;
  readonly preUnload?: Hook;
  readonly postUnload?: Hook;
}

/** The name of a hook. */
export type HookName = keyof PluginHooks;

type ArgsOf<Name extends HookName> = Parameters<NonNullable<PluginHooks[Name]>> extends
  [HookedPlugin, ...infer Args] ? Args : never;

/**
 * The hooks of a host, run one after the other in the order in which they were added; those after a phase
 * in the opposite order, so that the first is outermost.
 *
 * @example
 * ```ts
 * import { Hooks } from "./hooks.ts";
 * import { assertEquals } from "../deps/assert.ts";
 *
 * const hooks = new Hooks();
 * const order: string[] = [];
 * hooks.add({ preActivation: () => void order.push("a"), postActivation: () => void order.push("a") });
 * using inner = hooks.add({ preActivation: () => void order.push("b"), postActivation: () => void order.push("b") });
 * const plugin = { name: "spam_head", version: "1.0.0" };
 * await hooks.run("preActivation", plugin);
 * await hooks.run("postActivation", plugin);
 * assertEquals(order, ["a", "b", "b", "a"]);
 * ```
 */
export class Hooks {
  readonly #added: { readonly hooks: PluginHooks }[] = [];

  /** Adds hooks until the result is disposed of. */
  add(hooks: PluginHooks): Disposable {
    const own = { hooks }; // the same hooks may be added twice
    this.#added.push(own);
    return {
      [Symbol.dispose]: () => {
        const index = this.#added.indexOf(own);
        if (index >= 0) this.#added.splice(index, 1);
      },
    };
  }

  /** Whether anybody hooked this, so that a call without hooks costs no await. */
  has(name: HookName): boolean {
    return this.#added.some(({ hooks }) => hooks[name] !== undefined);
  }

  /** Rejects with the first error; later hooks do not run then. */
  async run<Name extends HookName>(name: Name, plugin: HookedPlugin, ...args: ArgsOf<Name>): Promise<void> {
    const order = name.startsWith("post") ? this.#added.toReversed() : [...this.#added];
    for (const { hooks } of order) {
      const hook = hooks[name] as Hook<unknown[]> | undefined;
      await hook?.call(hooks, plugin, ...args);
    }
  }
}

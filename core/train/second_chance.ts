/**
 * What a run does when the code that a plugin was just reloaded with fails: it goes back to the version before and
 * asks again, so that a slip in an editor does not end a training.
 *
 * That holds until the new code has been good a few times. A version that has proved itself fails as any other.
 *
 * @module
 */
import { KBertError, messageOf } from "../wall/errors.ts";
import type { RunPlugin } from "./run_plugin.ts";

/** Successes after which code is no longer new. */
const TRIAL_CALLS = 10;

/** Of one plugin of a run. */
export class SecondChance {
  readonly #plugin: RunPlugin;
  /** The code that served when it was looked at last. */
  #code: string | undefined;
  /** Successes that it still needs. */
  #left = 0;

  constructor(plugin: RunPlugin) {
    this.#plugin = plugin;
    this.#code = plugin.image?.sha256;
  }

  /**
   * Does something with the plugin, and once more with the version before if new code fails in it.
   *
   * @param prepare makes that possible, for example by giving up half of a step; if it throws, it is not possible
   * @throws what the plugin's code throws, if it is not new or there is nothing to go back to
   */
  async take<T>(run: () => Promise<T>, prepare: () => Promise<void> = () => Promise.resolve()): Promise<T> {
    this.#notice();
    try {
      const result = await run();
      this.#notice();
      if (this.#left > 0) this.#left--;
      return result;
    } catch (error) {
      this.#notice();
      if (this.#left === 0 || !await this.#goBack(error, prepare)) throw error;
      this.#notice();
      this.#left = 0; // what was there before has proved itself
      return await run();
    }
  }

  /** Other code than before has to prove itself. */
  #notice(): void {
    const code = this.#plugin.image?.sha256;
    if (code === this.#code) return;
    this.#code = code;
    this.#left = TRIAL_CALLS;
  }

  /** Whether the version before serves again. One that crashed is replaced without being asked for. */
  async #goBack(error: unknown, prepare: () => Promise<void>): Promise<boolean> {
    const isGone = error instanceof KBertError && error.code === "plugin/closed";
    try {
      const isBack = await this.#plugin.rollback?.(`its new code failed: ${messageOf(error)}`) ?? false;
      if (!isBack && !isGone) return false;
      await prepare();
    } catch {
      return false; // what the new code did wrong is what the user needs to hear of
    }
    return true;
  }
}

/** The plugin with a second chance for each call. Its arguments must not be of the kind that is moved. */
export function withSecondChance(plugin: RunPlugin): RunPlugin {
  const chance = new SecondChance(plugin);
  return {
    name: plugin.name,
    tier: plugin.tier,
    get image() {
      return plugin.image;
    },
    has: (method) => plugin.has(method),
    call: (method, args, options) => chance.take(() => plugin.call(method, args, options)),
    [Symbol.asyncDispose]: () => plugin[Symbol.asyncDispose](),
  };
}

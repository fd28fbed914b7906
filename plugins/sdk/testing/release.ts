/**
 * Ends what a test made itself, as the runtime ends what it makes.
 *
 * @module
 */
import type { PluginPort, Resource } from "../plugin_port.ts";

/** A plugin, or whatever can be disposed of, closed or cleaned up. */
export type Releasable = Resource | Pick<PluginPort, "releaseResources">;

/**
 * Releases a plugin's resources and, of a head, its parameters; or ends anything else in its own way.
 *
 * @throws whatever that throws
 * @example
 * ```ts
 * import { release } from "./release.ts";
 * import { assertEquals } from "../../../core/deps/assert.ts";
 *
 * const closed: string[] = [];
 * await release({ close: () => closed.push("a file") });
 * assertEquals(closed, ["a file"]);
 * ```
 */
export async function release(thing: Releasable): Promise<void> {
  if ("releaseResources" in thing) {
    await thing.releaseResources();
    // By its form: the class of heads would load tfjs.
    if ("layers" in thing) (thing.layers as { dispose(): void }).dispose();
  } else if (Symbol.asyncDispose in thing) await thing[Symbol.asyncDispose]();
  else if (Symbol.dispose in thing) thing[Symbol.dispose]();
  else if ("close" in thing) await thing.close();
  else await thing.cleanup();
}

/**
 * Which plugins of a run got other code while it ran: what was trained by two versions has to say so.
 *
 * @module
 */
import { z } from "../deps/zod.ts";
import type { RunPlugin } from "./run_plugin.ts";

/** A plugin went on with other code, after this step. */
export interface CodeChange {
  readonly plugin: string;
  readonly step: number;
  /** Hashes of the images. */
  readonly from: string;
  readonly to: string;
}

const saved = z.array(z.object({ plugin: z.string(), step: z.int(), from: z.string(), to: z.string() }));

/**
 * Looks at the plugins after each step.
 *
 * @example
 * ```ts
 * import { CodeChanges } from "./code_changes.ts";
 * import type { RunPlugin } from "./run_plugin.ts";
 * import { assertEquals } from "../deps/assert.ts";
 *
 * const head = { name: "spam_head", image: { sha256: "aa" } };
 * const changes = new CodeChanges([head as RunPlugin]);
 * head.image = { sha256: "bb" };
 * assertEquals(changes.look(12), [{ plugin: "spam_head", step: 12, from: "aa", to: "bb" }]);
 * assertEquals([changes.look(13), changes.all.length], [[], 1]);
 * ```
 */
export class CodeChanges {
  readonly #plugins: readonly RunPlugin[];
  readonly #known: (string | undefined)[];
  #all: readonly CodeChange[] = [];

  constructor(plugins: readonly RunPlugin[]) {
    this.#plugins = plugins;
    this.#known = plugins.map(({ image }) => image?.sha256);
  }

  /** Since the run began, in their order. A checkpoint keeps them. */
  get all(): readonly CodeChange[] {
    return this.#all;
  }

  /** What has changed since the last look. */
  look(step: number): readonly CodeChange[] {
    const found: CodeChange[] = [];
    for (const [index, { name, image }] of this.#plugins.entries()) {
      const [from, to] = [this.#known[index], image?.sha256];
      if (from === to || from === undefined || to === undefined) continue;
      this.#known[index] = to;
      found.push({ plugin: name, step, from, to });
    }
    if (found.length > 0) this.#all = [...this.#all, ...found];
    return found;
  }

  /** Goes on from a checkpoint; anything else than its list is taken as none. */
  restore(changes: unknown): void {
    this.#all = saved.safeParse(changes).data ?? [];
  }
}

/**
 * Keeps new columns in a folder, one Arrow file for each result. Files may be deleted at any time; one that is
 * damaged counts as none.
 *
 * @module
 */
import { hashTable } from "../table/hash.ts";
import type { Table } from "../table/table.ts";
import type { PluginImage } from "../security/image.ts";

/** What decides the result beside the table. */
interface Cause {
  readonly image: PluginImage;
  readonly settings: Readonly<Record<string, unknown>>;
}

/**
 * A folder of results.
 *
 * @example
 * ```ts
 * import { FeatureCache } from "./feature_cache.ts";
 * import { Table } from "../table/table.ts";
 * import { assertEquals } from "../deps/assert.ts";
 *
 * const folder = await Deno.makeTempDir();
 * const cache = new FeatureCache(folder);
 * await cache.put("0".repeat(64), Table.from({ feature_a: [1, 2] }));
 * assertEquals((await cache.get("0".repeat(64), 2))?.toLists(), { feature_a: [1, 2] });
 * assertEquals(await cache.get("1".repeat(64), 2), undefined);
 * await Deno.remove(folder, { recursive: true });
 * ```
 */
export class FeatureCache {
  readonly #folder: string;

  /** @param folder is made when something is kept */
  constructor(folder: string) {
    this.#folder = folder.replace(/\/+$/, "");
  }

  /** The hash of an extractor's code, its settings and a table. */
  async keyOf({ image, settings }: Cause, table: Table): Promise<string> {
    const text = JSON.stringify([image.sha256, sorted(settings), await hashTable(table)]);
    const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(text));
    return new Uint8Array(digest).toHex();
  }

  /** What is kept under a key, if it is a table of so many rows. */
  async get(key: string, rows: number): Promise<Table | undefined> {
    const path = this.#pathOf(key);
    try {
      const bytes = await Deno.readFile(path);
      const { fromArrowFile } = await import("../table/arrow.ts");
      const table = fromArrowFile(bytes, path);
      return table.names.length === 0 || table.rows === rows ? table : undefined;
    } catch {
      return undefined; // missing or damaged: it is computed again, and written anew
    }
  }

  /**
   * Keeps a table. A folder that cannot be written is an error of its own: who asked for a cache wants to know.
   *
   * @throws {Deno.errors.NotCapable} and other errors of the file system
   */
  async put(key: string, table: Table): Promise<void> {
    const { toArrowFile } = await import("../table/arrow.ts");
    await Deno.mkdir(this.#folder, { recursive: true });
    const partial = `${this.#pathOf(key)}.${crypto.randomUUID().slice(0, 8)}.partial`;
    try {
      await Deno.writeFile(partial, toArrowFile(table));
      await Deno.rename(partial, this.#pathOf(key));
    } catch (error) {
      await Deno.remove(partial).catch(() => {});
      throw error;
    }
  }

  #pathOf(key: string): string {
    return `${this.#folder}/${key}.arrow`;
  }
}

/** The same settings in another order are the same. */
function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).sort(([a], [b]) => a < b ? -1 : 1).map(([key, one]) => [key, sorted(one)]),
  );
}

/**
 * Keeps new columns in a folder, as an Arrow file for each result, with its SHA-256 in a file beside it. Files may
 * be deleted at any time; one that is damaged in whatever way counts as none.
 *
 * @module
 */
import { hashTable } from "../table/hash.ts";
import type { Table } from "../table/table.ts";
import type { PluginImage } from "../security/image.ts";
import { sha256 } from "../wall/sha256.ts";

/** Of what is kept: another one when tables, or what plugins are handed of them, change their meaning. */
const FORM = 1;

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
    return await sha256(JSON.stringify([FORM, image.sha256, sorted(settings), await hashTable(table)]));
  }

  /** What is kept under a key, if it is a table of so many rows. */
  async get(key: string, rows: number): Promise<Table | undefined> {
    const path = this.#pathOf(key);
    try {
      const bytes = await Deno.readFile(path);
      // Arrow has no checksum: a table with other numbers would be read as well.
      if (await Deno.readTextFile(`${path}.sha256`) !== await sha256(bytes)) return undefined;
      const { fromArrowFile } = await import("../table/arrow.ts");
      const table = fromArrowFile(bytes, path);
      return table.names.length === 0 || table.rows === rows ? table : undefined;
    } catch {
      return undefined; // missing or damaged: it is computed again, and written anew
    }
  }

  /**
   * Keeps a table.
   *
   * @throws {Deno.errors.NotCapable} and other errors of the file system: who asked for a cache wants to know
   */
  async put(key: string, table: Table): Promise<void> {
    const { toArrowFile } = await import("../table/arrow.ts");
    const bytes = toArrowFile(table);
    await Deno.mkdir(this.#folder, { recursive: true });
    await writeWhole(`${this.#pathOf(key)}.sha256`, new TextEncoder().encode(await sha256(bytes)));
    await writeWhole(this.#pathOf(key), bytes);
  }

  #pathOf(key: string): string {
    return `${this.#folder}/${key}.arrow`;
  }
}

/** Under another name first: two programs that write the same do not meet in one file. */
async function writeWhole(path: string, bytes: Uint8Array): Promise<void> {
  const partial = `${path}.${crypto.randomUUID().slice(0, 8)}.partial`;
  try {
    await Deno.writeFile(partial, bytes);
    await Deno.rename(partial, path);
  } catch (error) {
    await Deno.remove(partial).catch(() => {});
    throw error;
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

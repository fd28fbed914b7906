/**
 * Remembers texts for texts, and forgets those that were not used for the longest time when it is full: of a number
 * of texts, or of their size, for a thousand e-mails take more room than ten thousand tweets.
 *
 * @module
 */

/** Bounds of a {@linkcode LruCache}. */
export interface LruCacheOptions {
  /** Most texts that are remembered; of 0, none. */
  readonly size: number;
  /** Most UTF-16 units of all texts and what is remembered for them. */
  readonly units: number;
}

/**
 * A `Map` keeps the order in which keys came; a key that is used is put in again, at the end.
 *
 * @example
 * ```ts
 * import { LruCache } from "./lru_cache.ts";
 * import { assertEquals } from "@std/assert";
 *
 * const cache = new LruCache({ size: 1, units: 100 });
 * cache.set("ham", "jambon");
 * cache.set("egg", "œuf");
 * assertEquals([cache.get("ham"), cache.get("egg")], [undefined, "œuf"]);
 * ```
 */
export class LruCache {
  readonly #options: LruCacheOptions;
  readonly #values = new Map<string, string>();
  #units = 0;

  constructor(options: LruCacheOptions) {
    this.#options = options;
  }

  get(key: string): string | undefined {
    const value = this.#values.get(key);
    if (value === undefined) return undefined;
    this.#values.delete(key);
    this.#values.set(key, value);
    return value;
  }

  set(key: string, value: string): void {
    this.#forget(key);
    this.#values.set(key, value);
    this.#units += key.length + value.length;
    for (const oldest of this.#values.keys()) {
      if (this.#values.size <= this.#options.size && this.#units <= this.#options.units) break;
      this.#forget(oldest);
    }
  }

  #forget(key: string): void {
    const value = this.#values.get(key);
    if (value === undefined) return;
    this.#values.delete(key);
    this.#units -= key.length + value.length;
  }
}

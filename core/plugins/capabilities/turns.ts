/**
 * So many at once, the others in the order in which they came: what bounds the memory of calls that each
 * may hold megabytes.
 *
 * @module
 */

/**
 * A number of places.
 *
 * @example
 * ```ts
 * import { Turns } from "./turns.ts";
 * import { assertEquals } from "../../deps/assert.ts";
 *
 * const turns = new Turns(1);
 * const { signal } = new AbortController();
 * const both = [1, 2].map((number) => turns.run(signal, () => Promise.resolve(number)));
 * assertEquals(await Promise.all(both), [1, 2]);
 * ```
 */
export class Turns {
  #free: number;
  readonly #waiting = new Set<() => void>();

  constructor(places: number) {
    this.#free = places;
  }

  /**
   * Runs something when there is a place.
   *
   * @param signal gives up waiting; what runs has to listen to it by itself
   * @throws the signal's reason, and what `work` throws
   */
  async run<T>(signal: AbortSignal, work: () => Promise<T>): Promise<T> {
    await this.#enter(signal);
    try {
      return await work();
    } finally {
      this.#leave();
    }
  }

  async #enter(signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    if (this.#free > 0) {
      this.#free--;
      return;
    }
    await new Promise<void>((resolve, reject) => {
      const enter = (): void => {
        signal.removeEventListener("abort", giveUp);
        resolve();
      };
      const giveUp = (): void => {
        this.#waiting.delete(enter);
        reject(signal.reason);
      };
      this.#waiting.add(enter);
      signal.addEventListener("abort", giveUp, { once: true });
    });
  }

  /** The place goes to the next one, if there is one. */
  #leave(): void {
    const [next] = this.#waiting;
    if (next === undefined) this.#free++;
    else {
      this.#waiting.delete(next);
      next();
    }
  }
}

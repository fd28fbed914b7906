/**
 * The last events of a bus, so that who comes late can hear what was.
 *
 * A ring: the newest takes the place of the oldest, and nothing is ever moved. It keeps payloads alive,
 * which is why its size is a setting of the bus.
 *
 * @module
 */
import type { BusEvent } from "./event.ts";
import { matchesTopic } from "./topics.ts";

/** Remembers the last so many events. */
export class History {
  readonly #limit: number;
  readonly #ring: BusEvent[] = [];
  /** Where the next event goes once the ring is full: where the oldest is. */
  #next = 0;

  /** @throws {RangeError} unless `limit` is a whole number of events, 0 or more. */
  constructor(limit: number) {
    if (!Number.isSafeInteger(limit) || limit < 0) {
      throw new RangeError(`A history holds a whole number of events, 0 or more, not ${limit}`);
    }
    this.#limit = limit;
  }

  add(event: BusEvent): void {
    if (this.#ring.length < this.#limit) return void this.#ring.push(event);
    if (this.#limit === 0) return;
    this.#ring[this.#next] = event;
    this.#next = this.#next + 1 === this.#limit ? 0 : this.#next + 1;
  }

  /**
   * The last `count` events that the pattern matches, oldest first.
   *
   * @example
   * ```ts
   * import { History } from "./history.ts";
   * import { assertEquals } from "../deps/assert.ts";
   *
   * const history = new History(2);
   * for (const [index, topic] of ["a.x", "b.x", "a.y"].entries()) {
   *   history.add({ topic, payload: null, source: "host", time: 0, sequence: index + 1 });
   * }
   * assertEquals(history.last("*.*").map(({ topic }) => topic), ["b.x", "a.y"]);
   * assertEquals(history.last("a.*").map(({ topic }) => topic), ["a.y"]);
   * ```
   */
  last(pattern: string, count: number = Infinity): BusEvent[] {
    if (count === 0) return [];
    const ordered = [...this.#ring.slice(this.#next), ...this.#ring.slice(0, this.#next)];
    return ordered.filter(({ topic }) => matchesTopic(pattern, topic)).slice(-count);
  }

  clear(): void {
    this.#ring.length = 0;
    this.#next = 0;
  }
}

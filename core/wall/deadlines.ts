/**
 * One timer for all that waits: a timer of its own for each call would cost it a twentieth of its time.
 *
 * The timer rings at the earliest deadline, looks at what is overdue, and is set to the next. It is not
 * taken back when something is answered in time, only at the end: most calls are answered long before, and
 * the next one finds the timer running. Owns the timer; close() stops it.
 *
 * @module
 */

/** The longest time that a timer can wait; beyond it, Deno's fires at once. */
const MAX_TIMEOUT_MS = 2 ** 31 - 1;

/** Something that waits. */
export interface Waiting {
  /** When it is given up, by the clock of performance.now(). Set by {@linkcode Deadlines.add}. */
  deadline: number;
  /** Called at that time, after it was taken from the list. */
  expire(): void;
}

/**
 * See the module's text.
 *
 * @example
 * ```ts
 * import { Deadlines } from "./deadlines.ts";
 *
 * const deadlines = new Deadlines();
 * const { promise, resolve } = Promise.withResolvers<void>();
 * deadlines.add({ deadline: 0, expire: resolve }, 1);
 * await promise;
 * deadlines.close();
 * ```
 */
export class Deadlines {
  readonly #waiting = new Set<Waiting>();
  /** When the timer rings; Infinity without one. */
  #rings = Infinity;
  #timer: ReturnType<typeof setTimeout> | undefined;

  /** Begins to wait. @param timeoutMs milliseconds from now, Infinity too */
  add(waiting: Waiting, timeoutMs: number): void {
    waiting.deadline = performance.now() + timeoutMs;
    this.#waiting.add(waiting);
    if (waiting.deadline < this.#rings) this.#setTimer(waiting.deadline);
  }

  /** It was answered. */
  delete(waiting: Waiting): void {
    this.#waiting.delete(waiting);
  }

  /** Stops the timer; nothing expires any more. */
  close(): void {
    clearTimeout(this.#timer);
    this.#waiting.clear();
    this.#rings = Infinity;
  }

  #setTimer(deadline: number): void {
    clearTimeout(this.#timer);
    this.#rings = deadline;
    const ms = Math.ceil(Math.max(0, deadline - performance.now()));
    this.#timer = setTimeout(() => this.#ring(), Math.min(ms, MAX_TIMEOUT_MS));
  }

  #ring(): void {
    this.#rings = Infinity;
    const now = performance.now();
    for (const waiting of [...this.#waiting]) {
      // One that expires may end others.
      if (waiting.deadline > now || !this.#waiting.delete(waiting)) continue;
      waiting.expire();
    }
    let next = Infinity;
    for (const { deadline } of this.#waiting) next = Math.min(next, deadline);
    if (next < this.#rings) this.#setTimer(next);
  }
}

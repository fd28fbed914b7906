/**
 * A signal that aborts when the time is over, or when another one does.
 *
 * @module
 */

/**
 * Whoever makes it disposes of it, which stops the clock and aborts nothing.
 *
 * @example
 * ```ts
 * import { Deadline } from "./deadline.ts";
 * import { assertEquals } from "../../deps/assert.ts";
 *
 * const caller = new AbortController();
 * using deadline = new Deadline(1_000, caller.signal, () => new Error("too late"));
 * caller.abort("given up");
 * assertEquals(deadline.signal.reason, "given up");
 * ```
 */
export class Deadline implements Disposable {
  readonly #controller = new AbortController();
  readonly #timer: ReturnType<typeof setTimeout>;
  readonly #outer: AbortSignal;
  readonly #onAbort = (): void => this.#controller.abort(this.#outer.reason);

  /** @param reason made when the time is over, and what the signal aborts with */
  constructor(timeoutMs: number, outer: AbortSignal, reason: () => Error) {
    this.#outer = outer;
    this.#timer = setTimeout(() => this.#controller.abort(reason()), timeoutMs);
    if (outer.aborted) this.#onAbort();
    else outer.addEventListener("abort", this.#onAbort, { once: true });
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  [Symbol.dispose](): void {
    clearTimeout(this.#timer);
    this.#outer.removeEventListener("abort", this.#onAbort);
  }
}

/**
 * What a container has to dispose of, in the order in which it was made.
 *
 * A factory may hand on what is another service already, or a value that was only lent. So containers of one
 * family share a list of what is spoken for: nothing is disposed of twice, and nothing that was lent.
 *
 * @module
 */

/** Values with an owner; each is disposed of once, the last one first. */
export class Owned implements AsyncDisposable {
  readonly #values: unknown[] = [];
  readonly #spokenFor: WeakSet<WeakKey>;

  /** @param family whose values are not this one's, and the other way round */
  constructor(family?: Owned) {
    this.#spokenFor = family ? family.#spokenFor : new WeakSet();
  }

  /** Takes a value over, if it is nobody's. */
  add(value: unknown): void {
    if (this.#speakFor(value)) this.#values.push(value);
  }

  /** Notes that a value is somebody else's to dispose of. */
  lend(value: unknown): void {
    this.#speakFor(value);
  }

  /** @throws as {@linkcode disposeAll} does */
  async [Symbol.asyncDispose](): Promise<void> {
    const values = this.#values.splice(0).reverse();
    await disposeAll(values.map((value) => () => disposeOf(value)));
  }

  #speakFor(value: unknown): boolean {
    const isThing = typeof value === "object" && value !== null || typeof value === "function";
    if (!isThing || this.#spokenFor.has(value)) return false;
    this.#spokenFor.add(value);
    return true;
  }
}

/**
 * Runs disposers one after the other, also after one that throws.
 *
 * @throws what one of them threw, or an {@linkcode AggregateError} of what several did
 * @example
 * ```ts
 * import { disposeAll } from "./disposal.ts";
 * import { assertEquals, assertRejects } from "../deps/assert.ts";
 *
 * const done: string[] = [];
 * const failing = () => Promise.reject(new Error("The disk is full"));
 * await assertRejects(() => disposeAll([failing, () => done.push("second")]), Error, "The disk is full");
 * assertEquals(done, ["second"]);
 * ```
 */
export async function disposeAll(disposers: readonly (() => unknown)[]): Promise<void> {
  const errors: unknown[] = [];
  for (const dispose of disposers) {
    try {
      await dispose();
    } catch (error) {
      errors.push(error);
    }
  }
  if (errors.length === 1) throw errors[0];
  if (errors.length > 1) throw new AggregateError(errors, `${errors.length} disposers failed`);
}

function disposeOf(value: unknown): unknown {
  const { [Symbol.asyncDispose]: disposeAsync, [Symbol.dispose]: dispose } = value as Partial<
    AsyncDisposable & Disposable
  >;
  return (disposeAsync ?? dispose)?.call(value);
}

/**
 * What a service is asked for by: a class, for its instances, or a token, for what has no class.
 *
 * Types are gone when a program runs, so "whatever fits this interface" cannot be asked for; the key is the
 * thing that a type is written on.
 *
 * @module
 */

/**
 * A key for a service that has no class of its own: settings, a function, what fits an interface.
 *
 * Two tokens are two keys, whatever their names are.
 *
 * @typeParam T what is registered and resolved with it
 * @example
 * ```ts
 * import { Token } from "./token.ts";
 * import { Container } from "./container.ts";
 * import { assertEquals } from "../deps/assert.ts";
 *
 * const BatchSize = new Token<number>("batch size");
 * await using container = new Container();
 * container.register(BatchSize, { value: 32 });
 * assertEquals(container.get(BatchSize) + 1, 33);
 * ```
 */
export class Token<T> {
  /** There for the compiler only: without it a token of a number would be one of a text as well. */
  declare protected readonly service: T;

  /**
   * @param name for messages, and for whoever asks by name
   * @throws {TypeError} if it is empty
   */
  constructor(readonly name: string) {
    if (name === "") throw new TypeError("A token needs a name: it has an empty one");
  }
}

/**
 * Any class, also an abstract one or one whose constructor takes something. Its instances are read from
 * `prototype`: of a generic class, the constructor tells the compiler only what its parameter may be at most.
 */
export type AbstractClass<T> = (abstract new (...args: never[]) => object) & { readonly prototype: T };

/** A class stands for its instances; there is one key of a generic class, whatever it is of. */
export type Key<T> = Token<T> | AbstractClass<T>;

/**
 * How a key is called in messages, and what it is asked for by name.
 *
 * @example
 * ```ts
 * import { nameOf, Token } from "./token.ts";
 * import { assertEquals } from "../deps/assert.ts";
 *
 * assertEquals([nameOf(URL), nameOf(new Token("batch size"))], ["URL", "batch size"]);
 * ```
 */
export function nameOf(key: Key<unknown>): string {
  return key.name === "" ? "(a class without a name)" : key.name;
}

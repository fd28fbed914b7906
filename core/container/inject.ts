/**
 * Constructor defaults that come from a container: `constructor(logger = inject(Logger))`.
 *
 * There is one current context per thread. It is set only while a factory or a constructor runs
 * synchronously, so nothing that happens between two awaits of somebody else can see it. Decorators would
 * be the other way, but no JavaScript engine runs them yet; and a class with defaults can still be made by
 * hand, with its arguments.
 *
 * @module
 */
import { type Construction, unresolved } from "./construction.ts";
import type { Resolver } from "./provider.ts";
import { type Key, nameOf } from "./token.ts";

/** Whom to ask, and for which construction. */
export interface InjectionContext {
  readonly resolver: Resolver;
  readonly construction: Construction | undefined;
}

let current: InjectionContext | undefined;

/**
 * The service of a key, from the container that is making something right now.
 *
 * @throws {KBertError} `container/unresolved` outside of a factory, a constructor and `construct()`, after
 * the first `await` of a factory, and where {@linkcode Resolver.get} throws it
 * @example
 * ```ts
 * import { Container } from "./container.ts";
 * import { inject } from "./inject.ts";
 * import { assertEquals, assertThrows } from "../deps/assert.ts";
 *
 * class Clock {
 *   readonly now: number = 12;
 * }
 * class Alarm {
 *   constructor(readonly clock = inject(Clock)) {}
 * }
 *
 * await using container = new Container();
 * container.register(Clock, { class: Clock }).register(Alarm, { class: Alarm });
 * assertEquals((await container.resolve(Alarm)).clock.now, 12);
 *
 * assertEquals(new Alarm({ now: 5 }).clock.now, 5);
 * assertThrows(() => new Alarm(), Error, "Cannot inject Clock here");
 * ```
 */
export function inject<T>(key: Key<T>): T {
  if (current) return current.resolver.get(key);
  const token = nameOf(key);
  const message =
    `Cannot inject ${token} here, where no container makes anything (or only after an await): ` +
    "let a container make it, with construct() or a provider, or pass the argument";
  throw unresolved(message, [token]);
}

/** The construction whose synchronous part runs right now. */
export function currentConstruction(): Construction | undefined {
  return current?.construction;
}

/** Runs something with a context, and restores the one before. */
export function runInContext<T>(context: InjectionContext, run: () => T): T {
  const before = current;
  current = context;
  try {
    return run();
  } finally {
    current = before;
  }
}

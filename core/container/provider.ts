/**
 * How a service comes to be, and what a maker of services may ask for meanwhile.
 *
 * @module
 */
import type { Key } from "./token.ts";

/**
 * How long a service lives.
 *
 * - `singleton`: made once, in the container where it is registered, also when a child asks. What it needs
 *   comes from there as well, so it never holds a service of a child that ends before it.
 * - `scoped`: made once in each container that asks.
 * - `transient`: made each time, and owned by whoever asked: the container does not dispose of it.
 */
export type Scope = "singleton" | "scoped" | "transient";

/**
 * How a service comes to be.
 *
 * A `value` stays its giver's: the container never disposes of it. A `factory` and the constructor of a
 * `class` run inside an injection context, so defaults like `logger = inject(Logger)` work; for a factory
 * that ends with its first `await`, after which it asks the resolver that it was given. A class whose
 * constructor must be given something is made by a factory.
 */
export type Provider<T> =
  | { readonly value: T; readonly scope?: never }
  | {
    readonly factory: (resolver: Resolver) => T | Promise<T>;
    /** @default {"singleton"} */
    readonly scope?: Scope;
  }
  | {
    readonly class: new () => T;
    /** @default {"singleton"} */
    readonly scope?: Scope;
  };

/** Answers services: a container, or what a factory is given, which also knows who is asking. */
export interface Resolver {
  /**
   * The service of a key, made if it is not there yet.
   *
   * @throws {KBertError} `container/unresolved` if it is not registered, needs itself, or the container was
   * disposed of; and whatever its factory throws
   */
  resolve<T>(key: Key<T>): Promise<T>;

  /**
   * The same at once.
   *
   * @throws {KBertError} `container/unresolved` also if the service is made asynchronously and is not there yet
   */
  get<T>(key: Key<T>): T;

  /** {@linkcode Resolver.resolve} for those who know a service only by the name of its token or class. */
  resolveByName(name: string): Promise<unknown>;

  /** Aborted when the container is disposed of: its disposal waits for factories that are at work. */
  readonly signal: AbortSignal;
}

/** A provider as a container keeps it. */
export interface Recipe {
  readonly scope: Scope;
  readonly make: (resolver: Resolver) => unknown;
}

/** What a provider comes down to. */
export function recipeOf(provider: Provider<unknown>): Recipe {
  if ("value" in provider) return { scope: "singleton", make: () => provider.value };
  const { scope = "singleton" } = provider;
  if ("factory" in provider) return { scope, make: provider.factory };
  return { scope, make: () => new provider.class() };
}

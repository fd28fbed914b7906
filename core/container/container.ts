/**
 * Where a program is put together: services by key, each made when it is first asked for, and disposed of
 * in the reverse order.
 *
 * Constructor parameters are the rule and the container is for the one place that fills them in. A circle
 * of services is an error that names the circle, also when it runs over promises and over two askers; it
 * never hangs. The one circle that nobody can see goes through a factory that, after an `await`, asks a
 * container instead of the resolver that it was given.
 *
 * @module
 */
import type { KBertError } from "../wall/errors.ts";
import { printable } from "../wall/failure.ts";
import { chainOf, Construction, unresolved } from "./construction.ts";
import { disposeAll, Owned } from "./disposal.ts";
import { currentConstruction, runInContext } from "./inject.ts";
import { type Provider, type Recipe, recipeOf, type Resolver } from "./provider.ts";
import { type Key, nameOf } from "./token.ts";

/** Longest name of a service in messages: it may come from a plugin. */
const MAX_NAME = 100;

/**
 * Makes services and disposes of them.
 *
 * Whoever makes a container disposes of it. It disposes of the singletons and scoped services that it made,
 * by `Symbol.asyncDispose` or else `Symbol.dispose`; not of values, transients, and what a factory hands on
 * although it is another service.
 *
 * @example
 * ```ts
 * import { Container } from "./container.ts";
 * import { inject } from "./inject.ts";
 * import { assertEquals } from "../deps/assert.ts";
 *
 * class Settings {
 *   constructor(readonly folder: string) {}
 * }
 * class Journal {
 *   constructor(readonly settings = inject(Settings)) {}
 *   [Symbol.dispose](): void {
 *     closed.push(this.settings.folder);
 *   }
 * }
 * const closed: string[] = [];
 * {
 *   await using container = new Container();
 *   container.register(Settings, { value: new Settings("runs") });
 *   container.register(Journal, { class: Journal });
 *   assertEquals(await container.resolve(Journal), container.get(Journal));
 * }
 * assertEquals(closed, ["runs"]);
 * ```
 */
export class Container implements Resolver, AsyncDisposable {
  /** For messages. */
  readonly name: string;
  #parent: Container | undefined;
  #owned = new Owned();
  readonly #children = new Set<Container>();
  /** By key, and by name. */
  readonly #registrations = new Map<Key<unknown> | string, Registration>();
  /** Singletons that are registered here, and scoped services that were asked for here. */
  readonly #shared = new Map<Registration, Construction>();
  readonly #inFlight = new Set<Construction>();
  readonly #closing = new AbortController();
  #disposal: Promise<void> | undefined;

  constructor(name = "container") {
    this.name = name;
  }

  get signal(): AbortSignal {
    return this.#closing.signal;
  }

  /**
   * Says how a service comes to be. Nothing is made yet.
   *
   * A child may register what its parent has: it then answers its own, and its parent goes on with the
   * parent's.
   *
   * @param options.replace takes the place of the same key, as long as nobody asked for it @default {false}
   * @returns this container
   * @throws {TypeError} if this container has the key, or another key of the same name
   * @throws {KBertError} `container/unresolved` if it was disposed of
   */
  register<T>(key: Key<T>, provider: Provider<NoInfer<T>>, options: { replace?: boolean } = {}): this {
    const name = nameOf(key);
    this.#refuseIfClosed(name);
    const before = this.#registrations.get(key);
    if (before && !options.replace) {
      throw new TypeError(`Cannot register ${name} in ${this.name} twice: replace it with { replace: true }`);
    }
    if (before?.asked) {
      throw new TypeError(`Cannot replace ${name} in ${this.name}: it was handed out before`);
    }
    if (!before && this.#registrations.has(name)) {
      throw new TypeError(`Cannot register a second ${name} in ${this.name}: use a token of another name`);
    }
    const registration = { name, owner: this, asked: false, ...recipeOf(provider) };
    this.#registrations.set(key, registration).set(name, registration);
    if ("value" in provider) this.#owned.lend(provider.value);
    return this;
  }

  // Async, so that whatever is thrown synchronously is a rejection as well; it begins at once all the same.
  async resolve<T>(key: Key<T>): Promise<T> {
    return await this.#ask(key).promise as T;
  }

  get<T>(key: Key<T>): T {
    return this.#get(key);
  }

  async resolveByName(name: string): Promise<unknown> {
    return await this.#ask(name).promise;
  }

  /**
   * Runs a maker in which {@linkcode inject} asks this container.
   *
   * @param make runs once, now; what it answers is the caller's to dispose of
   * @throws whatever it throws
   */
  construct<T>(make: () => T): T {
    return runInContext({ resolver: this, construction: currentConstruction() }, make);
  }

  /**
   * A container that has everything this one has, may have its own in place of it, and ends with this one
   * at the latest.
   *
   * @throws {KBertError} `container/unresolved` if this one was disposed of
   */
  child(name: string): Container {
    this.#refuseIfClosed(name);
    const child = new Container(name);
    child.#parent = this;
    child.#owned = new Owned(this.#owned);
    this.#children.add(child);
    return child;
  }

  /**
   * Disposes of the children, the youngest first, and then of what this container made, the last first.
   *
   * Waits for what is being made, refuses it to its askers, and disposes of it too. A disposer that throws
   * does not keep the others from their turn. Twice is harmless: the second call waits for the first, so no
   * service may wait in its disposer for the end of the container that made it.
   *
   * @throws what a disposer threw, or an {@linkcode AggregateError} of what several did; the first call only
   */
  [Symbol.asyncDispose](): Promise<void> {
    if (this.#disposal) return this.#disposal.catch(() => {});
    this.#close();
    // Later: a disposer that comes back here at once must find the promise.
    return this.#disposal = Promise.resolve().then(() => this.#dispose());
  }

  async #dispose(): Promise<void> {
    const children = [...this.#children].reverse().map((child) => () => child[Symbol.asyncDispose]());
    const own = async (): Promise<void> => {
      await Promise.allSettled([...this.#inFlight].map(({ promise }) => promise));
      await this.#owned[Symbol.asyncDispose]();
    };
    try {
      await disposeAll([...children, own]);
    } finally {
      if (this.#parent) this.#parent.#children.delete(this);
    }
  }

  /** From here on nothing is registered or made, here and in the children. */
  #close(): void {
    this.#closing.abort(this.#closed("a service"));
    for (const child of this.#children) child.#close();
  }

  #get<T>(key: Key<T>, asker?: Construction): T {
    const construction = this.#ask(key, asker);
    if (!construction.isPending) return construction.take() as T;
    // It comes when nobody has a hold of it any more: then the container has.
    construction.promise.then((service) => this.#owned.add(service), () => {});
    const { name } = construction;
    const message = `Cannot get ${name} at once, because it is made asynchronously and is not there yet: ` +
      "await resolve() before";
    throw unresolved(message, chainOf(name, asker));
  }

  /** The construction of a service, begun here if there is none; what it throws is about the asking only. */
  #ask(key: Key<unknown> | string, resolvedFor?: Construction): Construction {
    // A resolver that is used later on asks for nobody; a container is asked for what is being made right now.
    const asker = resolvedFor?.isPending ? resolvedFor : currentConstruction();
    const name = typeof key === "string" ? printable(key, MAX_NAME) : nameOf(key);
    this.#refuseIfClosed(name, asker);
    const registration = this.#find(key);
    if (!registration) throw this.#unknown(name, asker);
    registration.asked = true;
    const home = registration.scope === "singleton" ? registration.owner : this;
    const there = home.#shared.get(registration);
    if (!there) return home.#begin(registration, asker);
    asker?.waitFor(there);
    return there;
  }

  #find(key: Key<unknown> | string): Registration | undefined {
    return this.#registrations.get(key) ?? (this.#parent && this.#parent.#find(key));
  }

  #begin(registration: Registration, asker: Construction | undefined): Construction {
    const construction = new Construction(registration.name, registration, this, asker);
    if (registration.scope !== "transient") this.#shared.set(registration, construction);
    this.#inFlight.add(construction);
    const resolver = this.#resolverFor(construction);
    try {
      const made = runInContext({ resolver, construction }, () => registration.make(resolver));
      if (isPromiseLike(made)) {
        Promise.resolve(made).then(
          (service) => this.#finish(registration, construction, service),
          (error) => this.#giveUp(registration, construction, error),
        );
      } else this.#finish(registration, construction, made);
    } catch (error) {
      this.#giveUp(registration, construction, error);
    }
    return construction;
  }

  #finish(registration: Registration, construction: Construction, service: unknown): void {
    const { name, scope } = registration;
    const isClosed = this.signal.aborted;
    if (isClosed || scope !== "transient") this.#owned.add(service);
    if (isClosed) return this.#giveUp(registration, construction, this.#closed(name));
    this.#inFlight.delete(construction);
    construction.succeed(service);
  }

  /** Forgets a construction, so that the next asker tries again. */
  #giveUp(registration: Registration, construction: Construction, error: unknown): void {
    this.#inFlight.delete(construction);
    if (this.#shared.get(registration) === construction) this.#shared.delete(registration);
    construction.fail(error);
  }

  #resolverFor(construction: Construction): Resolver {
    return {
      resolve: async <T>(key: Key<T>) => await this.#ask(key, construction).promise as T,
      get: (key) => this.#get(key, construction),
      resolveByName: async (name) => await this.#ask(name, construction).promise,
      signal: this.signal,
    };
  }

  #refuseIfClosed(name: string, asker?: Construction): void {
    if (this.signal.aborted) throw this.#closed(name, asker);
  }

  #unknown(name: string, asker?: Construction): KBertError<"container/unresolved"> {
    const chain = chainOf(name, asker);
    const path = chain.join(" → ");
    return unresolved(`Cannot resolve ${path}, because ${name} is not registered in ${this.name}`, chain);
  }

  #closed(name: string, asker?: Construction): KBertError<"container/unresolved"> {
    const message = `Cannot answer ${name}, because ${this.name} was disposed of`;
    return unresolved(message, chainOf(name, asker));
  }
}

interface Registration extends Recipe {
  readonly name: string;
  readonly owner: Container;
  /** What was asked for may be held by anybody, so it cannot be replaced any more. */
  asked: boolean;
}

function isPromiseLike(made: unknown): made is PromiseLike<unknown> {
  return typeof (made as PromiseLike<unknown> | null | undefined)?.then === "function";
}

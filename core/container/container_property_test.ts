/**
 * Random services that need each other at random, against a model that knows only the rules: how often
 * each is made, in which order they end, and that a circle is always an error and never a wait.
 *
 * @module
 */
import { assert, assertEquals } from "../deps/assert.ts";
import { fc } from "../../tests/deps/fast_check.ts";
import { KBertError } from "../wall/errors.ts";
import { Container } from "./container.ts";
import type { Resolver, Scope } from "./provider.ts";
import { Token } from "./token.ts";

/** One service: what it needs are numbers of others. */
interface Service {
  readonly scope: Scope;
  readonly needs: readonly number[];
  /** Makes it synchronously; only if all that it needs is made so. */
  readonly isSync: boolean;
  /** Turns that it waits before it asks. */
  readonly turns: number;
}

/** Somebody asks a container for a service. Container 0 is the parent of the others. */
interface Ask {
  readonly container: number;
  readonly service: number;
}

const Place = new Token<string>("place");
const CONTAINERS = ["root", "one", "two"] as const;

function servicesOf(isAcyclic: boolean): fc.Arbitrary<Service[]> {
  return fc.integer({ min: 1, max: 9 }).chain((count) => {
    const services = Array.from({ length: count }, (_, number) => {
      const least = isAcyclic ? number + 1 : 0;
      const needs = least < count
        ? fc.uniqueArray(fc.integer({ min: least, max: count - 1 }), { maxLength: 3 })
        : fc.constant([]);
      return fc.record({
        scope: fc.constantFrom<Scope>("singleton", "scoped", "transient"),
        needs,
        isSync: fc.boolean(),
        turns: fc.nat(3),
      });
    });
    return fc.tuple(...services).map(withoutSyncOverAsync);
  });
}

function withoutSyncOverAsync(services: readonly Service[]): Service[] {
  const isSync = services.map((service) => service.isSync);
  const demote = (number: number): boolean => {
    const demoted = isSync[number]! && services[number]!.needs.some((needed) => !isSync[needed]);
    if (demoted) isSync[number] = false;
    return demoted;
  };
  while (services.some((_, number) => demote(number)));
  return services.map((service, number) => ({ ...service, isSync: isSync[number]! }));
}

const asks = fc.array(fc.record({ container: fc.nat(2), service: fc.nat(8) }), {
  minLength: 1,
  maxLength: 6,
});

/** The containers of a run, and what was made and ended in them, as `number@place`. */
class World {
  readonly made: string[] = [];
  readonly ended: string[] = [];
  readonly containers: Container[];
  readonly #tokens: readonly Token<object>[];

  constructor(readonly services: readonly Service[]) {
    const root = new Container("root");
    this.containers = [root, root.child("one"), root.child("two")];
    this.containers.forEach((container) => container.register(Place, { value: container.name }));
    this.#tokens = services.map((_, number) => new Token<object>(String(number)));
    services.forEach((service, number) => {
      const factory = service.isSync ? this.#syncFactory(number) : this.#asyncFactory(number);
      root.register(this.#tokens[number]!, { factory, scope: service.scope });
    });
  }

  ask({ container, service }: Ask): Promise<object> {
    return this.containers[container]!.resolve(this.#tokens[service % this.services.length]!);
  }

  async end(): Promise<void> {
    await this.containers[0]![Symbol.asyncDispose]();
  }

  #syncFactory(number: number): (resolver: Resolver) => object {
    return (resolver) => {
      for (const needed of this.services[number]!.needs) resolver.get(this.#tokens[needed]!);
      return this.#make(number, resolver);
    };
  }

  #asyncFactory(number: number): (resolver: Resolver) => Promise<object> {
    const { needs, turns } = this.services[number]!;
    return async (resolver) => {
      for (let turn = 0; turn < turns; turn++) await Promise.resolve();
      const needed = needs.map((needed) => () => resolver.resolve(this.#tokens[needed]!));
      // Some ask for everything at once, some for one after the other.
      if (turns % 2 === 1) await Promise.all(needed.map((ask) => ask()));
      else for (const ask of needed) await ask();
      return this.#make(number, resolver);
    };
  }

  #make(number: number, resolver: Resolver): object {
    const id = `${number}@${resolver.get(Place)}`;
    this.made.push(id);
    return { [Symbol.dispose]: () => this.ended.push(id) };
  }
}

/** What the rules say is made, in any order. */
function modelOfMade(services: readonly Service[], asked: readonly Ask[]): string[] {
  const made: string[] = [];
  const ask = (number: number, place: number): void => {
    const { scope, needs } = services[number]!;
    const home = scope === "singleton" ? 0 : place;
    const id = `${number}@${CONTAINERS[home]}`;
    if (scope !== "transient" && made.includes(id)) return;
    made.push(id);
    for (const needed of needs) ask(needed, home);
  };
  for (const { service, container } of asked) ask(service % services.length, container);
  return made;
}

/** Whether a service needs something that needs itself. */
function meetsCircle(services: readonly Service[], number: number, path: readonly number[] = []): boolean {
  if (path.includes(number)) return true;
  return services[number]!.needs.some((needed) => meetsCircle(services, needed, [...path, number]));
}

/** Those of what was made that are the container's and not their asker's. */
function withoutTransients(ids: readonly string[], services: readonly Service[]): string[] {
  return ids.filter((id) => services[parseInt(id)]!.scope !== "transient");
}

/** The outcomes of what is asked; none may be open once no microtask is left, for nothing else is waited for. */
async function outcomesOf(asked: readonly Promise<object>[]): Promise<PromiseSettledResult<object>[]> {
  const late = Symbol("late");
  let timer: ReturnType<typeof setTimeout> | undefined;
  const noLater = new Promise<typeof late>((resolve) => timer = setTimeout(() => resolve(late), 0));
  const outcomes = await Promise.race([Promise.allSettled(asked), noLater]);
  clearTimeout(timer);
  assert(outcomes !== late, "somebody waits for ever");
  return outcomes;
}

Deno.test("Container.resolve() makes each service exactly once for its scope, whoever asks at once", async () => {
  const property = fc.asyncProperty(servicesOf(true), asks, async (services, asked) => {
    const world = new World(services);

    const outcomes = await outcomesOf(asked.map((ask) => world.ask(ask)));
    await world.end();

    assert(outcomes.every(({ status }) => status === "fulfilled"));
    assertEquals(world.made.toSorted(), modelOfMade(services, asked).sort());
    assertEquals(world.ended.toSorted(), withoutTransients(world.made, services).sort());
  });

  await fc.assert(property, { seed: 1, numRuns: 500 });
});

Deno.test("Container's disposal order is exactly the reverse of construction, children first", async () => {
  const property = fc.asyncProperty(servicesOf(true), asks, async (services, asked) => {
    // One at a time: of two that are made at once nobody could say from outside which one was first.
    const world = new World(services.map((service) => ({ ...service, turns: service.turns & ~1 })));

    for (const ask of asked) await world.ask(ask);
    await world.end();

    const kept = withoutTransients(world.made, services).reverse();
    const inOrder = ["@two", "@one", "@root"].flatMap((place) => kept.filter((id) => id.endsWith(place)));
    assertEquals(world.ended, inOrder);
  });

  await fc.assert(property, { seed: 1, numRuns: 500 });
});

Deno.test("Container's disposal never ends a service before those that need it, however they were asked for", async () => {
  const property = fc.asyncProperty(servicesOf(true), asks, async (services, asked) => {
    const world = new World(services);

    await Promise.all(asked.map((ask) => world.ask(ask)));
    await world.end();

    for (const [index, id] of world.ended.entries()) {
      const place = id.slice(id.indexOf("@"));
      const needs = services[parseInt(id)]!.needs.flatMap((
        needed,
      ) => [`${needed}${place}`, `${needed}@root`]);
      const tooEarly = world.ended.slice(0, index).filter((earlier) => needs.includes(earlier));
      assertEquals(tooEarly, []);
    }
  });

  await fc.assert(property, { seed: 1, numRuns: 500 });
});

Deno.test("Container.resolve() always reports a circle, whoever closes it, and makes all others", async () => {
  let circles = 0;
  const property = fc.asyncProperty(servicesOf(false), asks, async (services, asked) => {
    const world = new World(services);

    const outcomes = await outcomesOf(asked.map((ask) => world.ask(ask)));
    await world.end();

    for (const [index, outcome] of outcomes.entries()) {
      const isCircle = meetsCircle(services, asked[index]!.service % services.length);
      assertEquals(outcome.status, isCircle ? "rejected" : "fulfilled");
      if (outcome.status === "fulfilled") continue;
      circles++;
      assertIsCircle(outcome.reason, services);
    }
    // A transient whose asker failed meanwhile may still be on its way: then the container ends it.
    const [made, ended] = [world.made, world.ended].map((ids) => withoutTransients(ids, services).sort());
    assertEquals(ended, made);
  });

  await fc.assert(property, { seed: 1, numRuns: 1_000 });
  assert(circles > 1_000);
});

/** The chain is a way along what is needed, and ends where it began. */
function assertIsCircle(error: unknown, services: readonly Service[]): void {
  assert(error instanceof KBertError && error.code === "container/unresolved");
  const { chain } = (error as KBertError<"container/unresolved">).detail;
  const numbers = chain.map(Number);
  for (const [index, needed] of numbers.slice(1).entries()) {
    assert(services[numbers[index]!]!.needs.includes(needed), error.message);
  }
  assert(chain.length > 1 && chain[0] === chain.at(-1), error.message);
  assert(error.message.includes(chain.join(" → ")));
}

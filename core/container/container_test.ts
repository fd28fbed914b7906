import { assert, assertEquals, assertInstanceOf, assertRejects, assertThrows } from "../deps/assert.ts";
import { KBertError } from "../wall/errors.ts";
import { Container } from "./container.ts";
import { inject } from "./inject.ts";
import type { Resolver } from "./provider.ts";
import { type Key, Token } from "./token.ts";

const A = new Token<object>("A");
const B = new Token<object>("B");
const C = new Token<object>("C");

/** Lets everything that waits in the microtask queue run. */
async function settled(): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, 0));
}

/** A factory of a service that needs others, asks for them after a turn, and tells when it is disposed of. */
function needing(...needed: Key<object>[]): (resolver: Resolver) => Promise<object> {
  return async (resolver) => {
    await Promise.resolve();
    for (const key of needed) await resolver.resolve(key);
    return {};
  };
}

/** A service that writes its end down. */
function disposable(name: string, log: string[]): object {
  return { [Symbol.dispose]: () => log.push(name) };
}

async function unresolved(asked: Promise<unknown>): Promise<KBertError<"container/unresolved">> {
  const error = await assertRejects(() => asked, KBertError);
  assertEquals(error.code, "container/unresolved");
  return error as KBertError<"container/unresolved">;
}

Deno.test("Container.resolve() makes a singleton once, however many ask at once", async () => {
  await using container = new Container();
  let made = 0;
  container.register(A, {
    factory: async () => {
      made++;
      await Promise.resolve();
      return {};
    },
  });

  const [one, two] = await Promise.all([container.resolve(A), container.resolve(A)]);

  assert(one === two && one === container.get(A));
  assertEquals(made, 1);
});

Deno.test("Container.resolve() makes a service as often as its scope says, where it says", async () => {
  await using root = new Container("root");
  root.register(A, { factory: () => ({}), scope: "singleton" });
  root.register(B, { factory: () => ({}), scope: "scoped" });
  root.register(C, { factory: () => ({}), scope: "transient" });
  const child = root.child("child");

  const [a, b, c] = await Promise.all([A, B, C].map((key) => child.resolve(key)));

  assert(a === child.get(A) && a === root.get(A));
  assert(b === child.get(B) && b !== root.get(B));
  assert(c !== child.get(C));
});

Deno.test("Container.resolve() gives a singleton what its own container has, although a child asks", async () => {
  await using root = new Container("root");
  root.register(A, { value: { of: "root" } });
  root.register(B, { factory: (resolver) => ({ a: resolver.get(A) }) });
  root.register(C, { factory: (resolver) => ({ a: resolver.get(A) }), scope: "scoped" });
  const child = root.child("child").register(A, { value: { of: "child" } });

  const made = [await child.resolve(B), await child.resolve(C), await root.resolve(C)];

  assertEquals(made, [{ a: { of: "root" } }, { a: { of: "child" } }, { a: { of: "root" } }]);
});

Deno.test("Container.resolve() tells all who wait when a service cannot be made, and tries again for the next", async () => {
  await using container = new Container();
  let attempts = 0;
  container.register(A, {
    factory: async () => {
      await Promise.resolve();
      if (++attempts === 1) throw new RangeError("The first attempt fails");
      return {};
    },
  });

  const outcomes = await Promise.allSettled([container.resolve(A), container.resolve(A)]);
  const next = await container.resolve(A);

  assertEquals(outcomes.map(({ status }) => status), ["rejected", "rejected"]);
  assertEquals([attempts, next], [2, {}]);
});

Deno.test("Container.resolve() names an unknown service and who asked for it", async () => {
  await using container = new Container("plugins");
  container.register(A, { factory: needing(B) }).register(B, { factory: needing(C) });

  const error = await unresolved(container.resolve(A));

  assertEquals(error.message, "Cannot resolve A → B → C, because C is not registered in plugins");
  assertEquals(error.detail, { token: "C", chain: ["A", "B", "C"] });
});

Deno.test("Container.resolve() reports a circle instead of going round in it", async (t) => {
  const sync = (key: Key<object>) => (resolver: Resolver): object => ({ needed: resolver.get(key) });
  const circles: Record<string, (container: Container) => void> = {
    "of synchronous factories": (container) =>
      container.register(A, { factory: sync(B) }).register(B, { factory: sync(A) }),
    "of asynchronous factories": (container) =>
      container.register(A, { factory: needing(B) }).register(B, { factory: needing(A) }),
    "of both": (container) =>
      container.register(A, { factory: needing(B) }).register(B, { factory: needing(A), scope: "scoped" }),
    "of transients": (container) => {
      container.register(A, { factory: needing(B), scope: "transient" });
      container.register(B, { factory: needing(A), scope: "transient" });
    },
    "of constructors": (container) => {
      container.register(A, { factory: () => ({ b: inject(B) }) });
      container.register(B, { factory: () => ({ a: inject(A) }) });
    },
    "of factories that ask their container before they wait": (container) => {
      container.register(A, { factory: async () => await container.resolve(B) });
      container.register(B, { factory: async () => await container.resolve(A) });
    },
  };
  for (const [kind, register] of Object.entries(circles)) {
    await t.step(kind, async () => {
      await using container = new Container();
      register(container);

      const error = await unresolved(container.resolve(A));

      assert(error.message.includes("A → B → A"), error.message);
      assertEquals(error.detail, { token: "A", chain: ["A", "B", "A"] });
    });
  }
});

Deno.test("Container.resolve() reports a service that needs itself", async () => {
  await using container = new Container();
  container.register(A, { factory: needing(A) });

  const error = await unresolved(container.resolve(A));

  assertEquals(error.detail.chain, ["A", "A"]);
});

Deno.test("Container.resolve() reports a circle that two askers close together", async () => {
  await using container = new Container();
  container.register(A, { factory: needing(B) });
  container.register(B, { factory: needing(C) });
  container.register(C, { factory: needing(A) });

  const asked = [A, B, C].map((key) => unresolved(container.resolve(key)));
  const errors = await Promise.all(asked);

  // All three began before any of them asked for the next; whoever asked last closed the circle.
  assert(errors.every(({ detail }) => detail.chain.length === 4 && detail.chain[0] === detail.chain[3]));
});

Deno.test("Container.resolve() lets a service ask later for who needed it", async () => {
  await using container = new Container();
  const Lazy = new Token<{ partner(): Promise<object> }>("lazy");
  container.register(Lazy, { factory: (resolver) => ({ partner: () => resolver.resolve(A) }) });
  container.register(A, { factory: needing(Lazy) });

  const lazy = await container.resolve(Lazy);
  const partner = await lazy.partner();

  assert(partner === container.get(A));
});

Deno.test("Container.get() refuses what is not there yet, and begins to make it", async () => {
  await using container = new Container();
  container.register(A, { factory: needing() });

  const error = assertThrows(() => container.get(A), KBertError, "await resolve() before");
  await settled();

  assertEquals(error.code, "container/unresolved");
  assertEquals(container.get(A), {});
});

Deno.test("Container.get() throws what a factory throws", async () => {
  await using container = new Container();
  const problem = new RangeError("The disk is full");
  container.register(A, {
    factory: () => {
      throw problem;
    },
  });

  const error = assertThrows(() => container.get(A), RangeError);

  assert(error === problem);
});

Deno.test("Container.get() leaves a transient that comes too late to the container", async () => {
  const log: string[] = [];
  const container = new Container();
  container.register(A, { factory: () => Promise.resolve(disposable("late", log)), scope: "transient" });

  assertThrows(() => container.get(A), KBertError);
  await settled();
  await container[Symbol.asyncDispose]();

  assertEquals(log, ["late"]);
});

Deno.test("Container.resolveByName() answers by the name of a token or class, the child's own first", async () => {
  class Clock {}
  await using root = new Container("root");
  root.register(Clock, { class: Clock }).register(A, { value: { of: "root" } });
  const child = root.child("child").register(A, { value: { of: "child" } });

  const services = [await child.resolveByName("Clock"), await child.resolveByName("A")];

  assertInstanceOf(services[0], Clock);
  assertEquals(services[1], { of: "child" });
  await unresolved(child.resolveByName("D"));
});

Deno.test("Container.resolveByName() shows only a part of a long name, and no escape codes", async () => {
  await using container = new Container();

  const error = await unresolved(container.resolveByName("\u001b[2J".repeat(10_000)));

  assert(error.message.length < 300 && !error.message.includes("\u001b"));
});

Deno.test("Container.register() refuses a key or a name that it has", async () => {
  await using container = new Container("plugins");
  container.register(A, { value: {} });

  assertThrows(() => container.register(A, { value: {} }), TypeError, "Cannot register A in plugins twice");
  assertThrows(
    () => container.register(new Token("A"), { value: {} }),
    TypeError,
    "use a token of another name",
  );
});

Deno.test("Container.register() replaces a service only until somebody asked for it", async () => {
  await using container = new Container();
  container.register(A, { value: { attempt: 1 } });

  container.register(A, { value: { attempt: 2 } }, { replace: true });

  assertEquals(container.get(A), { attempt: 2 });
  assertEquals(await container.resolveByName("A"), { attempt: 2 });
  assertThrows(
    () => container.register(A, { value: {} }, { replace: true }),
    TypeError,
    "it was handed out before",
  );
});

Deno.test("Container.register() takes a provider of just its key's service, for the compiler", async () => {
  class Clock {
    readonly now: number = 12;
  }
  class Alarm {
    constructor(readonly at: number) {}
  }
  const Count = new Token<number>("count");
  await using container = new Container();

  container.register(Count, { factory: () => Promise.resolve(3), scope: "scoped" });
  container.register(Clock, { value: { now: 12 } });
  // @ts-expect-error: a text is not a number
  container.register(new Token<number>("1"), { value: "3" });
  // @ts-expect-error: nor is the promise of one
  container.register(new Token<number>("2"), { factory: () => Promise.resolve("3") });
  // @ts-expect-error: an empty object is no clock
  new Container().register(Clock, { value: {} });
  // @ts-expect-error: there is no such scope
  container.register(new Token<number>("3"), { factory: () => 3, scope: "request" });
  // @ts-expect-error: a class whose constructor needs something is made by a factory
  container.register(Alarm, { class: Alarm });
  // @ts-expect-error: a value is there already, it has no scope
  container.register(new Token<number>("4"), { value: 3, scope: "scoped" });

  const now: number = container.get(Clock).now;
  const count: number = await container.resolve(Count);
  // @ts-expect-error: what is asked for by name may be anything
  const named: number = await container.resolveByName("count");
  assertEquals([now, count, named], [12, 3, 3]);
});

Deno.test("Container.construct() fills defaults in and leaves what it made to the caller", async () => {
  const log: string[] = [];
  class Alarm {
    constructor(readonly at: number, readonly a = inject(A)) {}
    [Symbol.dispose](): void {
      log.push("alarm");
    }
  }
  const container = new Container().register(A, { factory: () => disposable("A", log) });

  const alarm = container.construct(() => new Alarm(7));
  await container[Symbol.asyncDispose]();

  assertEquals([alarm.at, log], [7, ["A"]]);
});

Deno.test("Container's disposal takes children first, then the last made first, and neither values nor transients", async () => {
  const log: string[] = [];
  const root = new Container("root");
  root.register(A, { factory: () => disposable("A", log) });
  root.register(B, {
    factory: async (resolver) => {
      await resolver.resolve(A);
      return { [Symbol.asyncDispose]: async () => void log.push(await Promise.resolve("B")) };
    },
  });
  root.register(C, { factory: () => disposable("C", log), scope: "scoped" });
  root.register(new Token("lent"), { value: disposable("lent", log) });
  root.register(new Token("passing"), { factory: () => disposable("passing", log), scope: "transient" });

  await root.resolve(B);
  await root.resolveByName("lent");
  await root.resolveByName("passing");
  const [older, younger] = [root.child("older"), root.child("younger")];
  older.register(B, { factory: () => disposable("older", log) });
  younger.register(B, { factory: () => disposable("younger", log) });
  await Promise.all([older.resolve(B), younger.resolve(B), younger.resolve(C)]);
  await root[Symbol.asyncDispose]();

  assertEquals(log, ["C", "younger", "older", "B", "A"]);
});

Deno.test("Container's disposal ends once what two keys stand for, and nothing that was lent", async () => {
  const log: string[] = [];
  const container = new Container();
  container.register(A, { factory: () => disposable("A", log) });
  container.register(B, { factory: (resolver) => resolver.resolve(A) });
  container.register(C, { value: disposable("C", log) });
  container.register(new Token("port"), { factory: (resolver) => resolver.get(C), scope: "scoped" });

  await Promise.all([container.resolve(B), container.child("child").resolveByName("port")]);
  await container[Symbol.asyncDispose]();

  assertEquals(log, ["A"]);
});

Deno.test("Container's disposal goes on after a disposer that throws, and tells of all of them", async () => {
  const log: string[] = [];
  const failing = (text: string): object => ({
    [Symbol.dispose]: () => {
      throw new Error(text);
    },
  });
  const container = new Container();
  container.register(A, { factory: () => failing("first") });
  container.register(B, { factory: () => disposable("B", log) });
  container.register(C, { factory: () => failing("second") });
  for (const key of [A, B, C]) await container.resolve(key);

  const error = await assertRejects(() => container[Symbol.asyncDispose](), AggregateError);

  assertEquals(error.errors.map(({ message }) => message), ["second", "first"]);
  assertEquals(log, ["B"]);
});

Deno.test("Container's disposal waits for what is being made, refuses it to its asker and ends it", async () => {
  const log: string[] = [];
  const container = new Container("plugins");
  const gate = Promise.withResolvers<void>();
  container.register(A, {
    factory: async () => {
      await gate.promise;
      return disposable("A", log);
    },
  });
  container.register(B, {
    factory: async (resolver) => {
      await gate.promise;
      return await resolver.resolve(C);
    },
  });

  const asked = [container.resolve(A), container.resolve(B)].map(unresolved);
  const disposal = container[Symbol.asyncDispose]().then(() => log.push("disposed"));
  await settled();
  const before = [...log];
  gate.resolve();
  const errors = await Promise.all(asked);
  await disposal;

  assertEquals([before, log], [[], ["A", "disposed"]]);
  assert(errors.every(({ message }) => message.includes("plugins was disposed of")));
});

Deno.test("Container's disposal tells a factory that is at work", async () => {
  const container = new Container();
  container.register(A, {
    factory: ({ signal }) =>
      new Promise<object>((_, reject) => signal.addEventListener("abort", () => reject(signal.reason))),
  });

  const asked = unresolved(container.resolve(A));
  await container[Symbol.asyncDispose]();

  await asked;
});

Deno.test("Container's disposal ends what a factory makes that disposes of its container", async () => {
  const log: string[] = [];
  const container = new Container();
  container.register(A, {
    factory: () => {
      void container[Symbol.asyncDispose]();
      return disposable("A", log);
    },
  });

  await unresolved(container.resolve(A));
  await container[Symbol.asyncDispose]();

  assertEquals(log, ["A"]);
});

Deno.test("Container's disposal is done once, and everything is refused afterwards", async () => {
  const log: string[] = [];
  const root = new Container("root").register(A, { factory: () => disposable("A", log) });
  const child = root.child("child");
  await child.resolve(A);

  await Promise.all([root[Symbol.asyncDispose](), root[Symbol.asyncDispose]()]);
  await child[Symbol.asyncDispose]();

  assertEquals(log, ["A"]);
  await unresolved(root.resolve(A));
  await unresolved(child.resolveByName("A"));
  for (
    const refused of [() => root.get(A), () => root.child("late"), () => child.register(B, { value: {} })]
  ) {
    assertThrows(refused, KBertError, "was disposed of");
  }
});

Deno.test("Container's disposal of a child leaves its parent as it is", async () => {
  const log: string[] = [];
  await using root = new Container("root").register(A, { factory: () => disposable("A", log) });
  const child = root.child("child");
  await child.resolve(A);

  await child[Symbol.asyncDispose]();

  assertEquals(log, []);
  assertEquals(typeof root.get(A), "object");
});

Deno.test("Container is extended as in the guide: a class that registers the services of the core", async () => {
  // guide: self.register(EventBus, self.event_bus); self.register(Logger, self._create_logger)
  class EventBus {
    readonly posted: string[] = [];
  }
  class Logger {
    constructor(readonly eventBus: EventBus) {}
  }
  class PluginContainer extends Container {
    constructor(readonly eventBus: EventBus) {
      super("plugins");
      this.#setupCoreDependencies();
    }

    #setupCoreDependencies(): void {
      this.register(EventBus, { value: this.eventBus });
      this.register(Logger, { factory: () => this.#createLogger() });
    }

    #createLogger(): Logger {
      return new Logger(this.eventBus);
    }
  }
  class DependentPlugin {
    constructor(readonly eventBus = inject(EventBus), readonly logger = inject(Logger)) {}
  }

  await using container = new PluginContainer(new EventBus());
  container.register(DependentPlugin, { class: DependentPlugin });
  const plugin = await container.resolve(DependentPlugin);

  assert(plugin.eventBus === container.eventBus && plugin.logger.eventBus === container.eventBus);
});

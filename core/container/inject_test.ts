import { assert, assertEquals, assertThrows } from "../deps/assert.ts";
import { KBertError } from "../wall/errors.ts";
import { Container } from "./container.ts";
import { inject } from "./inject.ts";
import { Token } from "./token.ts";

class Clock {
  readonly now: number = 12;
}

class Alarm {
  constructor(readonly at: number, readonly clock = inject(Clock)) {}
}

function containerWithClock(): Container {
  return new Container().register(Clock, { class: Clock });
}

Deno.test("inject() tells what to do where nothing is made", () => {
  const error = assertThrows(() => new Alarm(7), KBertError, "Cannot inject Clock here");

  assertEquals([error.code, error.detail], ["container/unresolved", { token: "Clock", chain: ["Clock"] }]);
  assert(error.message.includes("or pass the argument"));
});

Deno.test("inject() is not asked for an argument that is given", () => {
  const alarm = new Alarm(7, { now: 5 });

  assertEquals(alarm.clock.now, 5);
});

Deno.test("inject() works in a factory up to its first await", async () => {
  await using container = containerWithClock();
  const Early = new Token<Alarm>("early");
  const Late = new Token<Alarm>("late");
  container.register(Early, { factory: () => new Alarm(6) });
  container.register(Late, {
    factory: async () => {
      await Promise.resolve();
      return new Alarm(8);
    },
  });

  const early = await container.resolve(Early);
  const late = await container.resolve(Late).catch((error: KBertError) => error.message);

  assertEquals(early.clock, container.get(Clock));
  assert(typeof late === "string" && late.includes("only after an await"));
});

Deno.test("inject() asks the innermost of nested containers, and the outer one afterwards", async () => {
  await using outer = containerWithClock();
  await using inner = containerWithClock();

  const clocks = outer.construct(() => {
    const nested = inner.construct(() => inject(Clock));
    assertThrows(() =>
      inner.construct(() => {
        throw new Error("The maker fails");
      }), Error);
    return [nested, inject(Clock)];
  });

  assert(clocks[0] === inner.get(Clock) && clocks[1] === outer.get(Clock));
  assertThrows(() => inject(Clock), KBertError);
});

Deno.test("inject() answers what its key is of, for the compiler", async () => {
  await using container = containerWithClock();

  container.construct(() => {
    const now: number = inject(Clock).now;
    // @ts-expect-error: a clock is not a text
    const text: string = inject(Clock);
    return [now, text];
  });
});

Deno.test("inject() is the guide's @Injectable: what is not injected is passed", async () => {
  // guide: class SmartFeatureExtractor(FeaturePort): def __init__(self, config, event_bus = inject(), …)
  class FeatureBus {
    readonly topics: string[] = [];
  }
  abstract class FeaturePort {
    constructor(readonly config: { indicators: readonly string[] }, readonly eventBus: FeatureBus) {}
  }
  class SmartFeatureExtractor extends FeaturePort {
    constructor(
      config: { indicators: readonly string[] },
      eventBus: FeatureBus = inject(FeatureBus),
      readonly clock: Clock = inject(Clock),
    ) {
      super(config, eventBus);
    }
  }
  await using container = containerWithClock().register(FeatureBus, { value: new FeatureBus() });
  container.register(SmartFeatureExtractor, {
    factory: () => new SmartFeatureExtractor({ indicators: ["rsi"] }),
  });

  const extractor = await container.resolve(SmartFeatureExtractor);

  assertEquals(extractor.config.indicators, ["rsi"]);
  assert(extractor.eventBus === container.get(FeatureBus) && extractor.clock === container.get(Clock));
});

import { assertEquals, assertStrictEquals, assertThrows } from "../core/deps/assert.ts";
import type { ServedCall } from "../core/wall/options.ts";
import type { WireValue } from "../core/wall/values.ts";
import { AugmenterPort } from "../plugins/sdk/augmenter.ts";
import { EventBus } from "../plugins/sdk/event_bus.ts";
import { type CallContext, PluginPort } from "../plugins/sdk/plugin_port.ts";
import { makePlugin, type PluginSetup, serveMethods } from "./port_server.ts";

function setupOf(pluginClass: unknown): PluginSetup {
  return { pluginClass, config: { name: "sample" }, seed: 7, eventBus: new EventBus() };
}

function callOf(method: string, args: readonly WireValue[] = [], signal = AbortSignal.abort()): ServedCall {
  return { method, args, stream: false, signal };
}

Deno.test("makePlugin() makes a class with its config and bus, and with the seed where the port takes one", () => {
  class Plain extends PluginPort {
    readonly given: number;
    constructor(...args: unknown[]) {
      super(...args as [never, EventBus]);
      this.given = args.length;
    }
  }
  class Seeded extends AugmenterPort {
    override augment(texts: readonly string[]): string[] {
      return [...texts];
    }
  }

  const setup = setupOf(Plain);
  const plain = makePlugin<Plain>(setup, PluginPort as unknown as typeof Plain);
  const seeded = makePlugin(setupOf(Seeded), AugmenterPort, { seeded: true });

  assertStrictEquals(plain.eventBus, setup.eventBus);
  assertEquals([plain.name, plain.given, seeded.seed], ["sample", 2, 7]);
});

Deno.test("makePlugin() refuses what is no class of the port", () => {
  for (const wrong of [undefined, 5, {}, () => {}, class {}, PluginPort, AugmenterPort.prototype]) {
    const message = "The entry point has to be a class that extends AugmenterPort";
    assertThrows(() => makePlugin(setupOf(wrong), AugmenterPort), TypeError, message);
  }
});

class Parent extends PluginPort {
  inherited(): string {
    return "inherited";
  }
  both(): string {
    return "parent";
  }
}

class Sample extends Parent {
  readonly arrow = (): string => "a field is no method";
  get property(): string {
    return "a property is no method";
  }
  static shared(): string {
    return "of the class, not of the plugin";
  }
  override initialize(): void {}
  override preExecution(): void {}
  override use<T>(resource: T): T {
    return resource;
  }
  override toString(): string {
    return "sample";
  }
  _helper(): void {}
  $secret(): void {}
  #hidden(): string {
    return "hidden";
  }
  override both(): string {
    return this.#hidden();
  }
  count(a: number, b: number): number {
    return a + b;
  }
  async *many(): AsyncGenerator<number> {
    yield 1;
  }
}

Deno.test("serveMethods() serves public methods only, those of a class before inherited ones", () => {
  const { methods, described } = serveMethods(PluginPort).serve(setupOf(Sample));

  assertEquals([...methods.keys()].toSorted(), ["both", "count", "inherited", "many"]);
  assertEquals(methods.get("both")?.(callOf("both")), "hidden");
  assertEquals(methods.get("inherited")?.(callOf("inherited")), "inherited");
  assertEquals(described.toSorted((a, b) => a.name < b.name ? -1 : 1), [
    { name: "both", parameters: 0, streams: false },
    { name: "count", parameters: 2, streams: false },
    { name: "inherited", parameters: 0, streams: false },
    { name: "many", parameters: 0, streams: true },
  ]);
});

Deno.test("serveMethods() passes the arguments, and the context where one parameter more is declared", () => {
  class Arguments extends PluginPort {
    all(...args: unknown[]): unknown[] {
      return args;
    }
    context(_a: number, { signal }: CallContext): boolean {
      return signal.aborted;
    }
    default(a: number, b = 5): number {
      return a + b;
    }
  }
  const { methods } = serveMethods(PluginPort).serve(setupOf(Arguments));
  const call = (name: string, ...args: WireValue[]): unknown => methods.get(name)?.(callOf(name, args));

  assertEquals(call("all", 1, "b"), [1, "b"]);
  assertEquals([call("context", 1), call("default", 1), call("default", 1, 1)], [true, 6, 2]);
});

Deno.test("serveMethods() of a port has only what the port has, and answers as it says", () => {
  const server = serveMethods(PluginPort, {
    isCallable: (name) => name === "count",
    answer: (result, args) => [result as number, ...args],
  });

  const { methods, described } = server.serve(setupOf(Sample));

  assertEquals([...methods.keys()], ["count"]);
  assertEquals(described.length, 1);
  assertEquals(methods.get("count")?.(callOf("count", [1, 2])), [3, 1, 2]);
});

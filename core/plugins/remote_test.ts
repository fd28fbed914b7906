import { assertEquals, assertRejects } from "../deps/assert.ts";
import type { CallOptions } from "../wall/options.ts";
import type { WireValue } from "../wall/values.ts";
import { type Callable, remote } from "./remote.ts";

interface Counter {
  readonly name: string;
  add(a: number, b: number): number;
  upTo(most: number): AsyncGenerator<number>;
}

/** Says what it was called with; `upTo` streams, and what begins with "un" is not known. */
function callable(): { plugin: Callable; calls: unknown[] } {
  const calls: unknown[] = [];
  return {
    calls,
    plugin: {
      name: "counter",
      streams: (method) => method.startsWith("un") ? undefined : method === "upTo",
      call(method: string, args: readonly WireValue[], options?: CallOptions): Promise<WireValue> {
        calls.push([method, args, options]);
        return method.startsWith("un")
          ? Promise.reject(new Error(`no ${method}`))
          : Promise.resolve(args.length);
      },
      async *stream(
        method: string,
        args: readonly WireValue[],
        options?: CallOptions,
      ): AsyncGenerator<WireValue, void, void> {
        calls.push([method, args, options]);
        yield 1;
        yield 2;
      },
    },
  };
}

Deno.test("remote() calls by name, and iterates over what streams, with the same options", async () => {
  const { plugin, calls } = callable();
  const counter = remote<Counter>(plugin, { timeoutMs: 5 });

  const sum = await counter.add(1, 2);
  const items = await Array.fromAsync(counter.upTo(2));

  assertEquals([sum, items], [2, [1, 2]]);
  assertEquals(calls, [["add", [1, 2], { timeoutMs: 5 }], ["upTo", [2], { timeoutMs: 5 }]]);
});

Deno.test("remote() is no promise and has no symbols, so it can be awaited and passed on", async () => {
  const { plugin, calls } = callable();
  const counter = remote<Counter>(plugin);

  assertEquals((await counter) === counter, true);
  assertEquals(Reflect.get(counter, Symbol.iterator), undefined);
  assertEquals(calls, []);
});

Deno.test("remote() refuses what is not known in the way in which it was asked for", async () => {
  const { plugin } = callable();
  const counter = remote<{ unknown(): number; unseen(): AsyncGenerator<number> }>(plugin);

  await assertRejects(() => counter.unknown(), Error, "no unknown");
  await assertRejects(() => Array.fromAsync(counter.unseen()), Error, "no unseen");
});

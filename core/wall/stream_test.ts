import { assert, assertEquals, assertRejects, assertThrows } from "../deps/assert.ts";
import { fakeTime } from "../../core/deps/fake_timers.ts";
import { ChannelPair, settled, TestWall, until } from "../../tests/fixtures/test_port.ts";
import type { CallOptions, Served, ServedCall, WireStream } from "./channel.ts";
import { KBertError } from "./errors.ts";
import { openThings } from "./ledger.ts";
import type { WireValue } from "./values.ts";

/** Serves numbers from 0 on, and writes down what happened to the generator. */
function counting(log: unknown[], count = Infinity): (call: ServedCall) => AsyncIterable<WireValue> {
  return async function* (): AsyncGenerator<WireValue> {
    try {
      for (let item = 0; item < count; item++) {
        log.push(item);
        yield item;
      }
    } finally {
      await Promise.resolve();
      log.push("finally");
    }
  };
}

async function codeOf(call: Promise<unknown>): Promise<string> {
  return (await assertRejects(() => call, KBertError)).code;
}

/** A wall whose one stream is begun: its call and its first pull were sent. */
class Begun extends TestWall {
  readonly stream: WireStream;
  readonly first: Promise<IteratorResult<WireValue, undefined>>;

  constructor(options: CallOptions = {}) {
    super();
    this.stream = this.channel.stream("count", [], options);
    this.first = this.stream.next();
    this.first.catch(() => {});
  }
}

Deno.test("Channel.stream() yields what the other side's generator yields, and ends with it", async () => {
  const log: unknown[] = [];
  using pair = new ChannelPair({}, { serve: counting(log, 3) });
  const before = openThings().streams;

  const items = await Array.fromAsync(pair.host.stream("count", []));

  assertEquals([items, log], [[0, 1, 2], [0, 1, 2, "finally"]]);
  assertEquals([pair.host.openStreams, pair.host.openCalls, openThings().streams], [0, 0, before]);
});

Deno.test("Channel.stream() sends nothing before its first next()", async () => {
  using wall = new TestWall();

  const stream = wall.channel.stream("count", [1]);
  const before = wall.port.said;
  void stream.next();

  assertEquals([before, wall.port.said, wall.channel.openStreams], [[], ["call 1", "pull 1"], 1]);
  assertEquals(wall.port.sent[0]?.["stream"], true);
  await stream.return();
});

Deno.test("Channel begins a stream before it serves a call that came after it, also in one turn", async () => {
  const log: unknown[] = [];
  const serve = (call: ServedCall): Served =>
    call.stream ? counting(log, 1)(call) : void log.push("call") as undefined;
  using wall = new TestWall({ side: "plugin", serve });

  wall.port.arrive({ kind: "call", id: 1, method: "count", args: [], stream: true });
  wall.port.arrive({ kind: "pull", id: 1 });
  wall.port.arrive({ kind: "call", id: 2, method: "work", args: [] });

  assertEquals(log, [0, "call"]);
  await settled();
});

Deno.test("Channel.stream() computes no item that was not asked for", async () => {
  const log: unknown[] = [];
  using pair = new ChannelPair({}, { serve: counting(log) });
  const stream = pair.host.stream("count", []);

  await stream.next();
  await stream.next();
  const asked = [...log];
  await stream.return();
  await until(() => log.includes("finally"));

  assertEquals([asked, log], [[0, 1], [0, 1, "finally"]]);
});

Deno.test("Channel.stream() left by break runs the generator's finally on the other side", async () => {
  const log: unknown[] = [];
  using pair = new ChannelPair({}, { serve: counting(log) });

  for await (const item of pair.host.stream("count", [])) if (item === 2) break;
  await until(() => log.includes("finally"));

  assertEquals([log, pair.host.openStreams], [[0, 1, 2, "finally"], 0]);
});

Deno.test("Channel.stream() is left by the end of an await using block", async () => {
  const log: unknown[] = [];
  using pair = new ChannelPair({}, { serve: counting(log) });
  {
    await using stream = pair.host.stream("count", []);
    await stream.next();
  }
  await until(() => log.includes("finally"));

  assertEquals(log, [0, "finally"]);
});

Deno.test("Channel.stream() has one pull underway, however many wait for next()", async () => {
  using wall = new Begun();
  const others = [wall.stream.next(), wall.stream.next()];

  const pulls = wall.port.said;
  wall.port.arrive({ kind: "item", id: 1, value: "a" });
  const then = wall.port.said;
  wall.port.arrive({ kind: "item", id: 1, value: "b" });
  wall.port.arrive({ kind: "end", id: 1 });

  assertEquals(pulls, ["call 1", "pull 1"]);
  assertEquals(then, ["call 1", "pull 1", "pull 1"]);
  assertEquals((await Promise.all([wall.first, ...others])).map(({ value }) => value), ["a", "b", undefined]);
  assertEquals(await wall.stream.next(), { done: true, value: undefined });
});

Deno.test("Channel.stream() gives an item up at its deadline, counted from its pull", async () => {
  using clock = fakeTime();
  using wall = new Begun({ timeoutMs: 1_000 });
  await clock.tickAsync(900);
  wall.port.arrive({ kind: "item", id: 1, value: "a" });
  await clock.tickAsync(10_000);

  const idle = wall.channel.openStreams;
  const second = codeOf(wall.stream.next());
  const third = wall.stream.next();
  await clock.tickAsync(1_000);

  assertEquals([idle, await second, (await third).done], [1, "call/timeout", true]);
  assertEquals([wall.port.said.at(-1), wall.channel.openStreams], ["cancel 1", 0]);
});

Deno.test("Channel.stream() ends with its signal, waiting or not, and cancels on the other side", async (t) => {
  await t.step("while an item is waited for", async () => {
    const controller = new AbortController();
    using wall = new Begun({ signal: controller.signal });

    controller.abort(new Error("enough"));

    assertEquals(await codeOf(wall.first), "call/aborted");
    assertEquals([wall.port.said.at(-1), wall.channel.openStreams], ["cancel 1", 0]);
  });
  await t.step("between two items", async () => {
    const controller = new AbortController();
    using wall = new Begun({ signal: controller.signal });
    wall.port.arrive({ kind: "item", id: 1, value: "a" });

    controller.abort(new Error("enough"));

    assertEquals([wall.port.said.at(-1), wall.channel.openStreams], ["cancel 1", 0]);
    assertEquals(await codeOf(wall.stream.next()), "call/aborted");
    assertEquals((await wall.stream.next()).done, true);
  });
  await t.step("before it began", async () => {
    using wall = new TestWall();
    const stream = wall.channel.stream("count", [], { signal: AbortSignal.abort() });

    assertEquals([await codeOf(stream.next()), wall.port.said], ["call/aborted", []]);
  });
});

Deno.test("Channel.stream() passes on what the generator throws, once, with both sides in the stack", async () => {
  using pair = new ChannelPair({}, {
    serve: async function* failing(): AsyncGenerator<WireValue> {
      yield 1;
      throw new RangeError("no more");
    },
  });
  async function readAll(): Promise<void> {
    const stream = pair.host.stream("count", []);
    await stream.next();
    await stream.next();
  }

  const error = await assertRejects(readAll, KBertError, "The plugin x failed in count(): no more");

  assertEquals([error.code, (error.cause as Error).name], ["call/failed", "RangeError"]);
  assert(/readAll[^]*--- in the plugin x ---[^]*failing/.test(error.stack!), error.stack);
});

Deno.test("Channel.stream() refuses what cannot cross and what is no time, and opens nothing", async () => {
  using wall = new TestWall();
  const method = (() => 1) as unknown as WireValue;

  assertEquals(await codeOf(wall.channel.stream("f", [method]).next()), "wall/frame");
  assertThrows(() => wall.channel.stream("f", [], { timeoutMs: NaN }), RangeError);

  assertEquals([wall.port.said, wall.channel.openStreams], [[], 0]);
});

Deno.test("Channel.stream() that was left before it began never begins", async () => {
  using wall = new TestWall();
  const stream = wall.channel.stream("count", []);

  await stream.return();

  assertEquals([(await stream.next()).done, wall.port.said], [true, []]);
});

Deno.test("Channel.close() ends streams: who waits learns why, generators run their finally", async () => {
  const log: unknown[] = [];
  using pair = new ChannelPair({}, { serve: counting(log) });
  const stream = pair.host.stream("count", []);
  await stream.next();
  const waiting = pair.host.stream("count", []).next();

  pair.host.close();
  pair.plugin.close();
  await settled();

  assertEquals([await codeOf(waiting), await codeOf(stream.next())], ["plugin/closed", "plugin/closed"]);
  assertEquals(await codeOf(pair.host.stream("count", []).next()), "plugin/closed");
  assertEquals([log, pair.host.openStreams], [[0, "finally"], 0]);
});

Deno.test("Channel closes when a stream's other side breaks the protocol", async (t) => {
  const item = { kind: "item", id: 1, value: "a" };
  const rows: Record<string, unknown[]> = {
    "an item that was not pulled": [item, item],
    "an answer instead of items": [{ kind: "return", id: 1, value: 1 }],
    "an item that cannot be read": [{ ...item, value: { $: "?" } }],
  };
  for (const [what, arrivals] of Object.entries(rows)) {
    await t.step(what, async () => {
      using wall = new Begun();

      for (const arrival of arrivals) wall.port.arrive(arrival);
      await settled();

      assertEquals([wall.port.closed, wall.channel.openStreams], [true, 0]);
    });
  }
});

Deno.test("Channel drops items, ends and errors of a stream that ended meanwhile", async () => {
  using wall = new Begun();
  await wall.stream.return();

  wall.port.arrive({ kind: "item", id: 1, value: { $: "?" } });
  wall.port.arrive({ kind: "end", id: 1 });
  wall.port.arrive({ kind: "throw", id: 1, failure: { name: "Error", message: "late" } });

  assertEquals([wall.port.closed, (await wall.first).done], [false, true]);
});

Deno.test("Channel that serves a stream closes on pulls that have no place", async (t) => {
  const call = { kind: "call", id: 1, method: "f", args: [] };
  const pull = { kind: "pull", id: 1 };
  const rows: Record<string, unknown[]> = {
    "two for one item": [{ ...call, stream: true }, pull, pull],
    "one for a plain call": [call, pull],
  };
  for (const [what, arrivals] of Object.entries(rows)) {
    await t.step(what, () => {
      using wall = new TestWall({ serve: () => new Promise(() => {}) });

      for (const arrival of arrivals) wall.port.arrive(arrival);

      assert(wall.port.closed);
    });
  }
});

Deno.test("Channel answers a stream only to who asked for one, and the reverse, and ends the iterator", async () => {
  let returned = 0;
  const iterable: Served = {
    [Symbol.asyncIterator]: () => ({
      next: () => Promise.resolve({ done: true, value: undefined }),
      return: () => (returned++, new Promise<never>(() => {})),
    }),
  };
  using pair = new ChannelPair({}, { serve: ({ method }) => method === "list" ? iterable : 1 });

  await assertRejects(
    () => pair.host.call("list", []),
    KBertError,
    "list() answers a stream; call it with stream()",
  );
  await assertRejects(() => pair.host.stream("one", []).next(), KBertError, "one() answers no stream");

  assertEquals(returned, 1);
});

Deno.test("Channel serves a pull that came before the iterable was there", async () => {
  const { promise, resolve } = Promise.withResolvers<AsyncIterable<WireValue>>();
  using wall = new TestWall({ serve: () => promise });
  wall.port.arrive({ kind: "call", id: 1, method: "f", args: [], stream: true });
  wall.port.arrive({ kind: "pull", id: 1 });

  resolve(counting([])({} as ServedCall));
  await settled();

  assertEquals(wall.port.said, ["item 1"]);
});

Deno.test("Channel ends a stream that is cancelled before its iterable was there", async () => {
  const { promise, resolve } = Promise.withResolvers<AsyncIterable<WireValue>>();
  let returned = 0;
  using wall = new TestWall({ serve: () => promise });
  wall.port.arrive({ kind: "call", id: 1, method: "f", args: [], stream: true });
  wall.port.arrive({ kind: "pull", id: 1 });
  wall.port.arrive({ kind: "cancel", id: 1 });

  resolve({
    [Symbol.asyncIterator]: () => ({
      next: () => Promise.reject(new Error("never asked")),
      return: () => (returned++, Promise.resolve({ done: true, value: undefined })),
    }),
  });
  await settled();

  assertEquals([returned, wall.port.said], [1, []]);
});

Deno.test("Channel aborts the signal of a cancelled stream, which lets its generator end", async () => {
  const log: string[] = [];
  using pair = new ChannelPair({}, {
    serve: async function* ({ signal }): AsyncGenerator<WireValue> {
      try {
        yield 1;
        await new Promise((_, reject) => signal.addEventListener("abort", () => reject(signal.reason)));
      } finally {
        log.push("finally");
      }
    },
  });
  const stream = pair.host.stream("f", []);
  await stream.next();
  const second = stream.next();

  await stream.return();
  await until(() => log.includes("finally"));

  assertEquals([log, (await second).done], [["finally"], true]);
});

Deno.test("Channel ends a stream whose item cannot cross, on both sides", async () => {
  const log: unknown[] = [];
  using pair = new ChannelPair({}, {
    serve: async function* (): AsyncGenerator<WireValue> {
      try {
        yield (() => 1) as unknown as WireValue;
      } finally {
        log.push("finally");
      }
    },
  });

  assertEquals(await codeOf(pair.host.stream("f", []).next()), "call/failed");
  await until(() => log.length > 0);

  assertEquals(log, ["finally"]);
});

Deno.test("Channel counts open streams among what it serves, until their work is over", async () => {
  let served = 0;
  const hang = { next: () => new Promise<never>(() => {}), return: () => new Promise<never>(() => {}) };
  using wall = new TestWall({ serve: () => (served++, { [Symbol.asyncIterator]: () => hang }) });

  for (let id = 1; id <= 300; id++) {
    wall.port.arrive({ kind: "call", id, method: "f", args: [], stream: true });
    await settled();
    wall.port.arrive({ kind: "cancel", id });
  }

  assertEquals([served, wall.port.closed], [256, true]);
});

Deno.test("Channel has room for as many streams again when those before are over", async () => {
  using wall = new TestWall({ serve: counting([]) });

  for (let id = 1; id <= 600; id++) {
    wall.port.arrive({ kind: "call", id, method: "f", args: [], stream: true });
    wall.port.arrive({ kind: "pull", id });
    await settled();
    wall.port.arrive({ kind: "cancel", id });
    await settled();
  }

  assertEquals([wall.port.closed, wall.port.frames.length], [false, 600]);
});

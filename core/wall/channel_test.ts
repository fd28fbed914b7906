import { assert, assertEquals, assertInstanceOf, assertRejects, assertThrows } from "../deps/assert.ts";
import { fakeTime } from "../../core/deps/fake_timers.ts";
import { ChannelPair, settled, TestWall } from "../../tests/fixtures/test_port.ts";
import type { ServedCall } from "./channel.ts";
import { KBertError } from "./errors.ts";
import { PluginError } from "./failure.ts";
import { openThings } from "./ledger.ts";
import type { WireValue } from "./values.ts";

async function codeOf(call: Promise<unknown>): Promise<string> {
  return (await assertRejects(() => call, KBertError)).code;
}

function forever(): Promise<WireValue> {
  return new Promise(() => {});
}

Deno.test("Channel.call() answers what the other side's serve answers", async () => {
  using pair = new ChannelPair({}, { serve: ({ method, args, stream }) => ({ method, args, stream }) });

  const answer = await pair.host.call("echo", [1, "two", { three: [-0, NaN, undefined] }]);

  assertEquals(answer, { method: "echo", args: [1, "two", { three: [-0, NaN, undefined] }], stream: false });
  assertEquals(pair.host.openCalls, 0);
});

Deno.test("Channel.call() moves the buffers of tensors there and back", async () => {
  using pair = new ChannelPair({}, { serve: ({ args }) => args[0] });
  const data = Float32Array.of(1, 2, 3);

  const answer = await pair.host.call("echo", [{ dtype: "float32", shape: [3], data }]);

  assertEquals(data.length, 0, "the sender's is empty");
  assertEquals(answer, { dtype: "float32", shape: [3], data: Float32Array.of(1, 2, 3) });
});

Deno.test("Channel.call() with transfer moves only what it names", async () => {
  using pair = new ChannelPair({}, { serve: ({ args }) => args });
  const moved = Uint8Array.of(1);
  const kept = Uint8Array.of(2);

  const answer = await pair.host.call("echo", [moved, kept], { transfer: [moved.buffer] });

  assertEquals(answer, [Uint8Array.of(1), Uint8Array.of(2)]);
  assertEquals([moved.length, kept.length], [0, 1]);
});

Deno.test("Channel.call() takes arguments as deep as a value may be", async () => {
  using pair = new ChannelPair({}, { serve: ({ args }) => args[0] });
  const deep = JSON.parse("[".repeat(32) + "1" + "]".repeat(32)) as WireValue;

  const answer = await pair.host.call("echo", [deep]);

  assertEquals(JSON.stringify(answer).length, 65);
});

Deno.test("Channel.call() rejects with call/failed and the other side's error as its cause", async () => {
  using pair = new ChannelPair({}, {
    serve: () => Promise.reject(new RangeError("too far", { cause: new Error("because") })),
  });

  const error = await assertRejects(() => pair.host.call("walk", []), KBertError);

  assertEquals(error.message, "The plugin x failed in walk(): too far");
  assertEquals(error.detail, { plugin: "x", method: "walk" });
  assertInstanceOf(error.cause, PluginError);
  assertEquals([error.cause.name, (error.cause.cause as Error).message], ["RangeError", "because"]);
});

Deno.test("Channel.call() shows both sides in the stack of what it throws", async () => {
  using pair = new ChannelPair({ plugin: "x\u001b[31m" }, {
    serve: function serveIt(): never {
      throw new Error("no\n    at forged (host.ts:1:1)");
    },
  });
  async function callIt(): Promise<WireValue> {
    return await pair.host.call("f", []);
  }

  const error = await assertRejects(callIt, KBertError);

  const [here = "", there = ""] = error.stack!.split("    --- in the plugin x\\u001b[31m ---\n");
  assert(here.startsWith("KBertError: The plugin x failed in f(): no\n"));
  assert(here.includes("callIt"), here);
  assert(!here.includes("channel.ts") && !here.includes("calls.ts"), "only the caller's own frames");
  assert(there.includes("serveIt"), there);
});

Deno.test("Channel.call() tells a plugin no stack of its host", async () => {
  using pair = new ChannelPair({ serve: () => Promise.reject(new Error("secret place")) }, {});

  const error = await assertRejects(() => pair.plugin.call("f", []), KBertError);

  assertEquals((error.cause as PluginError).remoteStack, undefined);
  assert(!error.stack!.includes("---"));
});

Deno.test("Channel.call() rejects with call/timeout, cancels, and drops the answer that comes too late", async () => {
  using clock = fakeTime();
  using wall = new TestWall();
  const { channel, port } = wall;

  const code = codeOf(channel.call("slow", [], { timeoutMs: 1_000 }));
  await clock.tickAsync(999);
  const before = channel.openCalls;
  await clock.tickAsync(1);
  port.arrive({ kind: "return", id: 1, value: 1 });

  assertEquals([await code, before, channel.openCalls], ["call/timeout", 1, 0]);
  assertEquals([port.said, port.closed], [["call 1", "cancel 1"], false]);
});

Deno.test("Channel.call() keeps each deadline of many", async () => {
  using clock = fakeTime();
  using wall = new TestWall();
  const ended: number[] = [];
  for (const timeoutMs of [300, 100, 200, 100, Infinity]) {
    wall.channel.call("slow", [], { timeoutMs }).catch((error: KBertError) => {
      if (error.code === "call/timeout") ended.push(timeoutMs);
    });
  }

  await clock.tickAsync(150);
  const first = [...ended];
  await clock.tickAsync(10_000);

  assertEquals(first, [100, 100]);
  assertEquals([ended, wall.channel.openCalls], [[100, 100, 200, 300], 1]);
});

Deno.test("Channel.call() waits as long as a timer can when the time is longer than that", async () => {
  using clock = fakeTime();
  using wall = new TestWall();

  const pending = wall.channel.call("slow", [], { timeoutMs: Infinity });
  await clock.tickAsync(2 ** 31);
  wall.port.arrive({ kind: "return", id: 1, value: "after all" });

  assertEquals(await pending, "after all");
});

Deno.test("Channel.call() refuses a time that is not a number, and opens nothing", async () => {
  using wall = new TestWall();

  await assertRejects(() => wall.channel.call("slow", [], { timeoutMs: NaN }), RangeError, "NaN ms");

  assertEquals([wall.channel.openCalls, wall.port.said], [0, []]);
});

Deno.test("Channel.call() rejects with call/aborted when its signal aborts, then and before", async () => {
  using wall = new TestWall();
  const giveUp = new AbortController();

  const pending = wall.channel.call("slow", [], { signal: giveUp.signal });
  giveUp.abort(new Error("enough"));

  const error = await assertRejects(() => pending, KBertError);
  assertEquals([error.code, (error.cause as Error).message], ["call/aborted", "enough"]);
  assertEquals(await codeOf(wall.channel.call("slow", [], { signal: giveUp.signal })), "call/aborted");
  assertEquals(wall.port.said, ["call 1", "cancel 1"]);
});

Deno.test("Channel.call() leaves no listener on the signal of a call that was answered", async () => {
  using wall = new TestWall();
  const { signal } = new AbortController();
  const listeners = new Set<unknown>();
  signal.addEventListener = (_type: string, listener: unknown) => void listeners.add(listener);
  signal.removeEventListener = (_type: string, listener: unknown) => void listeners.delete(listener);

  const pending = wall.channel.call("quick", [], { signal });
  const during = listeners.size;
  wall.port.arrive({ kind: "return", id: 1, value: null });
  await pending;

  assertEquals([during, listeners.size], [1, 0]);
});

Deno.test("Channel.call() rejects and leaves nothing open when the port cannot send", async (t) => {
  await t.step("because it throws", async () => {
    using wall = new TestWall();
    wall.port.problem = new DOMException("it was detached", "DataCloneError");

    const error = await assertRejects(() => wall.channel.call("f", []), KBertError, "it was detached");

    assertEquals([error.code, wall.channel.openCalls, wall.port.closed], ["wall/frame", 0, false]);
  });
  await t.step("because the bytes were moved before", async () => {
    using wall = new TestWall();
    const bytes = new Uint8Array(4);
    structuredClone(null, { transfer: [bytes.buffer] });

    await assertRejects(() => wall.channel.call("f", [bytes]), KBertError, "moved before");

    assertEquals(wall.channel.openCalls, 0);
  });
  await t.step("because it is more than the other side would take", async () => {
    using wall = new TestWall();

    const error = await assertRejects(
      () => wall.channel.call("f", ["x".repeat(2 ** 20)]),
      KBertError,
      "characters",
    );

    assertEquals([error.code, wall.channel.openCalls, wall.port.said], ["wall/frame", 0, []]);
  });
  await t.step("because of a value that cannot cross", async () => {
    using wall = new TestWall();
    const circle: WireValue[] = [];
    circle.push(circle);
    const method = (() => 1) as unknown as WireValue;

    await assertRejects(() => wall.channel.call("f", [circle]), KBertError, "nested deeper");
    await assertRejects(() => wall.channel.call("f", [method]), KBertError, "function");

    assertEquals(wall.channel.openCalls, 0);
  });
});

Deno.test("Channel.close() ends every open call, aborts every served one, and tells once", async () => {
  const closed: Error[] = [];
  const signals: AbortSignal[] = [];
  using wall = new TestWall({
    onClose: (reason) => closed.push(reason),
    serve: ({ signal }) => (signals.push(signal), forever()),
  });
  const { channel } = wall;
  const pending = [channel.call("a", []), channel.call("b", [])];
  wall.port.arrive({ kind: "call", id: 7, method: "c", args: [] });

  channel.close("it was tired");
  channel.close("again");

  for (const call of pending) {
    assertEquals((await assertRejects(() => call, KBertError)).detail, {
      plugin: "x",
      reason: "it was tired",
    });
  }
  assertEquals(await codeOf(channel.call("late", [])), "plugin/closed");
  assertEquals([closed.length, signals[0]?.aborted, channel.openCalls], [1, true, 0]);
});

Deno.test("Channel counts what it opens and closes", async () => {
  const before = openThings();
  const wall = new TestWall();
  const pending = wall.channel.call("f", []);
  const during = openThings();

  wall.channel.close();
  await codeOf(pending);

  assertEquals([during.channels - before.channels, during.calls - before.calls], [1, 1]);
  assertEquals(openThings(), before);
});

Deno.test("Channel closes on anything that breaks the protocol, and every open call ends", async (t) => {
  const bytes = new ArrayBuffer(4);
  const event = { head: `{"kind":"events","events":[["a",1]]}`, buffers: [] };
  const arrivals: Record<string, unknown> = {
    "not an object": 5,
    "nothing": undefined,
    "no JSON": { head: "\u001b[2J", buffers: [] },
    "a bare text that is no JSON": "\u001b[2J",
    "an unknown kind": { head: `{"kind":"constructor"}`, buffers: [] },
    "the id 0": { head: `{"kind":"return","id":0}`, buffers: [] },
    "an id beyond 2^53": { head: `{"kind":"return","id":9007199254740993}`, buffers: [] },
    "a million brackets": { head: "[".repeat(1_000_000), buffers: [] },
    "an answer whose tensor has no buffer": {
      head: `{"kind":"return","id":1,"value":{"$":"tensor","dtype":"float32","shape":[1],"buffer":0}}`,
      buffers: [],
    },
    "an answer whose tensors share a buffer": {
      head: `{"kind":"return","id":1,"value":[{"$":"bytes","buffer":0},{"$":"bytes","buffer":0}]}`,
      buffers: [bytes],
    },
    "an answer 100 deep": `{"kind":"return","id":1,"value":${"[".repeat(100)}${"]".repeat(100)}}`,
    "an item of a call": `{"kind":"item","id":1,"value":1}`,
    "an end of a call": `{"kind":"end","id":1}`,
    "credit for events that were not sent": `{"kind":"credit","events":1}`,
    "more events than there is room for": { ...event, head: manyEvents(1_001) },
  };
  for (const [what, data] of Object.entries(arrivals)) {
    await t.step(what, async () => {
      using wall = new TestWall();
      const pending = wall.channel.call("f", []);

      wall.port.onframe?.(data);

      const error = await assertRejects(() => pending, KBertError);
      assertEquals([error.code, wall.port.closed, wall.channel.openCalls], ["wall/frame", true, 0]);
      assert(!Deno.inspect(error).includes("\u001b"), "nothing unprintable is quoted");
    });
  }
});

function manyEvents(count: number): string {
  return JSON.stringify({ kind: "events", events: Array(count).fill(["a", 1]) });
}

Deno.test("Channel drops answers, items and cancels that nobody asked for", async () => {
  using wall = new TestWall();
  const { channel, port } = wall;

  port.arrive({ kind: "return", id: 3, value: { $: "nonsense" } });
  port.arrive({ kind: "item", id: 3, value: { $: "nonsense" } });
  port.arrive({ kind: "end", id: 3 });
  port.arrive({ kind: "throw", id: 4, failure: { name: "Error", message: "forged" } });
  port.arrive({ kind: "cancel", id: 5 });
  port.arrive({ kind: "pull", id: 5 });
  const pending = channel.call("f", []);
  port.arrive({ kind: "return", id: 1, value: "real" });
  port.arrive({ kind: "return", id: 1, value: "twice" });
  port.arrive({ kind: "item", id: 1, value: "an item" });

  assertEquals(await pending, "real");
  assertEquals(port.closed, false);
});

Deno.test("Channel turns an answer that cannot cross into an error for the caller", async () => {
  const shared = new Uint8Array(4);
  const odd: Record<string, unknown> = {
    function: () => 1,
    "half of an answer": [shared, Symbol("no")],
    "too much": "x".repeat(2 ** 20),
  };
  using pair = new ChannelPair({}, { serve: ({ method }) => odd[method] as WireValue });

  for (const method of Object.keys(odd)) {
    assertEquals(await codeOf(pair.host.call(method, [])), "call/failed", method);
  }

  assertEquals([pair.host.openCalls, shared.length], [0, 4]);
});

Deno.test("Channel answers with an error when serve itself throws, as large as it may be", async () => {
  const error = (): Error =>
    Object.assign(new Error("\n\u0000\ud800".repeat(10_000)), { a: '"'.repeat(9_000) });
  using wall = new TestWall({
    side: "plugin",
    serve: () => {
      throw Object.assign(new AggregateError(Array.from({ length: 100 }, error)), { cause: error() });
    },
  });

  wall.port.arrive({ kind: "call", id: 1, method: "f", args: [] });
  await settled();

  assertEquals(wall.port.said, ["throw 1"]);
});

Deno.test("Channel passes a cancel on as an abort and sends no answer then", async () => {
  const { promise, resolve } = Promise.withResolvers<WireValue>();
  const calls: ServedCall[] = [];
  using wall = new TestWall({ serve: (call) => (calls.push(call), promise) });
  const read = (): AbortSignal => calls[0]!.signal;

  wall.port.arrive({ kind: "call", id: 1, method: "f", args: [] });
  const before = read();
  const wasAborted = before.aborted;
  wall.port.arrive({ kind: "cancel", id: 1 });
  resolve("too late");
  await settled();

  assertEquals([wasAborted, before.aborted, read() === before, wall.port.said], [false, true, true, []]);
});

Deno.test("ServedCall.signal that is read only after the cancel is aborted", () => {
  const calls: ServedCall[] = [];
  using wall = new TestWall({ serve: (call) => (calls.push(call), forever()) });

  wall.port.arrive({ kind: "call", id: 1, method: "f", args: [] });
  wall.port.arrive({ kind: "cancel", id: 1 });

  assertEquals(calls[0]?.signal.aborted, true);
  assertThrows(() => calls[0]?.signal.throwIfAborted(), Error, "given up");
});

Deno.test("Channel without serve refuses each of many calls with one small answer", () => {
  using wall = new TestWall();

  for (let id = 1; id <= 10_000; id++) wall.port.arrive({ kind: "call", id, method: "f", args: [] });

  assertEquals([wall.port.frames.length, wall.port.closed], [10_000, false]);
  assertEquals(wall.port.sent[0], {
    kind: "throw",
    id: 1,
    failure: { name: "Error", message: "Nothing is served here" },
  });
});

Deno.test("Channel closes when the other side has more calls open than are served at once", () => {
  let served = 0;
  using wall = new TestWall({ serve: () => (served++, forever()) });

  for (let id = 1; id <= 1_000; id++) wall.port.arrive({ kind: "call", id, method: "f", args: [] });

  assertEquals([served, wall.port.closed], [256, true]);
});

Deno.test("Channel counts a cancelled call as served until it is over", () => {
  let served = 0;
  using wall = new TestWall({ serve: () => (served++, forever()) });

  for (let id = 1; id <= 1_000; id++) {
    wall.port.arrive({ kind: "call", id, method: "f", args: [] });
    wall.port.arrive({ kind: "cancel", id });
  }

  assertEquals([served, wall.port.closed], [256, true]);
});

Deno.test("Channel closes when the number of a call is used while it is open", () => {
  using wall = new TestWall({ serve: forever });

  wall.port.arrive({ kind: "call", id: 1, method: "f", args: [] });
  wall.port.arrive({ kind: "call", id: 1, method: "f", args: [] });

  assert(wall.port.closed);
});

Deno.test("Channel survives listeners that throw, and reports it", () => {
  const fail = (): never => {
    throw new Error("broken listener");
  };
  using wall = new TestWall({ onReady: fail, onEvents: fail, onDropped: fail, onClose: fail });

  wall.port.arrive({ kind: "ready" });
  wall.port.arrive({ kind: "events", events: [["a", 1], ["b", 2]], dropped: 3 });
  const open = !wall.port.closed;
  wall.channel.close();

  assert(open);
  assertEquals(wall.problems.map((problem) => (problem as Error).message), Array(4).fill("broken listener"));
});

Deno.test("Channel survives a listener for errors that throws", () => {
  const fail = (): never => {
    throw new Error("broken listener");
  };
  using wall = new TestWall({ onReady: fail, onListenerError: fail });

  wall.port.arrive({ kind: "ready" });

  assertEquals(wall.port.closed, false);
});

Deno.test("Channel.fail() ends the other side's calls with the error that nobody caught", async () => {
  using pair = new ChannelPair({}, { serve: forever });

  const pending = pair.host.call("f", []);
  pair.plugin.fail(new TypeError("thrown in a timer"));

  const error = await assertRejects(() => pending, KBertError, "thrown in a timer");
  assertEquals([error.code, (error.cause as Error).name], ["plugin/closed", "TypeError"]);
});

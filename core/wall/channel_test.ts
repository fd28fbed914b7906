import { assert, assertEquals, assertInstanceOf, assertRejects, assertThrows } from "../deps/assert.ts";
import { Channel, type ChannelOptions } from "./channel.ts";
import { KBertError } from "./errors.ts";
import { PluginError } from "./failure.ts";
import { type Frame, type FramePort, framePortPair } from "./frame.ts";
import type { WireValue } from "./values.ts";

/** A port whose other side is the test: it reads what was sent, and says what arrives. */
class TestPort implements FramePort {
  onframe: ((data: unknown) => void) | null = null;
  readonly sent: Record<string, unknown>[] = [];
  closed = false;
  /** Thrown by the next sends, if it is set. */
  problem: Error | undefined;

  send({ head }: Frame): void {
    if (this.problem) throw this.problem;
    this.sent.push(JSON.parse(head));
  }

  close(): void {
    this.closed = true;
  }

  arrive(message: unknown, buffers: ArrayBuffer[] = []): void {
    this.onframe?.({ head: JSON.stringify(message), buffers });
  }
}

function channelWithTest(options: Partial<ChannelOptions> = {}): [Channel, TestPort] {
  const port = new TestPort();
  return [new Channel(port, { peer: "The plugin x", plugin: "x", ...options }), port];
}

/** Lets everything that waits in the microtask queue run. */
async function settled(): Promise<void> {
  for (let turn = 0; turn < 10; turn++) await Promise.resolve();
}

async function codeOf(call: Promise<unknown>): Promise<string> {
  return (await assertRejects(() => call, KBertError)).code;
}

Deno.test("Channel.call() answers what the other side's serve answers", async () => {
  const [here, there] = framePortPair();
  using host = new Channel(here, { peer: "The plugin x" });
  using _plugin = new Channel(there, {
    peer: "the host",
    serve: (method, args) => Promise.resolve({ method, args }),
  });

  const answer = await host.call("echo", [1, "two", { three: [-0, NaN, undefined] }]);

  assertEquals(answer, { method: "echo", args: [1, "two", { three: [-0, NaN, undefined] }] });
  assertEquals(host.openCalls, 0);
});

Deno.test("Channel.call() moves the buffers of tensors there and back", async () => {
  const [here, there] = framePortPair();
  using host = new Channel(here, { peer: "The plugin x" });
  using _plugin = new Channel(there, { peer: "the host", serve: (_, args) => Promise.resolve(args[0]) });
  const data = Float32Array.of(1, 2, 3);

  const answer = await host.call("echo", [{ dtype: "float32", shape: [3], data }]);

  assertEquals(data.length, 0, "the sender's is empty");
  assertEquals(answer, { dtype: "float32", shape: [3], data: Float32Array.of(1, 2, 3) });
});

Deno.test("Channel.call() rejects with call/failed and the other side's error as its cause", async () => {
  const [here, there] = framePortPair();
  using host = new Channel(here, { peer: "The plugin x", plugin: "x" });
  using _plugin = new Channel(there, {
    peer: "the host",
    serve: () => Promise.reject(new RangeError("too far", { cause: new Error("because") })),
  });

  const error = await assertRejects(() => host.call("walk", []), KBertError);

  assertEquals(error.message, "The plugin x failed in walk(): too far");
  assertEquals(error.detail, { plugin: "x", method: "walk" });
  assertInstanceOf(error.cause, PluginError);
  assertEquals([error.cause.name, (error.cause.cause as Error).message], ["RangeError", "because"]);
});

Deno.test("Channel.call() rejects with call/timeout, cancels, and drops the answer that comes too late", async () => {
  const [channel, port] = channelWithTest();

  const code = await codeOf(channel.call("slow", [], { timeoutMs: 0 }));
  port.arrive({ kind: "return", id: 1, value: 1 });

  assertEquals(code, "call/timeout");
  assertEquals(port.sent.map(({ kind, id }) => [kind, id]), [["call", 1], ["cancel", 1]]);
  assertEquals([channel.openCalls, port.closed], [0, false]);
});

Deno.test("Channel.call() waits as long as a timer can when the time is longer than that", async () => {
  const [channel, port] = channelWithTest();

  const pending = channel.call("slow", [], { timeoutMs: Infinity });
  await settled();
  port.arrive({ kind: "return", id: 1, value: "after all" });

  assertEquals(await pending, "after all");
});

Deno.test("Channel.call() refuses a time that is not a number, and opens nothing", async () => {
  const [channel, port] = channelWithTest();

  await assertRejects(() => channel.call("slow", [], { timeoutMs: NaN }), RangeError, "NaN ms");

  assertEquals([channel.openCalls, port.sent.length], [0, 0]);
});

Deno.test("Channel.call() rejects with call/aborted when its signal aborts, then and before", async () => {
  const [channel, port] = channelWithTest();
  const giveUp = new AbortController();

  const pending = channel.call("slow", [], { signal: giveUp.signal });
  giveUp.abort(new Error("enough"));

  const error = await assertRejects(() => pending, KBertError);
  assertEquals([error.code, (error.cause as Error).message], ["call/aborted", "enough"]);
  assertEquals(await codeOf(channel.call("slow", [], { signal: giveUp.signal })), "call/aborted");
  assertEquals(port.sent.map(({ kind }) => kind), ["call", "cancel"]);
});

Deno.test("Channel.call() leaves no listener on the signal of a call that was answered", async () => {
  const [channel, port] = channelWithTest();
  const { signal } = new AbortController();
  const listeners = new Set<unknown>();
  signal.addEventListener = (_type: string, listener: unknown) => void listeners.add(listener);
  signal.removeEventListener = (_type: string, listener: unknown) => void listeners.delete(listener);

  const pending = channel.call("quick", [], { signal });
  const during = listeners.size;
  port.arrive({ kind: "return", id: 1, value: null });
  await pending;

  assertEquals([during, listeners.size], [1, 0]);
});

Deno.test("Channel.call() rejects and leaves nothing open when the port cannot send", async (t) => {
  await t.step("because it throws", async () => {
    const [channel, port] = channelWithTest();
    port.problem = new DOMException("it was detached", "DataCloneError");

    const error = await assertRejects(() => channel.call("f", []), KBertError, "it was detached");

    assertEquals([error.code, channel.openCalls, port.closed], ["wall/frame", 0, false]);
  });
  await t.step("because the bytes were moved before", async () => {
    const [here] = framePortPair();
    using channel = new Channel(here, { peer: "The plugin x" });
    const bytes = new Uint8Array(4);
    structuredClone(null, { transfer: [bytes.buffer] });

    await assertRejects(() => channel.call("f", [bytes]), KBertError, "moved before");

    assertEquals(channel.openCalls, 0);
  });
  await t.step("because it is more than the other side would take", async () => {
    const [channel, port] = channelWithTest();

    const error = await assertRejects(
      () => channel.call("f", ["x".repeat(2 ** 20)]),
      KBertError,
      "characters",
    );

    assertEquals([error.code, channel.openCalls, port.sent.length], ["wall/frame", 0, 0]);
  });
  await t.step("because of a value that cannot cross", async () => {
    const [channel] = channelWithTest();
    const circle: WireValue[] = [];
    circle.push(circle);

    await assertRejects(() => channel.call("f", [circle]), KBertError, "nested deeper");
    await assertRejects(() => channel.call("f", [(() => 1) as unknown as WireValue]), KBertError, "function");

    assertEquals(channel.openCalls, 0);
  });
});

Deno.test("Channel.close() ends every open call, aborts every served one, and tells once", async () => {
  const closed: Error[] = [];
  const signals: AbortSignal[] = [];
  const [channel, port] = channelWithTest({
    onClose: (reason) => closed.push(reason),
    serve: (_method, _args, signal) => (signals.push(signal), new Promise(() => {})),
  });
  const pending = [channel.call("a", []), channel.call("b", [])];
  port.arrive({ kind: "call", id: 7, method: "c", args: [] });

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

Deno.test("Channel closes on anything that breaks the protocol, and every open call ends", async (t) => {
  const bytes = new ArrayBuffer(4);
  const arrivals: Record<string, unknown> = {
    "not an object": "hello",
    "nothing": undefined,
    "no JSON": { head: "\u001b[2J", buffers: [] },
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
  };
  for (const [what, data] of Object.entries(arrivals)) {
    await t.step(what, async () => {
      const [channel, port] = channelWithTest();
      const pending = channel.call("f", []);

      port.onframe?.(data);

      const error = await assertRejects(() => pending, KBertError);
      assertEquals([error.code, port.closed, channel.openCalls], ["wall/frame", true, 0]);
      assert(!Deno.inspect(error).includes("\u001b"), "nothing unprintable is quoted");
    });
  }
});

Deno.test("Channel drops answers and cancels that nobody asked for", async () => {
  const [channel, port] = channelWithTest();

  port.arrive({ kind: "return", id: 3, value: { $: "nonsense" } });
  port.arrive({ kind: "throw", id: 4, failure: { name: "Error", message: "forged" } });
  port.arrive({ kind: "cancel", id: 5 });
  const pending = channel.call("f", []);
  port.arrive({ kind: "return", id: 1, value: "real" });
  port.arrive({ kind: "return", id: 1, value: "twice" });

  assertEquals(await pending, "real");
  assertEquals(port.closed, false);
});

Deno.test("Channel turns an answer that cannot cross into an error for the caller", async () => {
  const [here, there] = framePortPair();
  using host = new Channel(here, { peer: "The plugin x" });
  const shared = new Uint8Array(4);
  const odd: Record<string, unknown> = {
    function: () => 1,
    "half of an answer": [shared, Symbol("no")],
    "too much": "x".repeat(2 ** 20),
  };
  using _plugin = new Channel(there, {
    peer: "the host",
    serve: (method) => Promise.resolve(odd[method] as WireValue),
  });

  for (const method of Object.keys(odd)) {
    assertEquals(await codeOf(host.call(method, [])), "call/failed", method);
  }

  assertEquals([host.openCalls, shared.length], [0, 4]);
});

Deno.test("Channel answers with an error when serve itself throws", async () => {
  const [_channel, port] = channelWithTest({
    serve: () => {
      throw new Error("not even a promise");
    },
  });

  port.arrive({ kind: "call", id: 1, method: "f", args: [] });
  await settled();

  const [answer] = port.sent;
  assertEquals(answer?.["kind"], "throw");
});

Deno.test("Channel passes a cancel on as an abort and sends no answer then", async () => {
  const { promise, resolve } = Promise.withResolvers<WireValue>();
  const signals: AbortSignal[] = [];
  const [_channel, port] = channelWithTest({ serve: (_m, _a, signal) => (signals.push(signal), promise) });

  port.arrive({ kind: "call", id: 1, method: "f", args: [] });
  port.arrive({ kind: "cancel", id: 1 });
  resolve("too late");
  await settled();

  assertEquals([signals[0]?.aborted, port.sent.length], [true, 0]);
});

Deno.test("Channel without serve refuses each of many calls with one small answer", () => {
  const [_channel, port] = channelWithTest();

  for (let id = 1; id <= 10_000; id++) port.arrive({ kind: "call", id, method: "f", args: [] });

  assertEquals([port.sent.length, port.closed], [10_000, false]);
  assertEquals(port.sent[0], {
    kind: "throw",
    id: 1,
    failure: { name: "Error", message: "Nothing is served here" },
  });
});

Deno.test("Channel closes when the other side has more calls open than are served at once", () => {
  let served = 0;
  const [_channel, port] = channelWithTest({ serve: () => (served++, new Promise(() => {})) });

  for (let id = 1; id <= 1_000; id++) port.arrive({ kind: "call", id, method: "f", args: [] });

  assertEquals([served, port.closed], [256, true]);
});

Deno.test("Channel closes when the number of a call is used while it is open", () => {
  const [_channel, port] = channelWithTest({ serve: () => new Promise(() => {}) });

  port.arrive({ kind: "call", id: 1, method: "f", args: [] });
  port.arrive({ kind: "call", id: 1, method: "f", args: [] });

  assert(port.closed);
});

Deno.test("Channel survives listeners that throw, and writes it into the log", () => {
  const log: string[] = [];
  const fail = (): never => {
    throw new Error("broken listener");
  };
  const [channel, port] = channelWithTest({
    onReady: fail,
    onEvent: fail,
    onClose: fail,
    onLog: (_level, text) => log.push(text),
  });

  port.arrive({ kind: "ready" });
  port.arrive({ kind: "events", events: [{ topic: "a", payload: 1 }, { topic: "b", payload: 2 }] });
  const open = !port.closed;
  channel.close();

  assert(open);
  assertEquals(log, Array(4).fill("A listener failed: broken listener"));
});

Deno.test("Channel survives a log listener that throws", () => {
  const [_channel, port] = channelWithTest({
    onLog: () => {
      throw new Error("the log is full");
    },
  });

  port.arrive({ kind: "log", level: "info", text: "hello" });

  assertEquals(port.closed, false);
});

Deno.test("Channel.events() delivers the events of a turn in order, with their payloads", async () => {
  const [here, there] = framePortPair();
  const heard: unknown[] = [];
  const done = Promise.withResolvers<void>();
  using _host = new Channel(here, {
    peer: "The plugin x",
    onEvent: (topic, payload) => {
      if (heard.push([topic, payload]) === 2) done.resolve();
    },
  });
  using plugin = new Channel(there, { peer: "the host" });

  plugin.events([{ topic: "a", payload: new Uint8Array([1]) }, { topic: "b", payload: { n: Infinity } }]);
  await done.promise;

  assertEquals(heard, [["a", new Uint8Array([1])], ["b", { n: Infinity }]]);
});

Deno.test("Channel.events() delivers none of a message in which one cannot be read", () => {
  const heard: string[] = [];
  const [_channel, port] = channelWithTest({ onEvent: (topic) => heard.push(topic) });

  port.arrive({
    kind: "events",
    events: [{ topic: "good", payload: 1 }, { topic: "bad", payload: { $: "?" } }],
  });

  assertEquals([heard, port.closed], [[], true]);
});

Deno.test("Channel.events() throws for more events than a message holds", () => {
  const [channel, port] = channelWithTest();
  const events = Array.from({ length: 1_001 }, () => ({ topic: "a", payload: null }));

  const error = assertThrows(() => channel.events(events), KBertError);

  assertEquals([error.code, port.sent.length], ["wall/frame", 0]);
});

Deno.test("Channel.fail() ends the other side's calls with the error that nobody caught", async () => {
  const [here, there] = framePortPair();
  using host = new Channel(here, { peer: "The plugin x" });
  using plugin = new Channel(there, { peer: "the host", serve: () => new Promise(() => {}) });

  const pending = host.call("f", []);
  plugin.fail(new TypeError("thrown in a timer"));

  const error = await assertRejects(() => pending, KBertError, "thrown in a timer");
  assertEquals([error.code, (error.cause as Error).name], ["plugin/closed", "TypeError"]);
});

Deno.test("Channel.log() cuts what the protocol would not take", () => {
  const [channel, port] = channelWithTest();

  channel.log("info", "x".repeat(100_000));

  assertEquals((port.sent[0]?.["text"] as string).length, 8_192);
});

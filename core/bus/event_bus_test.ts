import { assert, assertEquals, assertRejects, assertStrictEquals, assertThrows } from "../deps/assert.ts";
import { fakeTime } from "../../core/deps/fake_timers.ts";
import { KBertError } from "../wall/errors.ts";
import { openThings } from "../wall/ledger.ts";
import type { BusEvent } from "./event.ts";
import { EventBus } from "./event_bus.ts";
import type { RuntimeEvents } from "./events.ts";

interface TestEvents {
  "a.x": number;
  "a.y": number;
  "b.x": number;
  "bus.listener_failed": RuntimeEvents["bus.listener_failed"];
}

/** What failed on a bus, as `topic reason: error`. */
function failuresOf(bus: EventBus<TestEvents>): string[] {
  const failures: string[] = [];
  bus.on("bus.listener_failed", ({ topic, reason, error }) => failures.push(`${topic} ${reason}: ${error}`));
  return failures;
}

function fail(message = "no"): never {
  throw new Error(message);
}

/** Lets everything that waits in the microtask queue run. */
async function settled(): Promise<void> {
  for (let turn = 0; turn < 20; turn++) await Promise.resolve();
}

async function codeOf(promise: Promise<unknown>): Promise<string> {
  return (await assertRejects(() => promise, KBertError)).code;
}

Deno.test("EventBus stamps events with their source, time and number", () => {
  using bus = new EventBus<TestEvents>({ source: "spam_head", now: () => 42 });
  const heard: BusEvent[] = [];
  bus.on(">", (_, event) => heard.push(event));

  bus.post("a.x", 1);
  void bus.publish("another", "b.x", 2);

  assertEquals(heard, [
    { topic: "a.x", payload: 1, source: "spam_head", time: 42, sequence: 1 },
    { topic: "b.x", payload: 2, source: "another", time: 42, sequence: 2 },
  ]);
});

Deno.test("EventBus calls listeners before emit() and post() return, by priority and then by age", () => {
  using bus = new EventBus<TestEvents>();
  const heard: string[] = [];
  bus.on("a.x", () => heard.push("first"));
  bus.on(">", () => heard.push("last"), { priority: -1 });
  bus.on("a.*", () => heard.push("second"));
  bus.on("*.x", () => heard.push("urgent"), { priority: 10 });

  bus.post("a.x", 1);
  const emitted = bus.emit("a.x", 1);

  const once = ["urgent", "first", "second", "last"];
  assertEquals(heard, [...once, ...once]);
  return emitted;
});

Deno.test("EventBus.emit() waits for listeners that return promises, which run side by side", async () => {
  using clock = fakeTime();
  using bus = new EventBus<TestEvents>();
  let running = 0;
  let most = 0;
  for (let count = 0; count < 3; count++) {
    bus.on("a.x", async () => {
      most = Math.max(most, ++running);
      await new Promise((resolve) => setTimeout(resolve, 100));
      running--;
    });
  }
  let done = false;

  bus.emit("a.x", 1).then(() => done = true);
  await clock.tickAsync(99);
  assertEquals([done, running], [false, 3]);
  await clock.tickAsync(1);

  assertEquals([done, running, most], [true, 0, 3]);
  assertEquals(clock.countTimers(), 0);
});

Deno.test("EventBus.emit() reports listeners that throw, reject or are late, and resolves", async () => {
  using clock = fakeTime();
  using bus = new EventBus<TestEvents>({ deadlineMs: 50 });
  const failures = failuresOf(bus);
  let heard = 0;
  bus.on("a.x", () => fail("threw"));
  bus.on("a.x", () => Promise.reject(new Error("rejected")));
  bus.on("a.x", () => new Promise((_, reject) => setTimeout(() => reject(new Error("later")), 60)));
  bus.on("a.x", () => heard++);

  const emitted = bus.emit("a.x", 1);
  await clock.tickAsync(1_000);
  await emitted;

  assertEquals(heard, 1);
  assertEquals(failures, [
    "a.x threw: threw",
    "a.x threw: rejected",
    "a.x late: It was not done within 50 ms",
  ]);
});

Deno.test("EventBus.emit() takes another deadline than the bus's", async () => {
  using clock = fakeTime();
  using bus = new EventBus<TestEvents>();
  bus.on("a.x", () => new Promise(() => {}));
  let done = false;

  bus.emit("a.x", 1, { deadlineMs: 7 }).then(() => done = true);
  await clock.tickAsync(7);

  assert(done);
});

Deno.test("EventBus.emit() rejects when its signal aborts, and is heard by nobody if that was before", async () => {
  using clock = fakeTime();
  using bus = new EventBus<TestEvents>();
  let heard = 0;
  bus.on("a.x", () => {
    heard++;
    return new Promise(() => {});
  });
  const controller = new AbortController();

  const pending = bus.emit("a.x", 1, { signal: controller.signal });
  controller.abort(new Error("enough"));

  assertEquals(await codeOf(pending), "event/aborted");
  assertEquals(await codeOf(bus.emit("a.x", 1, { signal: controller.signal })), "event/aborted");
  assertEquals([heard, clock.countTimers()], [1, 0]);
});

Deno.test("EventBus refuses what is no topic or pattern: emit() by rejecting, the others by throwing", async () => {
  using bus = new EventBus<Record<string, unknown>>();

  assertEquals(await codeOf(bus.emit("a.*", 1)), "event/topic");
  for (
    const wrong of [
      () => bus.post("a..b", 1),
      () => bus.publish("x", "", 1),
      () => bus.on("a.>.b", () => {}),
      () => bus.once("a b", () => {}),
      () => bus.history("*a"),
    ]
  ) assertEquals(assertThrows(wrong, KBertError).code, "event/topic");
  assertEquals(bus.listenerCount, 0);
});

Deno.test("EventBus refuses numbers that are none", async () => {
  using bus = new EventBus<TestEvents>();

  assertThrows(() => new EventBus({ deadlineMs: -1 }), RangeError);
  assertThrows(() => new EventBus({ historyLimit: 0.5 }), RangeError);
  assertThrows(() => bus.on("a.x", () => {}, { priority: NaN }), RangeError);
  assertThrows(() => bus.on("a.x", () => {}, { history: -1 }), RangeError);
  await assertRejects(() => bus.emit("a.x", 1, { deadlineMs: NaN }), RangeError);
  assertEquals(bus.listenerCount, 0);
});

Deno.test("EventBus.post() reports a listener that rejects, when it does", async () => {
  using bus = new EventBus<TestEvents>();
  const failures = failuresOf(bus);
  bus.on("a.x", async () => {
    await Promise.resolve();
    fail("later");
  });

  bus.post("a.x", 1);
  assertEquals(failures, []);
  await settled();

  assertEquals(failures, ["a.x threw: later"]);
});

Deno.test("EventBus.publish() answers a promise only if a listener did", async () => {
  using clock = fakeTime();
  using bus = new EventBus<TestEvents>({ deadlineMs: 10 });
  const failures = failuresOf(bus);
  bus.on("a.x", () => 1);
  bus.on("a.y", () => new Promise(() => {}));

  assertStrictEquals(bus.publish("x", "a.x", 1), undefined);
  const published = bus.publish("x", "a.y", 1);
  await clock.tickAsync(10);
  await published;

  assertEquals(failures, ["a.y late: It was not done within 10 ms"]);
});

Deno.test("EventBus drops what fails while a failure is heard, of whatever topic", async () => {
  using bus = new EventBus<TestEvents>();
  let heard = 0;
  bus.on("bus.listener_failed", () => {
    heard++;
    bus.post("b.x", 1);
    fail();
  });
  bus.on("bus.listener_failed", () => Promise.reject(new Error("no")));
  bus.on("b.x", () => fail());
  bus.on("a.x", () => fail());

  bus.post("a.x", 1);
  await bus.emit("a.x", 2);
  await settled();

  assertEquals(heard, 2);
});

Deno.test("EventBus survives listeners that emit to each other without end", () => {
  using bus = new EventBus<TestEvents>();
  bus.on("a.x", () => bus.post("a.y", 1));
  bus.on("a.y", () => bus.post("a.x", 1));
  const failures = failuresOf(bus);

  bus.post("a.x", 1);

  assert(failures.every((failure) => failure.includes("Maximum call stack")));
  failures.length = 0;
  bus.on("b.x", () => fail("reported again"));
  bus.post("b.x", 1);
  assertEquals(failures, ["b.x threw: reported again"]);
});

Deno.test("EventBus survives whatever a listener throws or returns", async () => {
  using bus = new EventBus<TestEvents>();
  const failures = failuresOf(bus);
  bus.on("a.x", () => {
    throw { toString: () => fail() };
  });
  bus.on("a.x", () => ({
    get then() {
      return fail("a getter");
    },
  }));
  bus.on(
    "a.x",
    () => ({ then: (_: unknown, reject: (error: Error) => void) => reject(new Error("a thenable")) }),
  );
  bus.on("a.x", () => ({ then: "no function" }));

  await bus.emit("a.x", 1);

  assertEquals(failures, [
    "a.x threw: an error that cannot be printed",
    "a.x threw: a getter",
    "a.x threw: a thenable",
  ]);
});

Deno.test("EventBus delivers an event that a listener emits before it goes on", () => {
  using bus = new EventBus<TestEvents>();
  const heard: string[] = [];
  bus.on("a.x", () => bus.post("b.x", 2));
  bus.on("*.x", (payload) => heard.push(`all ${payload}`));

  bus.post("a.x", 1);

  assertEquals(heard, ["all 2", "all 1"]);
});

Deno.test("EventBus does not call who was removed, nor who was added, while the event is delivered", () => {
  using bus = new EventBus<TestEvents>();
  const heard: string[] = [];
  bus.on("a.x", () => {
    removed[Symbol.dispose]();
    bus.on("a.x", () => heard.push("added"));
  });
  const removed = bus.on("a.x", () => heard.push("removed"));

  bus.post("a.x", 1);
  assertEquals(heard, []);
  bus.post("a.x", 2);

  assertEquals(heard, ["added"]);
});

Deno.test("EventBus.once() hears one event, also if it emits the same itself", () => {
  using bus = new EventBus<TestEvents>();
  const heard: number[] = [];
  bus.once("a.x", (payload) => {
    heard.push(payload);
    bus.post("a.x", payload + 1);
  });

  bus.post("a.x", 1);
  bus.post("a.x", 3);

  assertEquals([heard, bus.listenerCount], [[1], 0]);
});

Deno.test("EventBus.off() removes a listener of just this pattern, as often as it was added", () => {
  using bus = new EventBus<TestEvents>();
  let heard = 0;
  const listener = (): number => heard++;
  bus.on("a.x", listener);
  bus.on("a.x", listener);
  bus.on("a.*", listener);
  bus.on("a.x", () => heard++);
  bus.post("a.x", 1);
  assertEquals(heard, 4);

  bus.off("a.x", listener);
  bus.off("b.x", listener);
  bus.off("no pattern", listener);
  bus.post("a.x", 1);

  assertEquals([heard, bus.listenerCount], [6, 2]);
});

Deno.test("EventBus.on() ends with its Disposable or its signal, and then is gone from the ledger", () => {
  using bus = new EventBus<TestEvents>();
  const controller = new AbortController();
  let heard = 0;
  {
    using _listening = bus.on("a.x", () => heard++);
    bus.on("a.x", () => heard++, { signal: controller.signal });
    bus.post("a.x", 1);
    assertEquals([heard, bus.listenerCount, openThings().listeners], [2, 2, 2]);
  }
  controller.abort();
  bus.on("a.x", () => heard++, { signal: controller.signal })[Symbol.dispose]();

  bus.post("a.x", 1);

  assertEquals([heard, bus.listenerCount, openThings().listeners], [2, 0, 0]);
});

Deno.test("EventBus.on() first tells the last events that match, oldest first", () => {
  using bus = new EventBus<TestEvents>({ historyLimit: 4 });
  for (const payload of [1, 2, 3, 4, 5]) bus.post(payload === 4 ? "b.x" : "a.x", payload);
  const heard: Record<string, number[]> = { two: [], all: [], none: [] };

  bus.on("a.*", (payload) => heard.two!.push(payload), { history: 2 });
  bus.on("*.x", (payload) => heard.all!.push(payload), { history: Infinity });
  bus.on("*.x", (payload) => heard.none!.push(payload));
  bus.post("a.y", 6);

  assertEquals(heard, { two: [3, 5, 6], all: [2, 3, 4, 5], none: [] });
});

Deno.test("EventBus.on() reports what fails of the past like anything else", async () => {
  using bus = new EventBus<TestEvents>();
  const failures = failuresOf(bus);
  bus.post("a.x", 1);
  bus.post("a.y", 2);

  bus.on("a.*", (payload) => payload === 1 ? fail("now") : Promise.reject(new Error("later")), {
    history: 9,
  });
  await settled();

  assertEquals(failures, ["a.x threw: now", "a.y threw: later"]);
});

Deno.test("EventBus.once() with history is done with the oldest of the past, or waits for the first", () => {
  using bus = new EventBus<TestEvents>();
  const heard: string[] = [];
  for (const payload of [1, 2, 3]) bus.post("a.x", payload);

  bus.once("a.x", (payload) => heard.push(`a ${payload}`), { history: 2, priority: 1 });
  bus.once("b.x", (payload) => heard.push(`b ${payload}`), { history: 2, priority: 1 });
  assertEquals([heard, bus.listenerCount], [["a 2"], 1]);
  bus.post("b.x", 4);

  assertEquals([heard, bus.listenerCount], [["a 2", "b 4"], 0]);
});

Deno.test("EventBus.on() stops telling the past when its signal aborts meanwhile", () => {
  using bus = new EventBus<TestEvents>();
  for (const payload of [1, 2, 3]) bus.post("a.x", payload);
  const controller = new AbortController();
  const heard: number[] = [];

  bus.on("a.x", (payload) => {
    heard.push(payload);
    if (payload === 2) controller.abort();
  }, { history: 3, signal: controller.signal });

  assertEquals([heard, bus.listenerCount], [[1, 2], 0]);
});

Deno.test("EventBus.history() answers past events of a pattern", () => {
  using bus = new EventBus<TestEvents>({ historyLimit: 3 });
  for (const payload of [1, 2, 3, 4]) bus.post(payload % 2 ? "a.x" : "b.x", payload);

  assertEquals(bus.history("b.*").map(({ payload }) => payload), [2, 4]);
  assertEquals(bus.history(">").map(({ payload }) => payload), [2, 3, 4]);
});

Deno.test("EventBus.hasListeners() says whether anybody would hear it", () => {
  using bus = new EventBus<TestEvents>();
  const listening = bus.on("a.*", () => {});

  assertEquals(["a.x", "b.x", "a.*", ""].map((topic) => bus.hasListeners(topic)), [
    true,
    false,
    false,
    false,
  ]);
  listening[Symbol.dispose]();
  assertEquals(bus.hasListeners("a.x"), false);
});

Deno.test("EventBus that is disposed of is silent: emitting and listening do nothing", async () => {
  const bus = new EventBus<TestEvents>();
  let heard = 0;
  bus.on("a.x", () => {
    heard++;
    bus[Symbol.dispose]();
  });
  bus.on("a.x", () => heard++);
  bus.post("a.x", 1);
  assertEquals([heard, bus.listenerCount], [1, 0]);

  bus[Symbol.dispose]();
  bus.on("a.x", () => heard++, { history: 9 })[Symbol.dispose]();
  bus.once("a.x", () => heard++);
  bus.post("a.x", 2);
  await bus.emit("a.x", 3);

  assertStrictEquals(bus.publish("x", "a.x", 4), undefined);
  assertEquals([heard, bus.listenerCount, bus.history(">").length], [1, 0, 0]);
});

Deno.test("EventBus drops failures of listeners that outlive it", async () => {
  const bus = new EventBus<TestEvents>();
  bus.on("a.x", () => Promise.reject(new Error("no")));

  const emitted = bus.emit("a.x", 1);
  bus[Symbol.dispose]();

  await emitted;
});

Deno.test("EventBus.publish() keeps the time of an event that comes from elsewhere", () => {
  using bus = new EventBus({ now: () => 7 });
  const times: number[] = [];
  bus.on("plugin.crashed", (_, { time }) => times.push(time));

  bus.publish("x", "plugin.crashed", null, 3);
  bus.publish("x", "plugin.crashed", null);

  assertEquals(times, [3, 7]);
});

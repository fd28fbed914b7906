import { assertEquals, assertRejects } from "../deps/assert.ts";
import { fakeTime } from "../../core/deps/fake_timers.ts";
import { KBertError } from "../wall/errors.ts";
import { EventBus } from "./event_bus.ts";

interface TestEvents {
  "a.x": number;
  "a.y": number;
}

async function errorOf(promise: Promise<unknown>): Promise<KBertError> {
  return await assertRejects(() => promise, KBertError);
}

Deno.test("EventBus.waitFor() answers the first event that it is about", async () => {
  using bus = new EventBus<TestEvents>();
  const waiting = bus.waitFor("a.*", { where: (payload, { topic }) => payload > 1 && topic === "a.y" });

  for (const payload of [1, 2, 3]) bus.post("a.x", payload);
  for (const payload of [1, 2, 3]) bus.post("a.y", payload);

  const { topic, payload, sequence } = await waiting;
  assertEquals([topic, payload, sequence], ["a.y", 2, 5]);
  assertEquals(bus.listenerCount, 0);
});

Deno.test("EventBus.waitFor() asks the past first, if it is told to", async () => {
  using bus = new EventBus<TestEvents>();
  for (const payload of [1, 2, 3]) bus.post("a.x", payload);

  const { payload } = await bus.waitFor("a.x", { history: 2 });
  const next = bus.waitFor("a.x", { history: 3, where: (payload) => payload > 3 });
  bus.post("a.x", 4);

  assertEquals([payload, (await next).payload], [2, 4]);
  assertEquals(bus.listenerCount, 0);
});

Deno.test("EventBus.waitFor() gives up in time, and leaves nothing behind", async () => {
  using clock = fakeTime();
  using bus = new EventBus<TestEvents>();
  const waiting = errorOf(bus.waitFor("a.*", { timeoutMs: 300, signal: new AbortController().signal }));

  await clock.tickAsync(300);

  const { code, message, detail } = await waiting;
  assertEquals([code, message], ["event/timeout", "Nobody emitted a.* within 300 ms"]);
  assertEquals(detail, { topic: "a.*", timeoutMs: 300 });
  assertEquals([bus.listenerCount, clock.countTimers()], [0, 0]);
});

Deno.test("EventBus.waitFor() stops its timer when the event comes", async () => {
  using clock = fakeTime();
  using bus = new EventBus<TestEvents>();
  const waiting = bus.waitFor("a.x", { timeoutMs: 300 });

  bus.post("a.x", 1);

  assertEquals((await waiting).payload, 1);
  assertEquals(clock.countTimers(), 0);
});

Deno.test("EventBus.waitFor() is given up by its signal, before or later", async () => {
  using clock = fakeTime();
  using bus = new EventBus<TestEvents>();
  const controller = new AbortController();

  const waiting = errorOf(bus.waitFor("a.x", { signal: controller.signal, timeoutMs: 300 }));
  controller.abort("enough");
  const after = errorOf(bus.waitFor("a.x", { signal: controller.signal, history: 1 }));

  for (const { code, cause } of [await waiting, await after]) {
    assertEquals([code, cause], ["event/aborted", "enough"]);
  }
  assertEquals([bus.listenerCount, clock.countTimers()], [0, 0]);
});

Deno.test("EventBus.waitFor() rejects when the bus is disposed of, and on one that is", async () => {
  using clock = fakeTime();
  const bus = new EventBus<TestEvents>();
  const waiting = errorOf(bus.waitFor("a.x", { timeoutMs: 300 }));

  bus[Symbol.dispose]();

  const message = "Waiting for a.x on a bus that was disposed of was given up";
  for (const error of [await waiting, await errorOf(bus.waitFor("a.x"))]) {
    assertEquals([error.code, error.message], ["event/aborted", message]);
  }
  assertEquals(clock.countTimers(), 0);
});

Deno.test("EventBus.waitFor() rejects with what its predicate throws", async () => {
  using bus = new EventBus<TestEvents>();
  const waiting = bus.waitFor("a.x", {
    where: () => {
      throw new Error("no idea");
    },
  });

  bus.post("a.x", 1);

  await assertRejects(() => waiting, Error, "no idea");
  assertEquals(bus.listenerCount, 0);
});

Deno.test("EventBus.waitFor() rejects for what is no pattern or no number", async () => {
  using bus = new EventBus<TestEvents>();
  const pattern: string = "a..x";

  assertEquals((await errorOf(bus.waitFor(pattern))).code, "event/topic");
  await assertRejects(() => bus.waitFor("a.x", { timeoutMs: -1 }), RangeError);
  await assertRejects(() => bus.waitFor("a.x", { history: NaN }), RangeError);
  assertEquals(bus.listenerCount, 0);
});

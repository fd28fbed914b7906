import { fakeTime } from "../../core/deps/fake_timers.ts";
import { ChannelPair } from "../../tests/fixtures/test_port.ts";
import { EventBus } from "../bus/event_bus.ts";
import { assertEquals, assertThrows } from "../deps/assert.ts";
import { KBertError } from "../wall/errors.ts";
import { EventBridge } from "./event_bridge.ts";

Deno.test("EventBridge.dropped() tells at once, then the sum of each second, and what is left at the end", async () => {
  using clock = fakeTime();
  using bus = new EventBus();
  const told: [time: number, count: number][] = [];
  bus.on("plugin.events_dropped", ({ count }) => told.push([Date.now(), count]));
  const bridge = new EventBridge(bus, "sample", { emits: [], listens: [] });

  bridge.dropped(5);
  for (let time = 0; time < 1_500; time += 100) {
    bridge.dropped(1);
    await clock.tickAsync(100);
  }
  await clock.tickAsync(10_000);
  bridge.dropped(7);
  bridge.dropped(2);
  bridge[Symbol.dispose]();
  await clock.tickAsync(10_000);

  assertEquals(told, [[0, 5], [1_000, 10], [2_000, 5], [11_500, 7], [11_500, 2]]);
});

Deno.test("EventBridge.subscribe() takes declared patterns only, each once, and not more than a hundred", () => {
  using bus = new EventBus();
  using pair = new ChannelPair();
  using bridge = new EventBridge(bus, "sample", { emits: [], listens: ["news.*"] });

  for (let number = 0; number < 100; number++) {
    for (let time = 0; time < 2; time++) bridge.subscribe(pair.host, `news.${number}`, 0);
  }

  const undeclared = assertThrows(() => bridge.subscribe(pair.host, "news.>", 0), KBertError);
  const tooMany = assertThrows(() => bridge.subscribe(pair.host, "news.more", 0), KBertError);
  assertEquals([undeclared.code, undeclared.message], [
    "event/topic",
    "The plugin sample cannot listen to news.>: plugin.yaml does not declare it under events.listens",
  ]);
  assertEquals(
    tooMany.message,
    "The plugin sample cannot listen to news.more: it listens to 100 patterns already, which is the limit",
  );
  assertEquals(bus.listenerCount, 100);
  bridge.unsubscribe("news.7");
  bridge.unsubscribe("news.7");
  bridge.subscribe(pair.host, "news.more", 0);
  assertEquals(bus.listenerCount, 100);
});

Deno.test("EventBridge.receive() says of no topic twice that it is refused, and of at most a hundred", () => {
  using bus = new EventBus({ historyLimit: 0 });
  const refused: string[] = [];
  bus.on("plugin.event_refused", ({ topic }) => refused.push(topic));
  using bridge = new EventBridge(bus, "sample", { emits: ["declared"], listens: [] });

  for (let number = 0; number < 1_000; number++) {
    bridge.receive([{ topic: "declared", payload: 1 }, { topic: `other.${number >> 1}`, payload: 1 }]);
  }

  assertEquals(refused, Array.from({ length: 100 }, (_, index) => `other.${index}`));
});

Deno.test("EventBridge.receive() takes turns when listeners are slow, and keeps the order over all frames", async () => {
  using clock = fakeTime();
  using bus = new EventBus({ historyLimit: 0 });
  using bridge = new EventBridge(bus, "sample", { emits: ["declared"], listens: [] });
  const heard: unknown[] = [];
  bus.on("declared" as string, (payload) => {
    heard.push(payload);
    clock.tick(1); // each takes a millisecond
  });
  const frame = (from: number) =>
    Array.from({ length: 40 }, (_, index) => ({ topic: "declared", payload: from + index }));

  const first = bridge.receive(frame(0));
  const afterFirstTurn = heard.length;
  const second = bridge.receive(frame(40));
  await clock.runAllAsync();
  await Promise.all([first, second]);

  assertEquals(afterFirstTurn < 40, true);
  assertEquals(heard, Array.from({ length: 80 }, (_, index) => index));
});

Deno.test("EventBridge.receive() lets no frame wait for the listeners of the one before", async () => {
  using bus = new EventBus({ historyLimit: 0, deadlineMs: 1 });
  using bridge = new EventBridge(bus, "sample", { emits: ["declared"], listens: [] });
  const heard: unknown[] = [];
  bus.on("declared" as string, (payload) => {
    heard.push(payload);
    return new Promise(() => {});
  });

  const first = bridge.receive([{ topic: "declared", payload: 1 }]);
  const second = bridge.receive([{ topic: "declared", payload: 2 }]);

  assertEquals(heard, [1, 2]);
  await Promise.all([first, second]); // after their deadline
});

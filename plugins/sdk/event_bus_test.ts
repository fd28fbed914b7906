import { assertEquals, assertRejects } from "../../core/deps/assert.ts";
import { Channel } from "../../core/wall/channel.ts";
import { KBertError } from "../../core/wall/errors.ts";
import { framePortPair } from "../../core/wall/frame.ts";
import type { WireValue } from "../../core/wall/values.ts";
import { EventBus } from "./event_bus.ts";

Deno.test("EventBus.emit() passes the events of one turn on together, in order", async () => {
  const batches: string[][] = [];
  const bus = new EventBus((events) => void batches.push(events.map(({ topic }) => topic)));

  const first = [bus.emit("a"), bus.emit("b")];
  await Promise.all(first);
  await bus.emit("c");

  assertEquals(batches, [["a", "b"], ["c"]]);
});

Deno.test("EventBus.emit() sends null when there is no payload", async () => {
  const payloads: WireValue[] = [];
  const bus = new EventBus((events) => payloads.push(...events.map(({ payload }) => payload)));

  await bus.emit("a");

  assertEquals(payloads, [null]);
});

Deno.test("EventBus.emit() keeps an event for the next batch that is emitted while one is sent", async () => {
  const batches: string[][] = [];
  const bus: EventBus = new EventBus((events) => {
    batches.push(events.map(({ topic }) => topic));
    if (batches.length === 1) void bus.emit("b");
  });

  await bus.emit("a");
  await Promise.resolve();

  assertEquals(batches, [["a"], ["b"]]);
});

Deno.test("EventBus.emit() rejects for the event that cannot cross, and the others do", async () => {
  const [here, there] = framePortPair();
  const heard: string[] = [];
  const done = Promise.withResolvers<void>();
  using _host = new Channel(here, {
    peer: "The plugin x",
    onEvent: (topic) => heard.push(topic) === 4 && done.resolve(),
  });
  using plugin = new Channel(there, { peer: "the host" });
  const bus = new EventBus((events) => plugin.events(events));

  const emitted = ["a", "b", "bad", "c", "d"].map((topic) =>
    bus.emit(topic, topic === "bad" ? (() => 1) as unknown as WireValue : topic)
  );

  const error = await assertRejects(() => emitted[2]!, KBertError, "function");
  await Promise.all(emitted.toSpliced(2, 1));
  await done.promise;
  assertEquals([error.code, heard], ["wall/frame", ["a", "b", "c", "d"]]);
});

Deno.test("EventBus.emit() spreads more over several messages than one holds", async () => {
  const [here, there] = framePortPair();
  const heard: number[] = [];
  const done = Promise.withResolvers<void>();
  using _host = new Channel(here, {
    peer: "The plugin x",
    onEvent: (_topic, payload) => heard.push((payload as [number])[0]) === 2_500 && done.resolve(),
  });
  using plugin = new Channel(there, { peer: "the host" });
  const bus = new EventBus((events) => plugin.events(events));

  const emitted = Array.from({ length: 2_500 }, (_, index) => bus.emit("a", [index, "x".repeat(1_000)]));
  await Promise.all([...emitted, done.promise]);

  assertEquals(heard, Array.from({ length: 2_500 }, (_, index) => index));
});

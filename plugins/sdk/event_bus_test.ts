import { NO_PERMISSIONS } from "../../core/security/permissions.ts";
import type { BusEvent } from "../../core/bus/event.ts";
import { EventBus as HostBus } from "../../core/bus/event_bus.ts";
import { assert, assertEquals, assertRejects, assertThrows } from "../../core/deps/assert.ts";
import { capabilityApi } from "../../core/plugins/capabilities/index.ts";
import { EventBridge } from "../../core/plugins/event_bridge.ts";
import { serveHostApi } from "../../core/plugins/host_api.ts";
import { Channel, type ChannelOptions, type WireEvent } from "../../core/wall/channel.ts";
import { KBertError } from "../../core/wall/errors.ts";
import { framePortPair } from "../../core/wall/frame.ts";
import { hostLink } from "../../workers/host_link.ts";
import { EventBus } from "./event_bus.ts";

/** Topics of the tests. */
interface Topics {
  readonly a: unknown;
  readonly b: unknown;
  readonly c: unknown;
  readonly "news.here": number;
  readonly "news.there": number;
  readonly "log.info": unknown;
}

type Bus = EventBus<Topics>;

/** A plugin's bus with a way to a host, which is the test. */
class Connected implements Disposable {
  readonly host: Channel;
  readonly plugin: Channel;
  readonly bus: Bus;
  /** Topics of the events of each message that came to the host. */
  readonly batches: string[][] = [];
  readonly events: WireEvent[] = [];
  /** What the plugin asked the host for. */
  readonly asked: string[] = [];

  constructor(options: Partial<ChannelOptions> = {}, listens: readonly string[] = []) {
    const [here, there] = framePortPair();
    this.host = new Channel(here, {
      peer: "The plugin x",
      plugin: "x",
      serve: ({ method, args }) => void this.asked.push([method, ...args].join(" ")) as undefined,
      ...options,
      onEvents: (events) => {
        this.batches.push(events.map(({ topic }) => topic));
        this.events.push(...events);
        return options.onEvents?.(events);
      },
    });
    this.plugin = new Channel(there, {
      peer: "the host",
      side: "plugin",
      onEvents: (events) => link.deliver(events),
    });
    const link = hostLink(this.plugin);
    this.bus = link.connect({ listens, services: [] }).eventBus as unknown as Bus;
  }

  /** Resolves when everything that was sent to the host until now is there. */
  async arrived(): Promise<void> {
    await this.plugin.call("arrived", []);
    this.asked.splice(this.asked.indexOf("arrived"), 1);
  }

  [Symbol.dispose](): void {
    this.bus[Symbol.dispose]();
    this.host.close();
    this.plugin.close();
  }
}

/** A plugin's bus and the host's, with a real bridge between. */
class Bridged implements Disposable {
  readonly hostBus = new HostBus<Topics>();
  readonly channel: Channel;
  readonly bridge: EventBridge;
  readonly bus: Bus;
  readonly #plugin: Channel;

  constructor(listens: readonly string[], emits: readonly string[] = []) {
    const [here, there] = framePortPair();
    this.bridge = new EventBridge(this.hostBus as unknown as HostBus, "x", { listens, emits });
    this.channel = new Channel(here, {
      peer: "The plugin x",
      plugin: "x",
      serve: (call) =>
        serveHostApi(
          {
            ...capabilityApi("x", NO_PERMISSIONS),
            "events.subscribe": ([pattern, history]) =>
              void this.bridge.subscribe(this.channel, pattern, history) as undefined,
            "events.unsubscribe": ([pattern]) => void this.bridge.unsubscribe(pattern) as undefined,
            "service.call": () => undefined,
          },
          "x",
          call,
        ),
      onEvents: (events) => this.bridge.receive(events),
    });
    this.#plugin = new Channel(there, {
      peer: "the host",
      side: "plugin",
      serve: () => undefined,
      onEvents: (events) => link.deliver(events),
    });
    const link = hostLink(this.#plugin);
    this.bus = link.connect({ listens, services: [] }).eventBus as unknown as Bus;
  }

  /** Resolves when everything that either side sent until now has arrived. */
  async settled(): Promise<void> {
    await this.#plugin.call("nothing", []).catch(() => {});
    await this.channel.call("nothing", []);
  }

  [Symbol.dispose](): void {
    this.bus[Symbol.dispose]();
    this.bridge[Symbol.dispose]();
    this.channel.close();
    this.#plugin.close();
    this.hostBus[Symbol.dispose]();
  }
}

Deno.test("EventBus.emit() passes the events of one turn on together, in order", async () => {
  using connected = new Connected();
  const { bus, batches } = connected;

  await Promise.all([bus.emit("a", 1), bus.emit("b", 2)]);
  await bus.emit("c", 3);
  await connected.arrived();

  assertEquals(batches, [["a", "b"], ["c"]]);
});

Deno.test("EventBus.emit() keeps an event for the next message that is emitted when one is sent", async () => {
  using connected = new Connected();
  const { bus, batches } = connected;

  await bus.emit("a", 1).then(() => bus.emit("b", 2));
  await connected.arrived();

  assertEquals(batches, [["a"], ["b"]]);
});

Deno.test("EventBus.emit() passes the payload on, also that there is none", async () => {
  using connected = new Connected();
  const { bus, events } = connected;

  await bus.emit("a", undefined);
  await bus.emit("a", { list: [1, null, "x"], bytes: Uint8Array.of(1, 2) });
  await connected.arrived();

  assertEquals(events, [
    { topic: "a", payload: undefined },
    { topic: "a", payload: { list: [1, null, "x"], bytes: Uint8Array.of(1, 2) } },
  ]);
});

Deno.test("EventBus.emit() rejects for the event that cannot cross, and the others do", async () => {
  using connected = new Connected();
  const { bus, events } = connected;
  const payloads = ["a", "b", () => 1, "c", "d"];

  const emitted = payloads.map((payload) => bus.emit("a", payload));

  const error = await assertRejects(() => emitted[2]!, KBertError, "function");
  await Promise.all(emitted.toSpliced(2, 1));
  await connected.arrived();
  assertEquals([error.code, events.map(({ payload }) => payload)], ["wall/frame", ["a", "b", "c", "d"]]);
});

Deno.test("EventBus.emit() spreads more over several messages than one holds, in order", async () => {
  using connected = new Connected();
  const { bus, events } = connected;

  await Promise.all(
    Array.from({ length: 2_500 }, (_, index) => bus.emit("a", [index, "x".repeat(1_000)])),
  );
  await connected.arrived();

  assert(connected.batches.length > 5);
  assertEquals(
    events.map(({ payload }) => (payload as [number])[0]),
    Array.from({ length: 2_500 }, (_, index) => index),
  );
});

Deno.test("EventBus.emit() waits while the host has enough to do", async () => {
  const isDone = Promise.withResolvers<void>();
  using connected = new Connected({ onEvents: () => isDone.promise });
  const { bus, events } = connected;
  let sent = 0;

  const emitted = Array.from({ length: 1_500 }, (_, index) => bus.emit("a", index).then(() => sent++));
  await connected.arrived();
  const before = [sent, events.length];
  isDone.resolve();
  await Promise.all(emitted);
  await connected.arrived();

  assertEquals(before, [1_000, 1_000]);
  assertEquals([sent, events.length], [1_500, 1_500]);
});

Deno.test("EventBus.emit() rejects when the way to the host is gone", async () => {
  const isDone = Promise.withResolvers<void>();
  using connected = new Connected({ onEvents: () => isDone.promise });
  const emitted = Array.from({ length: 1_001 }, (_, index) => connected.bus.emit("a", index));

  connected.plugin.close();

  const error = await assertRejects(() => emitted.at(-1)!, KBertError);
  assertEquals(error.code, "plugin/closed");
  await Promise.allSettled(emitted);
  isDone.resolve();
});

Deno.test("EventBus.post() never waits: without room events are dropped, counted, and told of once", async () => {
  const isDone = Promise.withResolvers<void>();
  const dropped: number[] = [];
  using connected = new Connected({
    onEvents: () => isDone.promise,
    onDropped: (count) => dropped.push(count),
  });
  const { bus, events } = connected;

  for (let index = 0; index < 5_000; index++) bus.post("a", index);
  await connected.arrived();
  const before = events.length;
  isDone.resolve();
  await bus.emit("b", "after all of them");
  await connected.arrived();

  assertEquals([before, dropped], [1_000, [3_000]]);
  // Those that were sent, those that had room to wait, and the one after them.
  assertEquals(events.map(({ payload }) => payload), [...Array(2_000).keys(), "after all of them"]);
});

Deno.test("EventBus.emit() and post() refuse what is no topic, with a link and without", async (t) => {
  using connected = new Connected();
  using alone = new EventBus<Topics>();
  const topics = ["", "two words", "a.*", ">", "a..b", "\u001b[2J", "x".repeat(129)] as unknown as ["a"];

  for (const [name, bus] of [["with", connected.bus], ["without", alone]] as const) {
    await t.step(name, async () => {
      for (const topic of topics) {
        const emitted = await assertRejects(() => bus.emit(topic, 1), KBertError);
        const posted = assertThrows(() => bus.post(topic, 1), KBertError);
        assertEquals([emitted.code, posted.code], ["event/topic", "event/topic"]);
      }
    });
  }
  assertEquals(connected.batches, []);
});

Deno.test("EventBus.on() asks the host once for each pattern, and tells it when nobody listens any more", async () => {
  using connected = new Connected({}, ["news.>"]);
  const { bus, asked } = connected;

  const first = bus.on("news.here", () => {});
  const second = bus.on("news.here", () => {});
  const other = bus.on("news.*", () => {}, { history: 7 });
  first[Symbol.dispose]();
  first[Symbol.dispose]();
  await connected.arrived();
  const before = [...asked];
  second[Symbol.dispose]();
  other[Symbol.dispose]();
  const again = bus.on("news.here", () => {}, { history: Infinity });
  again[Symbol.dispose]();
  await connected.arrived();

  assertEquals(before, ["events.subscribe news.here 0", "events.subscribe news.* 7"]);
  assertEquals(asked.slice(2), [
    "events.unsubscribe news.here",
    "events.unsubscribe news.*",
    "events.subscribe news.here 1000",
    "events.unsubscribe news.here",
  ]);
});

Deno.test("EventBus.on() refuses what plugin.yaml does not declare, and asks the host for nothing", async () => {
  using connected = new Connected({}, ["news.*", "a"]);
  const { bus, asked } = connected;
  const undeclared = ["b", ">", "*", "news.>", "*.here", "news", "news.here.too"] as unknown as ["b"];

  for (const pattern of undeclared) {
    const message = `Cannot listen to ${pattern}: declare it in plugin.yaml under events.listens`;
    const error = assertThrows(() => bus.on(pattern, () => {}), KBertError, message);
    assertEquals([error.code, error.detail], ["event/topic", { topic: pattern }]);
  }
  await connected.arrived();

  assertEquals([bus.listenerCount, asked], [0, []]);
});

Deno.test("EventBus.once() and waitFor() hear an event of the host, and then do not listen any more", async () => {
  using bridged = new Bridged(["news.*"]);
  const { bus, hostBus } = bridged;
  const heard: unknown[] = [];
  bus.once("news.here", (payload) => heard.push(payload));
  const waiting = bus.waitFor("news.there", { where: (payload) => payload > 1 });
  await bridged.settled();

  for (const payload of [1, 2, 3]) {
    hostBus.post("news.here", payload);
    hostBus.post("news.there", payload);
  }

  const { source, payload } = await waiting;
  await bridged.settled();
  assertEquals([heard, source, payload], [[1], "host", 2]);
  assertEquals([bus.listenerCount, hostBus.listenerCount], [0, 0]);
});

Deno.test("EventBus hears an event once, however many of its patterns match, and never its own", async () => {
  using bridged = new Bridged(["news.*"], ["news.there"]);
  const { bus, hostBus } = bridged;
  const heard: [string, BusEvent][] = [];
  bus.on("news.*", (_payload, event) => heard.push(["any", event]));
  bus.on("news.here", (_payload, event) => heard.push(["here", event]));
  await bridged.settled();

  await bus.emit("news.there", 1);
  await bridged.settled();
  await hostBus.publish("another_plugin", "news.here", 2);
  await bridged.settled();

  assertEquals(heard.map(([name, { topic, payload, source }]) => [name, topic, payload, source]), [
    ["any", "news.here", 2, "another_plugin"],
    ["here", "news.here", 2, "another_plugin"],
  ]);
});

Deno.test("EventBus.on() with a history hears events of the past, each once", async () => {
  using bridged = new Bridged(["news.*"]);
  const { bus, hostBus } = bridged;
  for (const payload of [1, 2, 3]) hostBus.post("news.here", payload);
  hostBus.post("news.there", 4);
  const heard: unknown[] = [];

  bus.on("news.here", (payload) => heard.push(payload), { history: 2 });
  await bridged.settled();
  const first = heard.splice(0);
  bus.on("news.*", (payload) => heard.push(payload), { history: 3 });
  await bridged.settled();

  assertEquals(first, [2, 3]);
  assertEquals(heard, [2, 3, 4]);
});

Deno.test("EventBus makes the host's emit() wait while the plugin has enough to do, and loses telemetry", async () => {
  using bridged = new Bridged(["a", "log.info"]);
  const { bus, hostBus } = bridged;
  const isDone = Promise.withResolvers<void>();
  const heard: [topic: string, payload: unknown][] = [];
  bus.on("a", (payload) => (heard.push(["a", payload]), isDone.promise));
  bus.on("log.info", (payload) => heard.push(["log.info", payload]));
  await bridged.settled();
  let emitted = 0;

  const waiting = Array.from({ length: 1_001 }, (_, index) => hostBus.emit("a", index).then(() => emitted++));
  for (let index = 0; index < 5_000; index++) hostBus.post("log.info", index);
  await bridged.settled();
  const before = emitted;
  isDone.resolve();
  await Promise.all(waiting);
  await bridged.settled();
  await bridged.settled();

  assertEquals([before, emitted], [1_000, 1_001]);
  assertEquals(heard.filter(([topic]) => topic === "a").length, 1_001);
  const lines = heard.filter(([topic]) => topic === "log.info").length;
  assert(lines > 0 && lines < 1_100, `${lines} lines arrived`);
});

Deno.test("EventBus without a link is a bus of its own: emit() waits for its listeners", async () => {
  using bus = new EventBus<Topics>();
  const heard: unknown[] = [];
  bus.on("a", async (payload, { source }) => {
    await Promise.resolve();
    heard.push([payload, source]);
  });
  bus.on("news.*", (payload) => heard.push(payload));

  await bus.emit("a", 1);
  bus.post("news.here", 2);

  assertEquals(heard, [[1, "plugin"], 2]);
});

Deno.test("EventBus.emit() and on() know the topics and their payloads", () => {
  using bus = new EventBus();
  const typed = (): void => {
    // @ts-expect-error: there is no such topic
    void bus.emit("head.forward_strat", {});
    // @ts-expect-error: a field is missing
    bus.post("head.forward_start", { head_type: "SpamHead" });
    // @ts-expect-error: no topic matches
    bus.on("heads.*", () => {});
    bus.on("callback.*", ({ callback }) => callback.length);
  };

  assert(typeof typed === "function");
});

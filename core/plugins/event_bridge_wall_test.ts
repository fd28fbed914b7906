/**
 * The bridge over a real channel: what arrives on either side, and who waits when one of them is slow.
 *
 * @module
 */
import { assert, assertEquals } from "../deps/assert.ts";
import { fakeTime } from "../../core/deps/fake_timers.ts";
import { delivered } from "../../tests/fixtures/fake_plugin.ts";
import { ChannelPair, until } from "../../tests/fixtures/test_port.ts";
import type { BusEvent } from "../bus/event.ts";
import { EventBus } from "../bus/event_bus.ts";
import type { WireEvent } from "../wall/options.ts";
import { EventBridge } from "./event_bridge.ts";

/** A bus, a plugin named "sample", and what each side hears. */
class Bridged implements Disposable {
  readonly bus = new EventBus({ now: () => 1_000 });
  /** What the bus carried. */
  readonly heard: BusEvent[] = [];
  /** What arrived in the plugin. */
  readonly arrived: WireEvent[] = [];
  readonly bridge: EventBridge;
  readonly wall: ChannelPair;

  constructor(
    { emits = [], listens = [] }: { emits?: string[]; listens?: string[] } = {},
    onEvents?: () => Promise<void>,
  ) {
    this.bus.on(">", (_payload, event) => void this.heard.push(event));
    this.bridge = new EventBridge(this.bus, "sample", { emits, listens });
    this.wall = new ChannelPair({ onEvents: (events) => this.bridge.receive(events) }, {
      onEvents: (events) => {
        this.arrived.push(...events);
        return onEvents?.();
      },
    });
  }

  subscribe(pattern: string, history = 0): void {
    this.bridge.subscribe(this.wall.host, pattern, history);
  }

  /** Topics that were heard, but for those of the bridge itself. */
  get topics(): string[] {
    return this.heard.map(({ topic }) => topic).filter((topic) => topic !== "plugin.event_refused");
  }

  get refused(): unknown[] {
    return this.heard.filter(({ topic }) => topic === "plugin.event_refused").map(({ payload }) => payload);
  }

  [Symbol.dispose](): void {
    this.bridge[Symbol.dispose]();
    this.wall[Symbol.dispose]();
    this.bus[Symbol.dispose]();
  }
}

Deno.test("EventBridge stamps what a plugin emits with who and when, whatever it says itself", async () => {
  using bridged = new Bridged({ emits: ["sample.done"] });
  const payload = { source: "host", time: 0 };

  await bridged.wall.plugin.emit({ topic: "sample.done", payload, source: "host", time: 5 });
  await until(() => bridged.heard.length === 1);

  assertEquals(bridged.heard, [
    { topic: "sample.done", payload, source: "sample", time: 1_000, sequence: 1 },
  ]);
});

Deno.test("EventBridge drops what is not declared or no topic, and passes the rest of the message on", async () => {
  using bridged = new Bridged({ emits: ["sample.done"] });
  const topics = ["sample.secret", "sample.secret", "plugin.activated", "log.\u001b[2J", "sample.done"];

  const payload = { message: "", fields: {} };
  await Promise.all(topics.map((topic) => bridged.wall.plugin.emit({ topic, payload })));
  await until(() => bridged.topics.length === 1);

  assertEquals(bridged.topics, ["sample.done"]);
  const reason = "plugin.yaml does not declare it under events.emits";
  assertEquals(bridged.refused, [
    { plugin_name: "sample", topic: "sample.secret", reason },
    { plugin_name: "sample", topic: "plugin.activated", reason },
    { plugin_name: "sample", topic: "log.\\u001b[2J", reason: "it is no topic" },
  ]);
});

Deno.test("EventBridge passes log lines and measurements undeclared, in their form only", async () => {
  using bridged = new Bridged();
  const { plugin } = bridged.wall;

  plugin.post({ topic: "log.info", payload: { message: "\u001b[2J", fields: {} } });
  plugin.post({ topic: "log.info", payload: "a text" });
  plugin.post({ topic: "metrics.recorded", payload: { name: "a", kind: "gauge", value: 1, unit: "" } });
  await until(() => bridged.topics.length === 2);

  assertEquals(bridged.heard[0]?.payload, { message: "\\u001b[2J", fields: {} });
  assertEquals([bridged.topics, bridged.refused.length], [["log.info", "metrics.recorded"], 1]);
});

Deno.test("EventBridge passes on what the plugin listens to, with source and time, never its own", async () => {
  using bridged = new Bridged({ emits: ["news.own"], listens: ["news.>"] });
  bridged.subscribe("news.*");

  await bridged.wall.plugin.emit({ topic: "news.own", payload: 1 });
  await until(() => bridged.topics.includes("news.own"));
  await bridged.bus.publish("other", "news.a", { n: 1 });
  await bridged.bus.publish("host", "news.b.deep", 2);
  await bridged.bus.publish("host", "news.c", 3);
  await until(() => bridged.arrived.length === 2);

  assertEquals(bridged.arrived, [
    { topic: "news.a", payload: { n: 1 }, source: "other", time: 1_000 },
    { topic: "news.c", payload: 3, source: "host", time: 1_000 },
  ]);
});

Deno.test("EventBridge sends an event once, however many patterns match it, until none does", async () => {
  using bridged = new Bridged({ listens: [">"] });
  for (const pattern of ["news.a", "news.*", ">"]) bridged.subscribe(pattern);

  await bridged.bus.publish("host", "news.a", 1);
  bridged.bridge.unsubscribe("news.a");
  bridged.bridge.unsubscribe(">");
  await bridged.bus.publish("host", "news.a", 2);
  await bridged.bus.publish("host", "other", 3);
  await until(() => bridged.arrived.length >= 2);
  await delivered();

  assertEquals(bridged.arrived.map(({ payload }) => payload), [1, 2]);
});

Deno.test("EventBridge.subscribe() tells of the past first, as far as it was asked", async () => {
  using bridged = new Bridged({ listens: ["news.*"] });
  for (const payload of [1, 2, 3]) await bridged.bus.publish("host", "news.a", payload);

  bridged.subscribe("news.*", 2);
  await bridged.bus.publish("host", "news.a", 4);
  await until(() => bridged.arrived.length === 3);

  assertEquals(bridged.arrived.map(({ payload }) => payload), [2, 3, 4]);
});

Deno.test("EventBridge[Symbol.dispose]() ends all subscriptions", () => {
  using bridged = new Bridged({ listens: ["news.*"] });
  const before = bridged.bus.listenerCount;
  bridged.subscribe("news.a");
  bridged.subscribe("news.b");

  bridged.bridge[Symbol.dispose]();

  assertEquals(bridged.bus.listenerCount, before);
});

Deno.test("EventBridge makes emit wait for a slow plugin, and drops telemetry for it", async () => {
  const gate = Promise.withResolvers<void>();
  using bridged = new Bridged({ listens: ["news.*", "log.*"] }, () => gate.promise);
  bridged.subscribe("news.*");
  bridged.subscribe("log.*");

  // A window of a thousand events is under way, and the plugin is done with none of them.
  for (let index = 0; index < 1_000; index++) await bridged.bus.publish("host", "news.a", index);
  let isSent = false;
  const late = bridged.bus.publish("host", "news.late", 0)?.then(() => isSent = true);
  for (let index = 0; index < 3_000; index++) bridged.bus.post("log.info", { message: "", fields: {} });
  await delivered();
  assertEquals([isSent, bridged.arrived.length], [false, 1_000]);

  gate.resolve();
  await late;
  await until(() => bridged.arrived.filter(({ topic }) => topic === "log.info").length >= 900);
  await delivered();

  const lines = bridged.arrived.filter(({ topic }) => topic === "log.info").length;
  assertEquals(isSent, true);
  assert(lines <= 1_000, `${lines} lines were kept`);
});

Deno.test("EventBridge does not hold the host longer than the bus waits for a listener", async () => {
  using clock = fakeTime();
  using bridged = new Bridged({ listens: ["news.*"] }, () => new Promise(() => {}));
  bridged.subscribe("news.*");
  for (let index = 0; index < 1_000; index++) await bridged.bus.publish("host", "news.a", index);

  const emitted = bridged.bus.publish("host", "news.late", 0);
  await clock.tickAsync(5_000);
  await emitted;

  assertEquals(bridged.heard.at(-1)?.topic, "bus.listener_failed");
});

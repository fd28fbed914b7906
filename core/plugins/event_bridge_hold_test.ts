/**
 * The bridges of two versions of a plugin while one takes over from the other: each event is heard by one of them.
 *
 * @module
 */
import { fakeTime } from "../../core/deps/fake_timers.ts";
import { delivered } from "../../tests/fixtures/fake_plugin.ts";
import { ChannelPair, until } from "../../tests/fixtures/test_port.ts";
import { EventBus } from "../bus/event_bus.ts";
import { assertEquals } from "../deps/assert.ts";
import type { WireEvent } from "../wall/options.ts";
import { EVENT_WINDOW } from "../wall/protocol.ts";
import { EventBridge } from "./event_bridge.ts";

/** One version of the plugin `sample`, which hears `news.*` and log lines, and says `sample.*`. */
class Version implements Disposable {
  readonly arrived: WireEvent[] = [];
  readonly bridge: EventBridge;
  readonly wall: ChannelPair;

  /** @param onEvents what it does with each batch of events; it is sent no more than a window before that is done */
  constructor(bus: EventBus, isStandby = false, onEvents: () => void | Promise<void> = () => {}) {
    const declared = { emits: ["sample.said", "sample.more"], listens: ["news.>", "log.*"] };
    this.bridge = new EventBridge(bus, "sample", declared, isStandby);
    this.wall = new ChannelPair({ onEvents: (events) => this.bridge.receive(events) }, {
      onEvents: (events) => {
        this.arrived.push(...events);
        return onEvents();
      },
    });
  }

  subscribe(pattern = "news.*", history = 0): this {
    this.bridge.subscribe(this.wall.host, pattern, history);
    return this;
  }

  /** Payloads of what arrived. */
  get heard(): unknown[] {
    return this.arrived.map(({ payload }) => payload);
  }

  [Symbol.dispose](): void {
    this.bridge[Symbol.dispose]();
    this.wall[Symbol.dispose]();
  }
}

/** Publishes these, in order; answers how many of them nobody waits for any more. */
function publish(bus: EventBus, ...payloads: unknown[]): { readonly done: number } {
  const published = { done: 0 };
  for (const payload of payloads) {
    const sent = bus.publish("host", "news.a", payload) ?? Promise.resolve();
    void sent.then(() => published.done++);
  }
  return published;
}

Deno.test("EventBridge on standby passes on what is past, and nothing that comes", async () => {
  using bus = new EventBus();
  publish(bus, 1, 2, 3);
  using standby = new Version(bus, true).subscribe("news.*", 2);

  publish(bus, 4);
  await delivered();

  assertEquals(standby.heard, [2, 3]);
});

Deno.test("EventBridge.hold() lets events wait, and those who emit them; release() sends them in order", async () => {
  using bus = new EventBus();
  using version = new Version(bus).subscribe().subscribe("log.*");

  publish(bus, 1);
  version.bridge.hold();
  const held = publish(bus, 2, 3);
  bus.post("log.info", { message: "4", fields: {} });
  version.bridge.hold(); // twice is harmless
  await delivered();
  assertEquals([version.heard, held.done], [[1], 0]);

  version.bridge.release();
  publish(bus, 5);
  await until(() => held.done === 2);
  await delivered();

  assertEquals(version.heard, [1, 2, 3, { message: "4", fields: {} }, 5]);
});

Deno.test("EventBridge passes each event to one of two versions, whichever serves in the end", async (t) => {
  for (const winner of ["fresh", "old"] as const) {
    await t.step(`the ${winner} one`, async () => {
      using bus = new EventBus();
      using old = new Version(bus).subscribe();
      publish(bus, 1);
      using fresh = new Version(bus, true).subscribe();
      publish(bus, 2);
      for (const { bridge } of [old, fresh]) bridge.hold();
      const held = publish(bus, 3, 4);

      const [goesOn, ends] = winner === "fresh" ? [fresh, old] : [old, fresh];
      goesOn.bridge.release();
      ends.bridge.stop();
      publish(bus, 5);
      await until(() => held.done === 2);
      await delivered();

      assertEquals(
        [old.heard, fresh.heard],
        winner === "fresh" ? [[1, 2], [3, 4, 5]] : [[1, 2, 3, 4, 5], []],
      );
    });
  }
});

Deno.test("EventBridge lets both versions hear what comes while they are compared, and one what comes then", async () => {
  using bus = new EventBus();
  using old = new Version(bus).subscribe();
  using fresh = new Version(bus, true).subscribe();
  for (const { bridge } of [old, fresh]) bridge.hold();
  publish(bus, 1);
  for (const { bridge } of [old, fresh]) bridge.release();
  publish(bus, 2);
  for (const { bridge } of [old, fresh]) bridge.hold();
  publish(bus, 3);
  fresh.bridge.release();
  old.bridge.stop();
  publish(bus, 4);
  await delivered();

  assertEquals([old.heard, fresh.heard], [[1, 2], [1, 2, 3, 4]]);
});

Deno.test("EventBridge holds an event once, however many patterns match it", async () => {
  using bus = new EventBus();
  using version = new Version(bus).subscribe("news.a").subscribe("news.*").subscribe("news.>");
  version.bridge.hold();

  publish(bus, 1);
  version.bridge.unsubscribe("news.a");
  version.bridge.release();
  await delivered();

  assertEquals(version.heard, [1]);
});

Deno.test("EventBridge.stop() and dispose send nothing that waits, and let nobody wait for it", async (t) => {
  for (const end of ["stop", "dispose"] as const) {
    await t.step(end, async () => {
      using bus = new EventBus();
      using version = new Version(bus).subscribe();
      version.bridge.hold();
      const held = publish(bus, 1, 2);

      if (end === "stop") version.bridge.stop();
      else version.bridge[Symbol.dispose]();
      publish(bus, 3);
      version.bridge.release();
      await until(() => held.done === 2);
      await delivered();

      assertEquals(version.heard, []);
    });
  }
});

Deno.test("EventBridge drops telemetry that finds no room while it waits, and tells how much", () => {
  using bus = new EventBus({ historyLimit: 0 });
  const dropped: number[] = [];
  bus.on("plugin.events_dropped", ({ count }) => dropped.push(count));
  using version = new Version(bus).subscribe("log.*").subscribe();
  version.bridge.hold();

  for (let index = 0; index < EVENT_WINDOW + 3; index++) bus.post("log.info", { message: "", fields: {} });
  publish(bus, "kept");
  version.bridge.release();
  version.bridge[Symbol.dispose]();

  assertEquals(dropped, [1, 2]); // at once, and the rest when it ends
});

Deno.test("EventBridge.mute() lets nobody hear a plugin, until unmute()", async () => {
  using bus = new EventBus();
  const heard: unknown[] = [];
  bus.on("sample.said" as string, (payload) => heard.push(payload));
  using version = new Version(bus, true);
  const say = (payload: number): Promise<void> => version.wall.plugin.emit({ topic: "sample.said", payload });

  version.bridge.mute();
  await say(1);
  await delivered();
  version.bridge.unmute();
  await say(2);
  await delivered();

  assertEquals(heard, [2]);
});

Deno.test("EventBridge.settled() and published() wait until what a plugin said was published, in however many turns", async () => {
  using clock = fakeTime();
  using bus = new EventBus({ historyLimit: 0 });
  using bridge = new EventBridge(bus, "sample", { emits: ["sample.said"], listens: [] });
  const heard: unknown[] = [];
  bus.on("sample.said" as string, (payload) => {
    heard.push(payload);
    clock.tick(1); // each takes a millisecond, and a turn has eight
  });
  const frame = (from: number): WireEvent[] =>
    Array.from({ length: 40 }, (_, index) => ({ topic: "sample.said", payload: from + index }));
  void bridge.receive(frame(0));
  void bridge.receive(frame(40));
  const heardAtTheEnd = [0, 0];
  const settled = bridge.settled().then(() => heardAtTheEnd[0] = heard.length);
  const published = bridge.published().then(() => heardAtTheEnd[1] = heard.length);
  assertEquals(heard.length < 40, true);

  await clock.runAllAsync();
  await Promise.all([settled, published]);

  assertEquals(heardAtTheEnd, [80, 80]);
});

Deno.test("EventBridge.settled() waits until a plugin that is slow was sent all that it is to hear", async () => {
  using bus = new EventBus({ historyLimit: 0 });
  const gate = Promise.withResolvers<void>();
  using version = new Version(bus, false, () => gate.promise).subscribe();
  const payloads = Array.from({ length: EVENT_WINDOW + 1 }, (_, index) => index);
  publish(bus, ...payloads);
  let isSettled = false;
  const settled = version.bridge.settled().then(() => isSettled = true);
  await delivered();
  assertEquals([isSettled, version.heard.length], [false, EVENT_WINDOW]);

  gate.resolve();
  await settled;
  await delivered();

  assertEquals(version.heard, payloads);
});

Deno.test("EventBridge.published() does not wait for a plugin that takes none of what it is to hear", async () => {
  using bus = new EventBus({ historyLimit: 0 });
  const gate = Promise.withResolvers<void>();
  using version = new Version(bus, false, () => gate.promise).subscribe();
  publish(bus, ...Array.from({ length: EVENT_WINDOW + 5 }, (_, index) => index));

  await version.bridge.published();

  gate.resolve();
  await version.bridge.settled();
});

Deno.test("EventBridge.settled() resolves also for a plugin that ends before it was sent everything", async () => {
  using bus = new EventBus({ historyLimit: 0 });
  const gate = Promise.withResolvers<void>();
  using version = new Version(bus, false, () => gate.promise).subscribe();
  publish(bus, ...Array.from({ length: EVENT_WINDOW + 5 }, (_, index) => index));
  const settled = version.bridge.settled();

  version.bridge[Symbol.dispose]();
  version.wall.host.close();
  await settled;
  gate.resolve();
});

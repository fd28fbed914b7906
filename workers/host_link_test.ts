import { assert, assertEquals, assertRejects, assertThrows } from "../core/deps/assert.ts";
import { Logger } from "../core/container/logger.ts";
import { MetricsCollector } from "../core/container/metrics.ts";
import { KBertError } from "../core/wall/errors.ts";
import type { ServedCall, WireEvent } from "../core/wall/options.ts";
import type { WireValue } from "../core/wall/values.ts";
import { EventBus } from "../plugins/sdk/event_bus.ts";
import { service } from "../plugins/sdk/service.ts";
import { ChannelPair, until } from "../tests/fixtures/test_port.ts";
import { type HostLink, hostLink } from "./host_link.ts";

/** A worker's link, and what the host hears of it. */
class Linked implements Disposable {
  readonly calls: [method: string, ...args: WireValue[]][] = [];
  readonly events: WireEvent[] = [];
  readonly wall: ChannelPair;
  readonly link: HostLink;

  constructor(serve: (call: ServedCall) => WireValue | Promise<WireValue> = () => undefined) {
    this.wall = new ChannelPair({
      serve: (call) => {
        this.calls.push([call.method, ...call.args]);
        return serve(call);
      },
      onEvents: (events) => void this.events.push(...events),
    }, { onEvents: (events) => this.link.deliver(events) });
    this.link = hostLink(this.wall.plugin);
  }

  [Symbol.dispose](): void {
    this.wall[Symbol.dispose]();
  }
}

Deno.test("hostLink().connect() makes the core services and those that the manifest asks for", () => {
  using linked = new Linked();
  const { container, eventBus } = linked.link.connect({ listens: [], services: ["glossary"] });

  assertEquals(container.get(EventBus) === eventBus, true);
  assertEquals(
    [container.get(Logger), container.get(MetricsCollector)].map(({ constructor }) => constructor.name),
    [
      ...["Logger", "MetricsCollector"],
    ],
  );
  assert(container.get(service("glossary")) !== undefined);
  assertThrows(() => container.get(service("kitchen")), KBertError, "kitchen");
  eventBus[Symbol.dispose]();
});

Deno.test("hostLink() sends what is emitted and logged to the host, and passes on what the host sends", async () => {
  using linked = new Linked();
  const { eventBus } = linked.link.connect({ listens: ["news.*"], services: [] });
  using bus = eventBus as unknown as EventBus<Record<string, unknown>>;
  const heard: unknown[] = [];
  bus.on("news.*", (payload, { topic, source }) => void heard.push([topic, source, payload]), { history: 5 });

  await bus.emit("sample.done", { n: 1 });
  linked.link.log("warn", "careful");
  await until(() => linked.events.length === 2 && linked.calls.length === 1);
  await linked.wall.host.emit({ topic: "news.a", payload: 1, source: "other", time: 5 });
  await linked.wall.host.emit({ topic: "news.b", payload: 2, source: "host", time: 6 });
  await until(() => heard.length === 2);

  assertEquals(linked.calls, [["events.subscribe", "news.*", 5]]);
  assertEquals(linked.events, [
    { topic: "sample.done", payload: { n: 1 } },
    { topic: "log.warning", payload: { message: "careful", fields: {} } },
  ]);
  assertEquals(heard, [["news.a", "other", 1], ["news.b", "host", 2]]);
});

Deno.test("hostLink() asks the host once for each pattern, and ends that with the last listener", async () => {
  using linked = new Linked();
  using bus = linked.link.connect({ listens: [">"], services: [] }).eventBus;
  const one = bus.on("plugin.*", () => {}, { history: Infinity });
  const two = bus.on("plugin.*", () => {});

  one[Symbol.dispose]();
  two[Symbol.dispose]();
  await until(() => linked.calls.length === 2);

  assertEquals(linked.calls, [["events.subscribe", "plugin.*", 1_000], ["events.unsubscribe", "plugin.*"]]);
});

Deno.test("hostLink() refuses to listen to what the manifest does not declare, at once", () => {
  using linked = new Linked();
  using bus = linked.link.connect({ listens: ["news.*"], services: [] }).eventBus;

  const error = assertThrows(() => bus.on("plugin.crashed", () => {}), KBertError);

  assertEquals([error.code, error.message, linked.calls.length], [
    "event/topic",
    "Cannot listen to plugin.crashed: declare it in plugin.yaml under events.listens",
    0,
  ]);
});

Deno.test("hostLink() logs what the host refuses although the plugin may ask for it", async () => {
  using linked = new Linked(() => Promise.reject(new Error("one too many")));
  using bus = linked.link.connect({ listens: [">"], services: [] }).eventBus;

  using _listener = bus.on("plugin.crashed", () => {});
  await until(() => linked.events.length === 1);

  const [{ topic, payload }] = linked.events as [WireEvent];
  assertEquals([topic, (payload as { message: string }).message.includes("one too many")], [
    "log.warning",
    true,
  ]);
});

Deno.test("hostLink() makes every name of a service a call, and fails with the host's own error", async () => {
  using linked = new Linked(({ args: [, method, args] }) => {
    if (method === "lookup") return `${args}`;
    throw new KBertError("service/refused", "The service glossary has no such method", {
      plugin: "x",
      service: "glossary",
    });
  });
  const { container, eventBus } = linked.link.connect({ listens: [], services: ["glossary"] });
  using _bus = eventBus;
  const glossary = container.get(service<{ lookup(word: string): string; none(): void }>("glossary"));

  assertEquals(await glossary.lookup("soup"), "soup");
  const error = await assertRejects(() => glossary.none(), Error, "has no such method");
  assertEquals([error.name, Reflect.get(error, "code")], ["KBertError", "service/refused"]);
  assertEquals(await Promise.resolve(glossary) === glossary, true);
  assertEquals(linked.calls[0], ["service.call", "glossary", "lookup", ["soup"]]);
});

Deno.test("hostLink().deliver() settles when the slowest listener is done", async () => {
  using linked = new Linked();
  using bus = linked.link.connect({ listens: [">"], services: [] }).eventBus;
  const gate = Promise.withResolvers<void>();
  bus.on("plugin.crashed", () => gate.promise);
  const event = { topic: "plugin.crashed", payload: {}, source: "host", time: 1 };

  assertEquals(linked.link.deliver([{ ...event, topic: "plugin.other" }]), undefined);
  let isDone = false;
  const delivered = Promise.resolve(linked.link.deliver([event])).then(() => isDone = true);
  await Promise.resolve();
  assertEquals(isDone, false);
  gate.resolve();
  await delivered;
});

/**
 * What the compiler says about events. Most of it is that some lines do not compile; those are in functions
 * that are never called.
 *
 * @module
 */
import { assertEquals } from "../deps/assert.ts";
import type { BusEvent, EventOf } from "./event.ts";
import { EventBus } from "./event_bus.ts";
import type { RuntimeEvents } from "./events.ts";
import type { PayloadOf, TopicsOf } from "./topics.ts";

interface MyEvents {
  "train.step": { step: number; loss: number };
  "train.ended": { steps: number };
  "data.rows.read": number;
  "ping": undefined;
}

type Same<One, Other> = (<T>() => T extends One ? 1 : 2) extends (<T>() => T extends Other ? 1 : 2) ? true
  : false;

/** Compiles only if the type is `true`. */
function holds<_Claim extends true>(): void {}

Deno.test("TopicsOf are the keys that a pattern matches", () => {
  holds<Same<TopicsOf<MyEvents, "train.step">, "train.step">>();
  holds<Same<TopicsOf<MyEvents, "train.*">, "train.step" | "train.ended">>();
  holds<Same<TopicsOf<MyEvents, "*.step">, "train.step">>();
  holds<Same<TopicsOf<MyEvents, "*">, "ping">>();
  holds<Same<TopicsOf<MyEvents, ">">, keyof MyEvents>>();
  holds<Same<TopicsOf<MyEvents, "data.>">, "data.rows.read">>();
  holds<Same<TopicsOf<MyEvents, "data.*">, never>>();
  holds<Same<TopicsOf<MyEvents, "train.step.>">, never>>();
  holds<Same<TopicsOf<MyEvents, "train.step" | "ping">, "train.step" | "ping">>();
  holds<Same<TopicsOf<MyEvents, string>, string>>();
  holds<Same<TopicsOf<RuntimeEvents, "log.*">, "log.debug" | "log.info" | "log.warning" | "log.error">>();
});

Deno.test("PayloadOf and EventOf are unions, and unknown for a computed pattern", () => {
  holds<Same<PayloadOf<MyEvents, "train.*">, { step: number; loss: number } | { steps: number }>>();
  holds<Same<PayloadOf<MyEvents, string>, unknown>>();
  holds<Same<PayloadOf<MyEvents, `train.${string}`>, unknown>>();
  holds<Same<EventOf<MyEvents, string>, BusEvent>>();
  holds<
    Same<
      EventOf<MyEvents, "ping" | "data.>">,
      BusEvent<undefined, "ping"> | BusEvent<number, "data.rows.read">
    >
  >();
});

Deno.test("EventBus.on() gives listeners what their pattern matches", () => {
  using bus = new EventBus<MyEvents>();
  let steps = 0;
  bus.on("train.*", (payload, event) => {
    holds<Same<typeof payload, { step: number; loss: number } | { steps: number }>>();
    // The topic tells the payloads apart.
    if (event.topic === "train.ended") steps = event.payload.steps;
  });
  bus.on("data.>", (rows) => holds<Same<typeof rows, number>>());

  bus.post("train.ended", { steps: 3 });

  assertEquals(steps, 3);
});

Deno.test("EventBus of a map with any keys takes any topic", () => {
  using bus = new EventBus<Record<string, number>>();
  bus.on(
    "a.*",
    (payload, event) => holds<Same<[typeof payload, typeof event], [number, BusEvent<number>]>>(),
  );
  bus.post("a.b", 1);
  // @ts-expect-error still of another type
  bus.post("a.b", "1");
});

Deno.test("EventBus gives unknown for a topic that only the program knows", () => {
  using bus = new EventBus<MyEvents>();
  const name: string = "step";
  bus.on(name, (payload) => holds<Same<typeof payload, unknown>>());
  bus.on(`train.${name}`, (payload, { topic }) => {
    holds<Same<typeof payload, unknown>>();
    holds<Same<typeof topic, string>>();
  });
  bus.post(`train.${name}`, "anything");
  const kind = "ended" as "ended" | "step";
  bus.on(`train.${kind}`, (payload) => holds<Same<typeof payload, PayloadOf<MyEvents, "train.*">>>());
});

export function wrongTopics(bus: EventBus<MyEvents>): void {
  // @ts-expect-error no such topic
  bus.on("train.stop", () => {});
  // @ts-expect-error a pattern that matches nothing
  bus.once("data.*", () => {});
  // @ts-expect-error a wildcard within a word
  bus.on("train.st*", () => {});
  // @ts-expect-error of another map
  void bus.waitFor("plugin.activated");
  // @ts-expect-error no such topic
  bus.history("trian.*");
  // @ts-expect-error no such topic
  void bus.emit("train.stop", { steps: 1 });
  // @ts-expect-error a pattern is not a topic
  bus.post("train.*", { steps: 1 });
}

export function wrongPayloads(bus: EventBus<MyEvents>): void {
  // @ts-expect-error a field is missing
  void bus.emit("train.step", { step: 1 });
  // @ts-expect-error a field of another type
  bus.post("train.ended", { steps: "3" });
  // @ts-expect-error a field that is not in the map
  bus.post("train.ended", { steps: 3, stpes: 4 });
  // @ts-expect-error no payload
  bus.post("data.rows.read");
}

export function wrongListeners(bus: EventBus<MyEvents>): void {
  // @ts-expect-error a field that the payload does not have
  bus.on("train.step", ({ accuracy }) => accuracy);
  // @ts-expect-error a field that only one payload of the union has
  bus.on("train.*", (payload) => payload.loss);
  // @ts-expect-error a listener of another payload
  bus.on("train.step", (payload: { steps: number }) => payload);
  // @ts-expect-error nothing is known about it
  bus.on("train.step" as string, (payload) => payload.loss);
  // @ts-expect-error a predicate of another payload
  void bus.waitFor("train.step", { where: ({ steps }) => steps > 1 });
}

export async function defaultMap(bus: EventBus): Promise<void> {
  bus.on("plugin.activated", ({ activation_time }) => holds<Same<typeof activation_time, number>>());
  // @ts-expect-error the guide's fields are in snake_case
  bus.on("plugin.activated", ({ activationTime }) => activationTime);
  const event = await bus.waitFor("*.early_stopping_triggered");
  holds<
    Same<
      typeof event,
      BusEvent<RuntimeEvents["callback.early_stopping_triggered"], "callback.early_stopping_triggered">
    >
  >();
  const level = "info" as "info" | "error";
  bus.post(`log.${level}`, { message: "", fields: {} });
  // @ts-expect-error checked for every topic that it may be
  bus.post(`log.${level}`, { text: "" });
}

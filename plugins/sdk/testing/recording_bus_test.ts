import { assertEquals, assertRejects, assertThrows } from "../../../core/deps/assert.ts";
import { EventBus as HostBus } from "../../../core/bus/event_bus.ts";
import { KBertError } from "../../../core/wall/errors.ts";
import { EventRecorder } from "./event_recorder.ts";
import { RecordingBus } from "./recording_bus.ts";

interface Topics {
  readonly "text.changed": { readonly texts: unknown };
}

Deno.test("RecordingBus refuses what cannot cross the wall, which a bus that stands alone would carry", async () => {
  const recorder = new EventRecorder();
  using bus = new RecordingBus<Topics>(recorder);

  for (const texts of [() => {}, new Map(), Symbol("a")]) {
    const error = await assertRejects(() => bus.emit("text.changed", { texts }), KBertError);
    assertEquals(error.code, "wall/frame");
    assertThrows(() => bus.post("text.changed", { texts }), KBertError);
  }
  await bus.emit("text.changed", { texts: [null, 1, "a", { shape: [1] }, Uint8Array.of(1)] });

  assertEquals(recorder.events.length, 1);
});

Deno.test("EventRecorder remembers what was said, not what became of the object", async () => {
  const recorder = new EventRecorder();
  using bus = new RecordingBus<Topics>(recorder);
  const texts = ["before"];

  await bus.emit("text.changed", { texts });
  texts[0] = "after";

  assertEquals(recorder.events.map(({ payload }) => payload), [{ texts: ["before"] }]);
});

Deno.test("EventRecorder keeps the order of several buses, has no limit, and is no listener of the test's", async () => {
  const recorder = new EventRecorder();
  using bus = new RecordingBus<Topics>(recorder);
  using host = new HostBus();
  recorder.watch(host);
  using _echo = bus.on("text.changed", () => host.post("plugin.unloaded", { plugin_name: "a", reason: "b" }));

  for (let count = 0; count < 300; count++) await bus.emit("text.changed", { texts: [] });

  assertEquals(recorder.events.length, 600);
  assertEquals(recorder.events.slice(0, 4).map(({ topic, source }) => `${source} ${topic}`), [
    "plugin text.changed",
    "host plugin.unloaded",
    "plugin text.changed",
    "host plugin.unloaded",
  ]);
  assertEquals([bus.listenerCount, recorder.listeners, recorder.matching("plugin.*").length], [1, 2, 300]);
});

import { assertEquals, assertStringIncludes, assertThrows } from "../../../core/deps/assert.ts";
import type { RuntimeEvents } from "../../../core/bus/events.ts";
import { EventBus } from "../event_bus.ts";
import { assertEmitted, assertNotEmitted } from "./event_assertions.ts";
import { EventRecorder } from "./event_recorder.ts";

/** A recorder that has heard a head say that it began, twice, and that it was done. */
async function recorded(): Promise<EventRecorder> {
  using bus = new EventBus();
  const recorder = new EventRecorder();
  recorder.watch(bus);
  for (const input_shape of [[2, 8], [4, 8]]) {
    await bus.emit("head.forward_start", { head_type: "SpamHead", input_shape });
  }
  await bus.emit("head.forward_complete", { head_type: "SpamHead", output_shape: [4, 2] });
  return recorder;
}

Deno.test("assertEmitted() answers the first event that topic and matcher mean", async () => {
  const recorder = await recorded();
  type Start = RuntimeEvents["head.forward_start"];

  assertEquals(assertEmitted(recorder, "head.forward_start").sequence, 1);
  assertEquals(assertEmitted(recorder, "head.*", { input_shape: [4, 8] }).sequence, 2);
  assertEquals(assertEmitted(recorder, "head.*", { output_shape: [4, 2] }).topic, "head.forward_complete");
  const large = (payload: unknown): boolean => ((payload as Start).input_shape[0] ?? 0) > 3;
  assertEquals(assertEmitted(recorder, "head.forward_start", large).sequence, 2);
});

Deno.test("assertEmitted() compares lists whole, and objects by the properties that are named", async () => {
  const recorder = await recorded();

  for (
    const part of [{ input_shape: [2] }, { input_shape: [2, 8, 1] }, { head_type: "Spam" }, { other: 1 }, []]
  ) {
    assertThrows(() => assertEmitted(recorder, "head.forward_start", part), Error, "but never with");
  }
  assertEmitted(recorder, "head.forward_start", {});
});

Deno.test("assertEmitted() says which topic was probably meant, and lists what was emitted", async () => {
  const recorder = await recorded();

  const { message } = assertThrows(() => assertEmitted(recorder, "head.forward_started"), Error);

  assertEquals(
    message,
    `head.forward_started was not emitted; did you mean head.forward_start? What was:
  head.forward_start of plugin: { head_type: "SpamHead", input_shape: [ 2, 8 ] }
  head.forward_start of plugin: { head_type: "SpamHead", input_shape: [ 4, 8 ] }
  head.forward_complete of plugin: { head_type: "SpamHead", output_shape: [ 4, 2 ] }`,
  );
  const other = assertThrows(() => assertEmitted(recorder, "augmenter.completed"), Error);
  assertStringIncludes(
    other.message,
    "augmenter.completed was not emitted; what was:\n  head.forward_start of",
  );
  assertThrows(() => assertEmitted(new EventRecorder(), "a.b"), Error, "a.b was not emitted; nothing was");
});

Deno.test("assertEmitted() shows payloads that were almost right, and only a dozen of many", async () => {
  using bus = new EventBus();
  const recorder = new EventRecorder();
  recorder.watch(bus);
  for (let data_size = 0; data_size < 20; data_size++) {
    await bus.emit("plugin.processing_started", { plugin: "x".repeat(data_size === 0 ? 500 : 1), data_size });
  }

  const { message } = assertThrows(
    () => assertEmitted(recorder, "plugin.processing_started", { data_size: 21 }),
    Error,
  );

  const lines = message.split("\n");
  assertEquals(
    lines[0],
    "plugin.processing_started was emitted 20 times, but never with { data_size: 21 }:",
  );
  assertEquals([lines.length, lines.at(-1)], [14, "  and 8 more"]);
  assertEquals(lines[1]!.length < 250 && lines[1]!.endsWith("…"), true);
});

Deno.test("assertNotEmitted() fails with the events that should not be", async () => {
  const recorder = await recorded();

  assertNotEmitted(recorder, "plugin.crashed");
  assertNotEmitted(recorder, "head.forward_start", { input_shape: [9, 9] });
  const message =
    "head.forward_start with { input_shape: [ 2, 8 ] } was emitted once, and never should be:\n" +
    "  head.forward_start of plugin: ";
  assertThrows(
    () => assertNotEmitted(recorder, "head.forward_start", { input_shape: [2, 8] }),
    Error,
    message,
  );
  assertThrows(() => assertNotEmitted(recorder, "head.*"), Error, "head.* was emitted 3 times");
});

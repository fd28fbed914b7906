import { assert, assertEquals, assertRejects, assertThrows } from "../deps/assert.ts";
import { settled, TestWall } from "../../tests/fixtures/test_port.ts";
import { KBertError } from "./errors.ts";
import { checkFrame } from "./frame.ts";
import { EventOutbox } from "./outbox.ts";
import { type EventTuple, parseMessage } from "./protocol.ts";
import type { WireValue } from "./values.ts";

/** An outbox and what it sent, frame by frame. */
class TestOutbox {
  readonly frames: { events: readonly EventTuple[]; dropped: number; characters: number; buffers: number }[] =
    [];
  readonly problems: unknown[] = [];
  problem: Error | undefined;
  readonly outbox = new EventOutbox((head, buffers) => {
    if (this.problem) throw this.problem;
    const message = parseMessage(checkFrame({ head, buffers }, "x").head, "x");
    assert(message.kind === "events");
    const { events, dropped = 0 } = message;
    this.frames.push({ events, dropped, characters: head.length, buffers: buffers.length });
  }, (error) => this.problems.push(error));

  get payloads(): unknown[] {
    return this.frames.flatMap(({ events }) => events.map(([, payload]) => payload));
  }

  post(...payloads: WireValue[]): void {
    for (const payload of payloads) this.outbox.post({ topic: "a", payload });
  }

  emit(...payloads: WireValue[]): Promise<void>[] {
    return payloads.map((payload) => this.outbox.emit({ topic: "a", payload }));
  }
}

function upTo(count: number): number[] {
  return Array.from({ length: count }, (_, index) => index);
}

Deno.test("EventOutbox sends the events of one turn in one frame, posts and emits in order", async () => {
  const test = new TestOutbox();

  test.post(1);
  const sent = test.emit(2);
  test.post(3);
  const before = test.frames.length;
  await Promise.all(sent);
  test.post(4);
  await settled();

  assertEquals(before, 0);
  assertEquals(test.frames.map(({ events }) => events.map(([, payload]) => payload)), [[1, 2, 3], [4]]);
});

Deno.test("EventOutbox writes an event down when it is given, not when it is sent", async () => {
  const test = new TestOutbox();
  const payload: { list: WireValue[] } = { list: [1] };
  const bytes = Uint8Array.of(1);

  test.post(payload, bytes);
  payload.list.push(2);
  bytes[0] = 2;
  await settled();

  assertEquals(test.payloads[0], { list: [1] });
  assertEquals(
    [bytes.length, test.frames.map(({ buffers }) => buffers)],
    [1, [0, 1]],
    "bytes are copied, and go alone",
  );
});

Deno.test("EventOutbox sends source and time only when it is given them", async () => {
  const test = new TestOutbox();

  test.outbox.post({ topic: "a", payload: 1, source: "x", time: 5 });
  test.outbox.post({ topic: "a", payload: undefined });
  await settled();

  assertEquals(test.frames[0]?.events, [["a", 1, "x", 5], ["a", { $: "undefined" }]]);
});

Deno.test("EventOutbox cuts frames at 1,000 events and at 256 Ki characters, without waiting for the turn's end", () => {
  const many = new TestOutbox();
  const large = new TestOutbox();

  many.post(...upTo(1_500));
  large.post(...Array<string>(20).fill("x".repeat(60_000)));

  assertEquals([many.frames.length, many.frames[0]?.events.length, many.outbox.waiting], [1, 1_000, 500]);
  assert(large.frames.length >= 3);
  assert(large.frames.every(({ characters }) => characters <= 2 ** 18 + 1_024));
});

Deno.test("EventOutbox drops posts without room, counts them, and says so with the next frame", async () => {
  const test = new TestOutbox();

  test.post(...upTo(2_100));
  await settled();
  const sentBefore = test.payloads.length;
  test.outbox.addCredit(1_000);
  test.post("later");
  test.outbox.addCredit(1_000);
  await settled();

  assertEquals(sentBefore, 1_000);
  assertEquals(test.payloads, [...upTo(2_000), "later"]);
  assertEquals(test.frames.map(({ dropped }) => dropped), [0, 100, 0]);
});

Deno.test("EventOutbox drops posts when 1 MiB of text waits", async () => {
  const test = new TestOutbox();
  test.post(...upTo(1_000));

  test.post(...Array<string>(100).fill("x".repeat(60_000)));
  await settled();

  assertEquals([test.outbox.waiting, test.frames.length], [17, 1]);
});

Deno.test("EventOutbox.emit() waits until the other side has room", async () => {
  const test = new TestOutbox();
  test.post(...upTo(1_000));
  let isSent = false;

  const sent = test.outbox.emit({ topic: "a", payload: "x" }).then(() => isSent = true);
  await settled();
  const before = isSent;
  test.outbox.addCredit(1);
  await sent;

  assertEquals([before, test.payloads.at(-1)], [false, "x"]);
});

Deno.test("EventOutbox.emit() rejects what is too much, and sends all others once and in order", async () => {
  const test = new TestOutbox();
  test.post(...upTo(1_000));

  const emits = test.emit(...upTo(10_001));
  const error = await assertRejects(() => emits[10_000]!, KBertError, "10000 events wait already");
  for (let round = 0; round < 10; round++) test.outbox.addCredit(1_000);
  await Promise.all(emits.slice(0, 10_000));

  assertEquals(error.code, "wall/frame");
  assertEquals(test.payloads, [...upTo(1_000), ...upTo(10_000)]);
});

Deno.test("EventOutbox.emit() rejects when 16 MiB of text wait", async () => {
  const test = new TestOutbox();
  test.post(...upTo(1_000));

  const emits = test.emit(...Array<string>(300).fill("x".repeat(65_000)));
  const outcomes = Promise.allSettled(emits);
  test.outbox.close(new Error("closed"));

  const reasons = (await outcomes).map((outcome) => outcome.status === "rejected" && outcome.reason.message);
  assertEquals(reasons.filter((reason) => reason === "closed").length, 258);
});

Deno.test("EventOutbox refuses a bad event by itself", async (t) => {
  const rows: Record<string, { topic?: string; payload?: unknown; source?: string; time?: number }> = {
    "more than 64 Ki characters": { payload: "x".repeat(2 ** 16) },
    "more than 64 Ki bytes": { payload: new Uint8Array(2 ** 16) },
    "a function": { payload: () => 1 },
    "no topic": { topic: "" },
    "a topic of 129 characters": { topic: "x".repeat(129) },
    "no source": { source: "", time: 1 },
    "a source of 129 characters": { source: "x".repeat(129), time: 1 },
    "no time": { source: "x" },
    "a time that is none": { source: "x", time: NaN },
  };
  for (const [what, row] of Object.entries(rows)) {
    await t.step(what, async () => {
      const test = new TestOutbox();
      const event = { topic: "a", payload: 1, ...row } as { topic: string; payload: WireValue };

      test.post("before");
      const emitted = test.outbox.emit(event);
      const error = assertThrows(() => test.outbox.post(event), KBertError);
      test.post("after");

      await assertRejects(() => emitted, KBertError);
      await settled();
      assertEquals([error.code, test.payloads], ["wall/frame", ["before", "after"]]);
    });
  }
});

Deno.test("EventOutbox.addCredit() refuses more than is underway", async () => {
  const test = new TestOutbox();
  test.post(1, 2);
  await settled();

  assertEquals([test.outbox.addCredit(3), test.outbox.addCredit(2), test.outbox.addCredit(1)], [
    false,
    true,
    false,
  ]);
});

Deno.test("EventOutbox.close() rejects emits that wait, and later ones", async () => {
  const test = new TestOutbox();
  test.post(...upTo(1_000));
  const waiting = test.outbox.emit({ topic: "a", payload: 1 });

  test.outbox.close(new Error("it ended"));
  test.post("late");

  await assertRejects(() => waiting, Error, "it ended");
  await assertRejects(() => test.outbox.emit({ topic: "a", payload: 1 }), Error, "it ended");
  assertEquals([test.payloads.length, test.outbox.waiting], [1_000, 0]);
});

Deno.test("EventOutbox gives the room back of what could not be sent, and tells who waits", async () => {
  const test = new TestOutbox();
  test.problem = new Error("the port is broken");

  const emits = test.emit(...upTo(600));
  test.post(...upTo(600));
  await Promise.allSettled(emits);
  await settled();
  test.problem = undefined;
  test.post(...upTo(1_000));

  await assertRejects(() => emits[0]!, Error, "broken");
  assertEquals([test.problems.length > 0, test.payloads.length], [true, 1_000]);
});

Deno.test("Channel sends events before what is said after them", async () => {
  using wall = new TestWall();

  wall.channel.post({ topic: "a", payload: 1 });
  void wall.channel.call("f", []).catch(() => {});
  wall.channel.post({ topic: "b", payload: 1 });
  wall.channel.fail(new Error("over"));
  await settled();

  assertEquals(wall.port.said, ["events", "call 1", "events", "failed"]);
});

Deno.test("Channel.post() reports what cannot cross, and Channel.emit() rejects it", async () => {
  using wall = new TestWall();
  const payload = (() => 1) as unknown as WireValue;

  wall.channel.post({ topic: "a", payload });
  await assertRejects(() => wall.channel.emit({ topic: "a", payload }), KBertError);

  assertEquals([wall.problems.length, wall.port.said], [1, []]);
});

Deno.test("Channel.emit() goes on when credit arrives, and rejects when the channel closes", async () => {
  using wall = new TestWall();
  for (const payload of upTo(1_000)) wall.channel.post({ topic: "a", payload });
  const first = wall.channel.emit({ topic: "a", payload: "first" });
  const second = wall.channel.emit({ topic: "a", payload: "second" });

  wall.port.arrive({ kind: "credit", events: 1 });
  await first;
  wall.channel.close();

  const error = await assertRejects(() => second, KBertError);
  assertEquals([error.code, wall.port.said], ["plugin/closed", ["events", "events"]]);
});

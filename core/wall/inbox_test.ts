import { assert, assertEquals, assertThrows } from "../deps/assert.ts";
import { fakeTime } from "../../core/deps/fake_timers.ts";
import { ChannelPair, settled, TestWall, until } from "../../tests/fixtures/test_port.ts";
import type { WireEvent } from "./channel.ts";
import { KBertError } from "./errors.ts";

/** A frame of so many small events. */
function frame(count: number): unknown {
  return { kind: "events", events: Array.from({ length: count }, (_, index) => ["a", index]) };
}

/** The credit that was given, message by message. */
function credits(wall: TestWall): unknown[] {
  return wall.port.sent.filter(({ kind }) => kind === "credit").map(({ events }) => events);
}

Deno.test("Channel hands the events of a frame on in order, and the count of dropped ones before them", () => {
  const heard: unknown[] = [];
  using wall = new TestWall({
    onEvents: (events) => void heard.push(...events),
    onDropped: (count) => heard.push(count),
  });
  const bytes = new ArrayBuffer(1);

  wall.port.arrive({ kind: "events", events: [["a", { $: "bytes", buffer: 0 }], ["b", null]], dropped: 7 }, [
    bytes,
  ]);

  assertEquals(heard, [7, { topic: "a", payload: new Uint8Array(1) }, { topic: "b", payload: null }]);
});

Deno.test("Channel believes source and time only on a plugin's side", async (t) => {
  const stamped = { topic: "a", payload: 1, source: "somebody", time: 5 };
  const rows = [["host", { topic: "a", payload: 1 }], [undefined, { topic: "a", payload: 1 }], [
    "plugin",
    stamped,
  ]];
  for (const [side, expected] of rows) {
    await t.step(String(side), () => {
      const heard: WireEvent[] = [];
      const options = side === undefined ? {} : { side: side as "host" | "plugin" };
      using wall = new TestWall({ ...options, onEvents: (events) => void heard.push(...events) });

      wall.port.arrive({ kind: "events", events: [["a", 1, "somebody", 5]] });

      assertEquals(heard, [expected] as WireEvent[]);
    });
  }
});

Deno.test("Channel gives room back in pieces, when events were handled", () => {
  using wall = new TestWall({ eventsPerSecond: Infinity });

  wall.port.arrive(frame(499));
  const before = credits(wall);
  wall.port.arrive(frame(1));
  for (let round = 0; round < 10; round++) wall.port.arrive(frame(1_000));

  assertEquals([before, credits(wall)], [[], [500, ...Array(10).fill(1_000)]]);
});

Deno.test("Channel gives no room back before a listener's promise has settled, even badly", async () => {
  const { promise, reject } = Promise.withResolvers<void>();
  using wall = new TestWall({ onEvents: () => promise });

  wall.port.arrive(frame(1_000));
  await settled();
  const before = credits(wall);
  reject(new Error("broken"));
  await settled();

  assertEquals([before, credits(wall)], [[], [1_000]]);
  assertEquals(wall.problems.map((problem) => (problem as Error).message), ["broken"]);
});

Deno.test("Channel closes on events without room, unhandled or not acknowledged", async (t) => {
  const unhandled = { onEvents: () => new Promise<void>(() => {}) };
  await t.step("in one frame too many", () => {
    using wall = new TestWall(unhandled);

    for (let sent = 0; sent <= 1_000; sent++) wall.port.arrive(frame(1));

    assert((wall.reason as KBertError).message.includes("1001 events at once"));
  });
  await t.step("in frames that are full", () => {
    let heard = 0;
    using wall = new TestWall({
      onEvents: (events) => (heard += events.length, new Promise<void>(() => {})),
    });

    for (let round = 0; round < 100; round++) wall.port.arrive(frame(1_000));

    assertEquals([heard, wall.port.closed], [1_000, true]);
  });
});

Deno.test("Channel closes on frames of events that no honest sender makes", async (t) => {
  const event = (length: number): unknown => ["a", "x".repeat(length)];
  const rows: Record<string, [unknown, ArrayBuffer[]]> = {
    "no events": [{ kind: "events", events: [] }, []],
    "one event of more than 64 Ki characters": [{ kind: "events", events: [event(70_000)] }, []],
    "events of more than 256 Ki": [{ kind: "events", events: Array(5).fill(event(60_000)) }, []],
    "more bytes than an event has": [frame(1), [new ArrayBuffer(2 ** 16 + 1)]],
    "a long text that is no event": [{ kind: "events", events: [["a", 1]], more: "x".repeat(2 ** 17) }, []],
    "a payload that cannot be read": [{ kind: "events", events: [["good", 1], ["bad", { $: "?" }]] }, []],
    "two events over one buffer": [{
      kind: "events",
      events: [["a", { $: "bytes", buffer: 0 }], ["a", { $: "bytes", buffer: 0 }]],
    }, [new ArrayBuffer(1)]],
    "a dropped count of 1e308": [{ kind: "events", events: [["a", 1]], dropped: 1e308 }, []],
    "a dropped count below 1": [{ kind: "events", events: [["a", 1]], dropped: 0 }, []],
  };
  for (const [what, [message, buffers]] of Object.entries(rows)) {
    await t.step(what, () => {
      const heard: unknown[] = [];
      using wall = new TestWall({ onEvents: (events) => void heard.push(...events) });

      wall.port.arrive(message, buffers);

      assertEquals([(wall.reason as KBertError).code, heard], ["wall/frame", []]);
    });
  }
});

Deno.test("Channel closes on credit that is none", async (t) => {
  for (const events of [-1, 0, 0.5, 1_001, 1e308, "1", null]) {
    await t.step(String(events), async () => {
      using wall = new TestWall();
      for (let index = 0; index < 1_000; index++) wall.channel.post({ topic: "a", payload: index });
      await settled();

      wall.port.arrive({ kind: "credit", events });

      assertEquals((wall.reason as KBertError | undefined)?.code, "wall/frame");
    });
  }
});

Deno.test("Channel takes a dropped count as large as a number may be", () => {
  const heard: number[] = [];
  using wall = new TestWall({ onDropped: (count) => heard.push(count) });

  wall.port.arrive({ kind: "events", events: [["a", 1]], dropped: Number.MAX_SAFE_INTEGER });

  assertEquals([heard, wall.port.closed], [[Number.MAX_SAFE_INTEGER], false]);
});

Deno.test("Channel slows a sender down to eventsPerSecond, after a first burst", async () => {
  using clock = fakeTime();
  using wall = new TestWall({ eventsPerSecond: 10_000 });
  let room = 1_000;
  let taken = 0;
  /** A sender that sends whatever it may. */
  const send = (): void => {
    while (room > 0) {
      const given = credits(wall).length;
      taken += room;
      wall.port.arrive(frame(room));
      room = credits(wall).slice(given).reduce<number>((sum, events) => sum + Number(events), 0);
    }
  };

  for (let ms = 0; ms < 10_000; ms++) {
    send();
    const given = credits(wall).length;
    await clock.tickAsync(1);
    room += credits(wall).slice(given).reduce<number>((sum, events) => sum + Number(events), 0);
  }

  assert(taken >= 100_000 && taken <= 103_000, `${taken} events in 10 s`);
  assertEquals(wall.port.closed, false);
});

Deno.test("Channel gives room in smaller pieces to a slow rate, and none after its end", async () => {
  using clock = fakeTime();
  const wall = new TestWall({ eventsPerSecond: 20 });

  wall.port.arrive(frame(2));
  wall.port.arrive(frame(2));
  wall.port.arrive(frame(2));
  const atOnce = credits(wall);
  await clock.tickAsync(100);
  const later = credits(wall);
  wall.port.arrive(frame(2));
  wall.channel.close();
  await clock.tickAsync(10_000);

  assertEquals([atOnce, later, credits(wall).length], [[2, 2], [2, 2, 2], 3]);
  assertEquals(clock.countTimers(), 0);
});

Deno.test("Channel refuses a rate that is none", () => {
  assertThrows(() => new TestWall({ eventsPerSecond: 0 }), RangeError, "Cannot take 0 events");
  assertThrows(() => new TestWall({ eventsPerSecond: NaN }), RangeError);
});

Deno.test("Channel.emit() loses and doubles nothing over a real port, and a slow listener slows it", async () => {
  const heard: unknown[] = [];
  let underway = 0;
  let most = 0;
  using pair = new ChannelPair({
    eventsPerSecond: Infinity,
    onEvents: async (events) => {
      most = Math.max(most, underway += events.length);
      await Promise.resolve();
      heard.push(...events.map(({ payload }) => payload));
      underway -= events.length;
    },
  });
  const sent = Array.from({ length: 5_000 }, (_, index) => index);

  await Promise.all(sent.map((payload) => pair.plugin.emit({ topic: "a", payload })));
  await until(() => heard.length >= sent.length);

  assertEquals(heard, sent);
  assert(most <= 1_000);
});

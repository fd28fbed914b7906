import { assert, assertEquals } from "../../core/deps/assert.ts";
import { z } from "../../core/deps/zod.ts";
import { Channel, type Served, type ServedCall } from "../../core/wall/channel.ts";
import { KBertError } from "../../core/wall/errors.ts";
import { printable, toFailure } from "../../core/wall/failure.ts";
import type { Frame, FramePort } from "../../core/wall/frame.ts";
import { EventOutbox } from "../../core/wall/outbox.ts";
import { parseMessage } from "../../core/wall/protocol.ts";
import { decodeValue, encodeValue, type WireValue } from "../../core/wall/values.ts";
import { fc } from "../deps/fast_check.ts";
import { ChannelPair, settled, TestWall } from "../fixtures/test_port.ts";

/** Seeded, so that a failure is the same one everywhere; bounded, so that the tests stay quick. */
const BOUNDS = { seed: 20_260_101, interruptAfterTimeLimit: 2_000, numRuns: 500 } as const;

/** A port whose other side is the test. */
class TestPort implements FramePort {
  onframe: ((data: unknown) => void) | null = null;
  closed = false;
  send(_frame: Frame): void {}
  close(): void {
    this.closed = true;
  }
}

const id = fc.oneof(fc.integer({ min: -1, max: 5 }), fc.double());
const text = fc.string({ maxLength: 20, unit: "binary" });
/** A value as the other side might write it, with markers in place and out of place. */
const wire = fc.letrec<{ value: unknown }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 4 },
    fc.jsonValue(),
    fc.record({ $: fc.constantFrom("undefined", "number", "bytes", "tensor", "?"), value: text, buffer: id }),
    fc.record({
      $: fc.constant("tensor"),
      dtype: fc.constantFrom("float32", "int32", "float64"),
      shape: fc.array(fc.integer({ min: -1, max: 3 }), { maxLength: 3 }),
      buffer: fc.integer({ min: 0, max: 2 }),
    }),
    fc.array(tie("value"), { maxLength: 3 }),
    fc.dictionary(fc.constantFrom("a", "__proto__", "constructor", "then", "$"), tie("value")),
  ),
})).value;
const failure = fc.letrec<{ failure: unknown }>((tie) => ({
  failure: fc.record({
    name: text,
    message: text,
    code: text,
    stack: text,
    cause: fc.oneof({ maxDepth: 2 }, fc.jsonValue(), tie("failure")),
    errors: fc.oneof({ maxDepth: 2 }, fc.jsonValue(), fc.array(tie("failure"), { maxLength: 2 })),
    properties: fc.oneof(
      fc.jsonValue(),
      fc.dictionary(fc.constantFrom("a", "stack", "__proto__", "then"), wire),
    ),
  }, { requiredKeys: ["name", "message"] }),
})).failure;
const event = fc.oneof(fc.tuple(text, wire), fc.tuple(text, wire, text, fc.double()), fc.array(wire));
const message = fc.oneof(
  fc.record({ kind: fc.constant("ready"), extra: fc.jsonValue() }),
  fc.record({
    kind: fc.constant("call"),
    id,
    method: text,
    args: fc.oneof(wire, fc.array(wire, { maxLength: 3 })),
    stream: fc.constantFrom<unknown>(true, true, false, 1),
  }, { requiredKeys: ["kind", "id", "method", "args"] }),
  fc.record({ kind: fc.constantFrom("cancel", "pull", "end"), id }),
  fc.record({ kind: fc.constantFrom("return", "item"), id, value: wire }, { requiredKeys: ["kind", "id"] }),
  fc.record({ kind: fc.constant("throw"), id, failure }),
  fc.record({ kind: fc.constant("failed"), failure }),
  fc.record({ kind: fc.constant("events"), events: fc.array(event, { maxLength: 3 }), dropped: id }, {
    requiredKeys: ["kind", "events"],
  }),
  fc.record({ kind: fc.constant("credit"), events: id }),
);
const buffers = fc.array(fc.integer({ min: 0, max: 4 }).map((numbers) => new ArrayBuffer(numbers * 4)), {
  maxLength: 3,
});
const frames: Record<string, fc.Arbitrary<unknown>> = {
  "anything at all": fc.anything({
    withMap: true,
    withSet: true,
    withTypedArray: true,
    withSparseArray: true,
  }),
  "bytes": fc.uint8Array({ maxLength: 200 }).map((bytes) => ({
    head: new TextDecoder("latin1").decode(bytes),
    buffers: [bytes.buffer],
  })),
  "JSON": fc.record({ head: fc.json(), buffers }),
  "frames of the protocol": fc.record({ head: message.map((value) => JSON.stringify(value)), buffers }),
};

async function* itemsOf(items: readonly WireValue[]): AsyncGenerator<WireValue> {
  yield* items;
}

/** A channel with open calls, a stream and events underway, and listeners that throw sometimes, fed with frames. */
async function feed(arrivals: readonly unknown[], serves: boolean): Promise<void> {
  const port = new TestPort();
  let turn = 0;
  const listener = (): void => {
    if (turn++ % 3 === 0) throw new Error("a broken listener");
  };
  const listeners = { onReady: listener, onEvents: listener, onDropped: listener, onClose: listener };
  const channel = new Channel(port, {
    peer: "The plugin x",
    ...listeners,
    onListenerError: listener,
    ...(serves && {
      serve: ({ args, stream }: ServedCall): Served =>
        stream ? itemsOf(args) : turn++ % 2 ? args : Promise.resolve(args),
    }),
  });
  const stream = channel.stream("c", []);
  for (let count = 0; count < 1_000; count++) channel.post({ topic: "t", payload: count });
  const outcomes = Promise.allSettled([
    channel.call("a", []),
    channel.call("b", [1]),
    stream.next(),
    stream.next(),
    channel.emit({ topic: "t", payload: "one that waits for room" }),
  ]);

  for (const arrival of arrivals) {
    port.onframe?.(arrival);
    await Promise.resolve();
  }
  channel.close();

  for (const outcome of await outcomes) {
    assert(outcome.status === "fulfilled" || outcome.reason instanceof KBertError);
  }
  assertEquals([channel.openCalls, channel.openStreams, port.closed], [0, 0, true]);
  assertEquals(Reflect.ownKeys(Object.prototype).includes("polluted"), false);
}

for (const [what, frame] of Object.entries(frames)) {
  for (const serves of [false, true]) {
    const side = serves ? "serves" : "does not serve";
    Deno.test(`Channel that ${side} survives ${what}, and every call ends`, async () => {
      await fc.assert(
        fc.asyncProperty(fc.array(frame, { maxLength: 10 }), (arrivals) => feed(arrivals, serves)),
        BOUNDS,
      );
    });
  }
}

Deno.test("parseMessage() answers a message or throws wall/frame, for any text", () => {
  fc.assert(
    fc.property(
      fc.oneof(fc.string({ unit: "binary" }), fc.json(), message.map((m) => JSON.stringify(m))),
      (head) => {
        try {
          parseMessage(head, "x");
        } catch (error) {
          assertEquals((error as KBertError).code, "wall/frame");
        }
      },
    ),
    BOUNDS,
  );
});

/** The protocol once more, written by a library: the checks by hand have to say the same. */
const schema = ((): z.ZodType => {
  const [id, name] = [z.int().positive(), z.string().min(1).max(128)];
  const failureParts = {
    name: z.string().max(200),
    message: z.string().max(20_000),
    code: z.string().max(200).optional(),
    stack: z.string().max(20_000).optional(),
    // Not z.record(), which copies and drops keys: it is read by PluginError.
    properties: z.custom((value) => typeof value === "object" && value !== null && !Array.isArray(value))
      .optional(),
  };
  const failureOf = (levels: number): z.ZodType => {
    if (levels === 0) return z.object(failureParts);
    const deeper = failureOf(levels - 1);
    return z.object({
      ...failureParts,
      cause: deeper.optional(),
      errors: z.array(deeper).max(64).optional(),
    });
  };
  const failure = failureOf(8);
  const parts = (length: number) => (event: unknown): boolean => (event as unknown[]).length === length;
  const event = z.union([
    z.tuple([name, z.unknown()]).refine(parts(2)),
    z.tuple([name, z.unknown(), name, z.number()]).refine(parts(4)),
  ]);
  return z.discriminatedUnion("kind", [
    z.object({ kind: z.literal("ready") }),
    z.object({
      kind: z.literal("call"),
      id,
      method: name,
      args: z.array(z.unknown()),
      stream: z.literal(true).optional(),
    }),
    z.object({ kind: z.enum(["cancel", "pull", "end"]), id }),
    z.object({ kind: z.enum(["return", "item"]), id, value: z.unknown() }),
    z.object({ kind: z.literal("throw"), id, failure }),
    z.object({ kind: z.literal("failed"), failure }),
    z.object({
      kind: z.literal("events"),
      events: z.array(event).min(1).max(1_000),
      dropped: z.int().positive().optional(),
    }),
    z.object({ kind: z.literal("credit"), events: z.int().positive() }),
  ]);
})();

Deno.test("parseMessage() takes what a schema takes, and answers the same", () => {
  let taken = 0;
  fc.assert(
    fc.property(fc.oneof({ weight: 9, arbitrary: message }, { weight: 1, arbitrary: fc.json() }), (value) => {
      const head = typeof value === "string" ? value : JSON.stringify(value);
      const expected = schema.safeParse(JSON.parse(head));
      let parsed: unknown;
      try {
        parsed = parseMessage(head, "x");
        taken++;
      } catch (error) {
        assertEquals((error as KBertError).code, "wall/frame");
      }
      assertEquals(parsed, expected.data);
    }),
    { ...BOUNDS, numRuns: 2_000 },
  );
  assert(taken > 100, "the messages are not all refused");
});

Deno.test("decodeValue() answers a plain value or throws wall/frame, for any JSON", () => {
  fc.assert(
    fc.property(wire, buffers, (json, buffers) => {
      try {
        decodeValue(JSON.parse(JSON.stringify(json) ?? "null"), buffers);
      } catch (error) {
        assertEquals((error as KBertError).code, "wall/frame");
      }
      assertEquals(Reflect.get({}, "a"), undefined);
    }),
    BOUNDS,
  );
});

Deno.test("decodeValue() is the inverse of encodeValue()", () => {
  const tensor = fc.float32Array({ maxLength: 6 }).map((data) => ({
    dtype: "float32" as const,
    shape: [data.length],
    data: data.slice(),
  }));
  const { value } = fc.letrec<{ value: WireValue }>((tie) => ({
    value: fc.oneof(
      { maxDepth: 4 },
      fc.constantFrom<WireValue>(null, undefined, true, -0, NaN, Infinity),
      fc.double(),
      fc.string({ unit: "binary" }),
      fc.uint8Array().map((bytes) => bytes.slice()),
      tensor,
      fc.array(tie("value"), { maxLength: 4 }),
      fc.dictionary(fc.string().filter((key) => key !== "$" && key !== "__proto__"), tie("value"), {
        noNullPrototype: true,
      }),
    ),
  }));

  fc.assert(
    fc.property(value, (value) => {
      const expected = structuredClone(value);
      const buffers: ArrayBuffer[] = [];
      const json = JSON.parse(JSON.stringify(encodeValue(value, buffers)));
      assertEquals(decodeValue(json, buffers), expected);
    }),
    BOUNDS,
  );
});

Deno.test("toFailure() makes a message of the protocol of anything that is thrown", () => {
  fc.assert(
    fc.property(fc.anything({ withNullPrototype: true, withBigInt: true }), (thrown) => {
      parseMessage(JSON.stringify({ kind: "failed", failure: toFailure(thrown) }), "x");
    }),
    BOUNDS,
  );
});

Deno.test("printable() is bounded, changes nothing the second time, and leaves plain text alone", () => {
  fc.assert(
    fc.property(
      fc.string({ unit: "binary", maxLength: 300 }),
      fc.integer({ min: 40, max: 200 }),
      (text, most) => {
        const shown = printable(text, most);
        assert(shown.length <= most);
        assertEquals(printable(shown, most), shown);
        if (/^[ -~\n]*$/.test(text) && text.length <= most) assertEquals(shown, text);
      },
    ),
    BOUNDS,
  );
});

Deno.test("Channel.stream() is like the generator that is behind it, whoever stops it and when", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.oneof(fc.integer(), fc.string()), { maxLength: 6 }),
      fc.option(fc.nat(6)),
      fc.option(fc.nat(6)),
      fc.boolean(),
      async (items, throwsAt, leavesAt, atOnce) => {
        async function* generate(): AsyncGenerator<WireValue> {
          for (const [index, item] of items.entries()) {
            if (index === throwsAt) throw new RangeError("no more");
            yield item;
          }
        }
        using pair = new ChannelPair({}, { serve: generate });
        const expected = await readAll(generate(), leavesAt, atOnce);

        const actual = await readAll(pair.host.stream("f", []), leavesAt, atOnce);

        assertEquals(actual, expected);
        assertEquals([pair.host.openStreams, pair.host.openCalls], [0, 0]);
      },
    ),
    { ...BOUNDS, numRuns: 200 },
  );
});

/** What somebody sees who asks seven times, one after the other or all at once, and may leave before that. */
async function readAll(
  iterator: AsyncIterator<WireValue>,
  leavesAt: number | null,
  atOnce: boolean,
): Promise<unknown[]> {
  const steps = Array.from(
    { length: 7 },
    (_, step) => (): Promise<IteratorResult<WireValue>> =>
      step === leavesAt && !atOnce ? iterator.return!() : iterator.next(),
  );
  const seen: unknown[] = [];
  const settle = async (result: Promise<IteratorResult<WireValue>>): Promise<unknown> => {
    try {
      const { done = false, value } = await result;
      return JSON.stringify([done, value]);
    } catch {
      return "thrown";
    }
  };
  if (atOnce) seen.push(...await Promise.all(steps.map((step) => settle(step()))));
  else for (const step of steps) seen.push(await settle(step()));
  await iterator.return?.();
  return seen;
}

Deno.test("EventOutbox keeps the order of all that is sent, loses no emit and counts every drop", async () => {
  const action = fc.oneof(
    fc.record({ kind: fc.constantFrom("post", "emit"), count: fc.integer({ min: 1, max: 900 }) }),
    fc.record({ kind: fc.constant("credit"), count: fc.integer({ min: 1, max: 1_000 }) }),
    fc.record({ kind: fc.constant("turn"), count: fc.constant(0) }),
  );
  await fc.assert(
    fc.asyncProperty(fc.array(action, { maxLength: 20 }), async (actions) => {
      const sent: number[] = [];
      let dropped = 0;
      let underway = 0;
      const outbox = new EventOutbox((head) => {
        const message = parseMessage(head, "x");
        assert(message.kind === "events");
        sent.push(...message.events.map(([, payload]) => payload as number));
        dropped += message.dropped ?? 0;
        underway += message.events.length;
        assert(underway <= 1_000, "never more than the window");
      }, () => {});
      const emitted: Promise<number>[] = [];
      let last = 0;
      let posted = 0;
      for (const { kind, count } of actions) {
        if (kind === "turn") await settled();
        if (kind === "credit") {
          const events = Math.min(count, underway);
          underway -= events;
          assert(outbox.addCredit(events));
        }
        for (let left = count; left > 0 && (kind === "post" || kind === "emit"); left--) {
          const payload = ++last;
          if (kind === "emit") emitted.push(outbox.emit({ topic: "a", payload }).then(() => payload));
          else posted++, outbox.post({ topic: "a", payload });
        }
      }
      while (outbox.waiting > 0 || underway > 0) {
        await settled();
        const events = underway;
        underway = 0;
        assert(outbox.addCredit(events));
      }
      // A last one, because drops are told with the next frame.
      emitted.push(outbox.emit({ topic: "a", payload: ++last }).then(() => last));

      const arrived = new Set(sent.concat(last));
      assert((await Promise.all(emitted)).every((payload) => arrived.has(payload)));
      assertEquals(sent, [...new Set(sent)].sort((a, b) => a - b), "in order, each once");
      assertEquals(sent.length + dropped, posted + emitted.length);
    }),
    { ...BOUNDS, numRuns: 60 },
  );
});

Deno.test("Channel takes from any sender at most the window, or closes", () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 1, max: 1_000 }), { maxLength: 10 }), (counts) => {
      let heard = 0;
      const onEvents = (events: readonly unknown[]): Promise<void> => {
        heard += events.length;
        return new Promise(() => {}); // never handled
      };
      using wall = new TestWall({ onEvents });

      for (const count of counts) {
        wall.port.arrive({ kind: "events", events: Array.from({ length: count }, () => ["a", 1]) });
      }

      const all = counts.reduce((sum, count) => sum + count, 0);
      assert(heard <= 1_000);
      assertEquals(wall.port.closed, all > 1_000);
    }),
    { ...BOUNDS, numRuns: 100 },
  );
});

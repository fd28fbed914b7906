import { assert, assertEquals } from "../../core/deps/assert.ts";
import { Channel } from "../../core/wall/channel.ts";
import { KBertError } from "../../core/wall/errors.ts";
import { printable, toFailure } from "../../core/wall/failure.ts";
import type { Frame, FramePort } from "../../core/wall/frame.ts";
import { parseMessage } from "../../core/wall/protocol.ts";
import { decodeValue, encodeValue, type WireValue } from "../../core/wall/values.ts";
import { fc } from "../deps/fast_check.ts";

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
const failure = fc.record({ name: text, message: text, code: text, stack: text, cause: fc.jsonValue() }, {
  requiredKeys: ["name"],
});
const message = fc.oneof(
  fc.record({ kind: fc.constant("ready"), extra: fc.jsonValue() }),
  fc.record({
    kind: fc.constant("call"),
    id,
    method: text,
    args: fc.oneof(wire, fc.array(wire, { maxLength: 3 })),
  }),
  fc.record({ kind: fc.constant("cancel"), id }),
  fc.record({ kind: fc.constant("return"), id, value: wire }),
  fc.record({ kind: fc.constant("throw"), id, failure }),
  fc.record({ kind: fc.constant("failed"), failure }),
  fc.record({
    kind: fc.constant("events"),
    events: fc.array(fc.record({ topic: text, payload: wire }), { maxLength: 3 }),
  }),
  fc.record({ kind: fc.constant("log"), level: fc.constantFrom("debug", "info", "warn", "error"), text }),
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

/** A channel with two open calls and listeners that throw sometimes, fed with frames. */
async function feed(arrivals: readonly unknown[], serves: boolean): Promise<void> {
  const port = new TestPort();
  let turn = 0;
  const listener = (): void => {
    if (turn++ % 3 === 0) throw new Error("a broken listener");
  };
  const options = { onReady: listener, onEvent: listener, onLog: listener, onClose: listener };
  const channel = new Channel(port, {
    peer: "The plugin x",
    ...options,
    ...(serves && { serve: (_method: string, args: readonly WireValue[]) => Promise.resolve(args) }),
  });
  const outcomes = Promise.allSettled([channel.call("a", []), channel.call("b", [1])]);

  for (const arrival of arrivals) port.onframe?.(arrival);
  channel.close();

  for (const outcome of await outcomes) {
    assert(outcome.status === "fulfilled" || outcome.reason instanceof KBertError);
  }
  assertEquals([channel.openCalls, port.closed], [0, true]);
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

import { assert, assertEquals, assertThrows } from "../deps/assert.ts";
import { KBertError } from "./errors.ts";
import { checkFrame, FRAME_LIMITS, framePortPair, messagePort } from "./frame.ts";

Deno.test("checkFrame() answers a frame within the limits as it is", () => {
  const buffers = [new ArrayBuffer(8), new ArrayBuffer(0)];

  const frame = checkFrame({ head: "{}", buffers, extra: 1 }, "The plugin x");

  assertEquals(frame, { head: "{}", buffers });
});

Deno.test("checkFrame() takes a bare text for a frame without buffers", () => {
  assertEquals(checkFrame("{}", "The plugin x"), { head: "{}", buffers: [] });
});

Deno.test("checkFrame() refuses what is not a frame, naming the sender", async (t) => {
  const arrivals: Record<string, unknown> = {
    "null": null,
    "undefined": undefined,
    "a String object": new String("{}"),
    "a head that is a String object": { head: new String("{}"), buffers: [] },
    "a head that is a number": { head: 1, buffers: [] },
    "no list": { head: "{}" },
    "something like a list": { head: "{}", buffers: { length: 1, 0: new ArrayBuffer(1) } },
    "a view instead of a buffer": { head: "{}", buffers: [new Uint8Array(1)] },
    "a hole instead of a buffer": { head: "{}", buffers: new Array(1) },
    "a shared buffer": { head: "{}", buffers: [new SharedArrayBuffer(1)] },
    "a resizable buffer": { head: "{}", buffers: [new ArrayBuffer(1, { maxByteLength: 2 })] },
  };
  for (const [what, data] of Object.entries(arrivals)) {
    await t.step(what, () => {
      const error = assertThrows(() => checkFrame(data, "The plugin x"), KBertError, "The plugin x sent");
      assertEquals([error.code, error.detail], ["wall/frame", { plugin: "The plugin x" }]);
    });
  }
});

Deno.test("checkFrame() refuses a frame over each limit, with the limit and the value", async (t) => {
  const limits = { headCharacters: 10, buffers: 2, bytes: 8 };
  const cases: [string, unknown, number, number][] = [
    ["characters of a bare text", "x".repeat(11), 10, 11],
    ["characters", { head: "x".repeat(11), buffers: [] }, 10, 11],
    ["buffers", { head: "", buffers: [0, 0, 0].map(() => new ArrayBuffer(0)) }, 2, 3],
    ["a list that is long and empty", { head: "", buffers: new Array(2 ** 32 - 1) }, 2, 2 ** 32 - 1],
    ["bytes", { head: "", buffers: [new ArrayBuffer(8), new ArrayBuffer(1)] }, 8, 9],
  ];
  for (const [what, data, limit, value] of cases) {
    await t.step(what, () => {
      const error = assertThrows(() => checkFrame(data, "x", limits), KBertError);
      assertEquals(error.detail, { plugin: "x", limit, value });
    });
  }
});

Deno.test("FRAME_LIMITS accept a frame that is exactly as large as they say", () => {
  const head = "x".repeat(FRAME_LIMITS.headCharacters);
  const buffers = Array.from({ length: FRAME_LIMITS.buffers }, () => new ArrayBuffer(0));

  const frame = checkFrame({ head, buffers }, "x");

  assertEquals(frame.buffers.length, 256);
});

Deno.test("framePortPair() carries frames in order and empties the sender's buffers", async () => {
  const [here, there] = framePortPair();
  const heard: unknown[] = [];
  const done = Promise.withResolvers<void>();
  there.onframe = (data) => {
    if (heard.push(data) === 2) done.resolve();
  };
  const buffer = Uint8Array.of(1, 2).buffer;

  here.send({ head: "first", buffers: [buffer] });
  here.send({ head: "second", buffers: [] });
  await done.promise;
  here.close();
  there.close();

  assertEquals(buffer.byteLength, 0);
  const frames = heard.map((data) => checkFrame(data, "x"));
  assertEquals(frames, [{ head: "first", buffers: [Uint8Array.of(1, 2).buffer] }, {
    head: "second",
    buffers: [],
  }]);
});

Deno.test("messagePort() throws at the sender for a buffer that is detached, shared or listed twice", () => {
  const [here, there] = framePortPair();
  const detached = new ArrayBuffer(1);
  structuredClone(null, { transfer: [detached] });
  const twice = new ArrayBuffer(1);

  for (const buffers of [[detached], [twice, twice]]) {
    assertThrows(() => here.send({ head: "", buffers }), DOMException);
  }

  here.close();
  there.close();
});

Deno.test("messagePort() reports what cannot be read as something that is not a frame", () => {
  const endpoint = {
    postMessage(): void {},
    onmessage: null as ((event: MessageEvent) => void) | null,
    onmessageerror: null as ((event: MessageEvent) => void) | null,
  };
  const port = messagePort(endpoint);
  const heard: unknown[] = [];
  port.onframe = (data) => heard.push(data);

  endpoint.onmessageerror?.(new MessageEvent("messageerror"));
  port.onframe = null;

  assertEquals(heard, [undefined]);
  assert(endpoint.onmessage === null && endpoint.onmessageerror === null);
});

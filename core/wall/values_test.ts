import { assert, assertEquals, assertStrictEquals, assertThrows } from "../deps/assert.ts";
import { KBertError } from "./errors.ts";
import type { HostTensor } from "./tensor.ts";
import { decodeValue, encodeValue, valueDecoder, type WireValue } from "./values.ts";

/** There and back, through JSON as on the wire. */
function cross(value: WireValue): WireValue {
  const buffers: ArrayBuffer[] = [];
  return decodeValue(JSON.parse(JSON.stringify(encodeValue(value, buffers))), buffers);
}

function tensor(shape: readonly number[], data: HostTensor["data"]): HostTensor {
  return { dtype: data instanceof Float32Array ? "float32" : "int32", shape, data };
}

Deno.test("encodeValue() and decodeValue() answer the value that was given", async (t) => {
  const values: Record<string, WireValue> = {
    "plain data": { a: [1, "b", true, null], "": { nested: {} } },
    "numbers that JSON does not have": [NaN, Infinity, -Infinity, -0, 0, 2 ** 53, 5e-324],
    "undefined, alone and inside": [undefined, { a: undefined }],
    "texts that look like something else": ["NaN", "$", "__proto__", "\ud800", "\u2028", "{}"],
    "keys that every object has": { constructor: 1, toString: 2, hasOwnProperty: 3, then: 4 },
    "bytes": new Uint8Array([0, 255]),
    "no bytes": new Uint8Array(0),
    "a scalar": tensor([], Float32Array.of(-0)),
    "an empty tensor": tensor([0, 3], new Float32Array(0)),
    "numbers that are not finite": tensor([3], Float32Array.of(NaN, Infinity, -Infinity)),
    "whole numbers": tensor([2, 1], Int32Array.of(-(2 ** 31), 2 ** 31 - 1)),
    "two tensors in a list": [tensor([1], Float32Array.of(1)), tensor([1], Int32Array.of(2))],
  };
  for (const [what, value] of Object.entries(values)) {
    await t.step(what, () => {
      const expected = structuredClone(value);
      assertEquals(cross(value), expected);
    });
  }
});

Deno.test("encodeValue() writes -0 and the holes of a list as what they are", () => {
  const sparse = new Array<WireValue>(3);
  sparse[1] = -0;

  const answer = cross(sparse) as WireValue[];

  assertEquals([answer.length, 0 in answer, answer[0], answer[2]], [3, true, undefined, undefined]);
  assert(Object.is(answer[1], -0));
});

Deno.test("encodeValue() moves a whole buffer and copies what is part of one, shared or used twice", () => {
  const whole = Float32Array.of(1, 2);
  const part = Float32Array.of(1, 2, 3, 4).subarray(1, 3);
  const shared = new Float32Array(new SharedArrayBuffer(8));
  const resizable = new Float32Array(new ArrayBuffer(8, { maxByteLength: 16 }));
  const buffers: ArrayBuffer[] = [];

  encodeValue(
    [whole, whole, part, shared, resizable].map((data) => tensor([2], data as Float32Array)),
    buffers,
  );

  assertEquals(buffers.map((buffer) => [buffer.constructor, buffer.byteLength, buffer.resizable]), [
    [ArrayBuffer, 8, false],
    [ArrayBuffer, 8, false],
    [ArrayBuffer, 8, false],
    [ArrayBuffer, 8, false],
    [ArrayBuffer, 8, false],
  ]);
  assertStrictEquals(buffers[0], whole.buffer);
  assertEquals(new Set(buffers).size, 5);
});

Deno.test("encodeValue() with a list of what is moved copies everything else", () => {
  const [moved, kept] = [Uint8Array.of(1), Uint8Array.of(2)];
  const buffers: ArrayBuffer[] = [];

  encodeValue([moved, kept], buffers, [moved.buffer]);

  assertStrictEquals(buffers[0], moved.buffer);
  assert(buffers[1] !== kept.buffer);
  assertEquals(new Uint8Array(buffers[1]!), kept);
});

Deno.test("encodeValue() changes nothing of what it is given, and copies only what it has to", () => {
  const plain = { a: [1, { b: "c" }] };
  const odd = { plain, list: [1, NaN, 2], last: undefined };
  const expected = structuredClone(odd);

  const encoded = encodeValue(odd, []) as Record<string, unknown>;

  assertEquals(odd, expected);
  assertStrictEquals(encodeValue(plain, []), plain);
  assertStrictEquals(encoded["plain"], plain);
  assertEquals(encoded["list"], [1, { $: "number", value: "NaN" }, 2]);
});

Deno.test("encodeValue() refuses what cannot cross with wall/frame", async (t) => {
  const circle: WireValue[] = [];
  circle.push(circle);
  const wideCircle: WireValue[] = [];
  wideCircle.push(wideCircle, wideCircle);
  const ring: { [key: string]: WireValue } = {};
  ring["self"] = ring;
  let deep: WireValue = null;
  for (let level = 0; level < 100_000; level++) deep = [deep];
  const moved = new Uint8Array(1);
  structuredClone(null, { transfer: [moved.buffer] });
  const values: Record<string, unknown> = {
    "a function": () => 1,
    "a symbol": [Symbol("s")],
    "a bigint": 1n,
    "a date": new Date(0),
    "a map": new Map(),
    "a promise": Promise.resolve(),
    "an instance of a class": new (class Thing {})(),
    "a view of another type": new Float64Array(1),
    "the reserved key": { $: "tensor" },
    "a list that holds itself": circle,
    "a list that holds itself twice": wideCircle,
    "an object that holds itself": ring,
    "a value 100,000 deep": deep,
    "a list that is long and empty": new Array(2 ** 32 - 1),
    "bytes that were moved before": moved,
    "a tensor of nine dimensions": tensor(new Array(9).fill(1), new Float32Array(1)),
    "a tensor whose shape lies": tensor([3], new Float32Array(2)),
    "a tensor whose type lies": { dtype: "int32", shape: [1], data: new Float32Array(1) },
  };
  for (const [what, value] of Object.entries(values)) {
    await t.step(what, () => {
      const error = assertThrows(() => encodeValue(value as WireValue, []), KBertError, "Cannot pass");
      assertEquals(error.code, "wall/frame");
    });
  }
});

Deno.test("decodeValue() leaves prototypes alone, whatever the keys", () => {
  const json = JSON.parse(
    `{"__proto__":{"polluted":1},"constructor":{"prototype":{"polluted":1}},"a":{"__proto__":[]}}`,
  );

  const value = decodeValue(json, []) as Record<string, unknown>;

  assertEquals(Object.getPrototypeOf(value), Object.prototype);
  assertEquals(Object.getPrototypeOf(value["a"]), Object.prototype);
  assertEquals(({} as Record<string, unknown>)["polluted"], undefined);
});

Deno.test("decodeValue() decodes in place", () => {
  const json = JSON.parse(`{"a":[1,{"$":"undefined"}],"__proto__":{"b":1}}`);

  const value = decodeValue(json, []);

  assertStrictEquals(value, json);
  assertEquals(value, { a: [1, undefined] });
  assertEquals(Object.keys(json), ["a"]);
});

Deno.test("valueDecoder() gives each buffer to one value only", () => {
  const decode = valueDecoder([new ArrayBuffer(1)]);
  decode({ $: "bytes", buffer: 0 });

  assertThrows(() => decode({ $: "bytes", buffer: 0 }), KBertError, "a buffer of their own");
});

Deno.test("decodeValue() refuses what encodeValue() never writes", async (t) => {
  const buffers = (): ArrayBuffer[] => [new ArrayBuffer(8), new ArrayBuffer(7)];
  const scalar = { $: "tensor", dtype: "float32", shape: [2], buffer: 0 };
  const values: Record<string, unknown> = {
    "an unknown kind": { $: "function" },
    "a kind that is an object": { $: {} },
    "a number without a value": { $: "number" },
    "a number that is another text": { $: "number", value: "1" },
    "bytes without a buffer": { $: "bytes" },
    "a buffer that is not there": { $: "bytes", buffer: 2 },
    "a negative buffer": { $: "bytes", buffer: -1 },
    "half a buffer": { $: "bytes", buffer: 0.5 },
    "a buffer by the name of a property": { $: "bytes", buffer: "length" },
    "bytes used twice": [{ $: "bytes", buffer: 0 }, { $: "bytes", buffer: 0 }],
    "a tensor over bytes that are taken": [{ $: "bytes", buffer: 0 }, scalar],
    "a type that does not exist": { ...scalar, dtype: "float64" },
    "no shape": { ...scalar, shape: undefined },
    "a shape that is too small": { ...scalar, shape: [1] },
    "a shape that is too large": { ...scalar, shape: [3] },
    "a negative dimension": { ...scalar, shape: [-2] },
    "two negative dimensions": { ...scalar, shape: [-1, -2] },
    "a broken dimension": { ...scalar, shape: [0.5, 4] },
    "a dimension that is a text": { ...scalar, shape: ["2"] },
    "a shape that overflows": { ...scalar, shape: [2 ** 53 - 1, 2 ** 53 - 1] },
    "nine dimensions": { ...scalar, shape: [2, 1, 1, 1, 1, 1, 1, 1, 1] },
    "a buffer that is no multiple of four bytes": { ...scalar, shape: [1], buffer: 1 },
    "a value 40 deep": JSON.parse("[".repeat(40) + "]".repeat(40)),
    "a value 100,000 deep": JSON.parse("[".repeat(100_000) + "]".repeat(100_000)),
  };
  for (const [what, value] of Object.entries(values)) {
    await t.step(what, () => {
      const error = assertThrows(() => decodeValue(value, buffers()), KBertError, "Cannot pass");
      assertEquals(error.code, "wall/frame");
    });
  }
});

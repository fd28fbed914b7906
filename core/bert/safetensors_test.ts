import { assertEquals, assertStringIncludes, assertThrows } from "../deps/assert.ts";
import { Random } from "../tensor/random.ts";
import { KBertError } from "../wall/errors.ts";
import type { HostTensor } from "../wall/tensor.ts";
import { readSafetensors, writeSafetensors } from "./safetensors.ts";

Deno.test("readSafetensors() returns what writeSafetensors() was given, whatever the shapes", () => {
  for (let seed = 0; seed < 50; seed++) {
    const random = new Random(seed);
    const tensors = randomTensors(random);
    const metadata = { format: "pt", note: `text ${seed} with "quotes", a colon: and ümlauts` };

    const read = readSafetensors(writeSafetensors(tensors, metadata), "model.safetensors");

    assertEquals(read.metadata, metadata);
    assertEquals(read.tensors, tensors);
  }
});

Deno.test("readSafetensors() reads a file that starts at an odd place in memory", () => {
  const tensors = randomTensors(new Random(7));
  const written = writeSafetensors(tensors);
  for (const shift of [1, 2, 3, 4]) {
    const memory = new Uint8Array(written.length + shift);
    memory.set(written, shift);

    assertEquals(readSafetensors(memory.subarray(shift), "model.safetensors").tensors, tensors);
  }
});

Deno.test("readSafetensors() widens half precision exactly", () => {
  const half = file('{"x":{"dtype":"F16","shape":[6],"data_offsets":[0,12]}}', [
    ...[0x00, 0x3c, 0x00, 0xc1, 0x00, 0x7c, 0x01, 0x00, 0x00, 0x80, 0xff, 0x7b],
  ]);
  const brain = file('{"x":{"dtype":"BF16","shape":[6],"data_offsets":[0,12]}}', [
    ...[0x80, 0x3f, 0x20, 0xc0, 0x80, 0x7f, 0x01, 0x00, 0x00, 0x80, 0x7f, 0x7f],
  ]);

  assertEquals([...readX(half)], [1, -2.5, Infinity, 2 ** -24, -0, 65_504]);
  assertEquals([...readX(brain)], [1, -2.5, Infinity, 2 ** -133, -0, (2 - 2 ** -7) * 2 ** 127]);
});

Deno.test("readSafetensors() keeps a not-a-number of half precision", () => {
  const half = file('{"x":{"dtype":"F16","shape":[1],"data_offsets":[0,2]}}', [0x00, 0x7e]);
  const brain = file('{"x":{"dtype":"BF16","shape":[1],"data_offsets":[0,2]}}', [0xc0, 0x7f]);

  assertEquals([...readX(half), ...readX(brain)], [NaN, NaN]);
});

Deno.test("readSafetensors() reads 64-bit integers as int32 and refuses one that does not fit", () => {
  const header = '{"x":{"dtype":"I64","shape":[2],"data_offsets":[0,16]}}';
  const integers = (...values: bigint[]): number[] => [...new Uint8Array(new BigInt64Array(values).buffer)];

  assertEquals(
    readX(file(header, integers(2n ** 31n - 1n, -(2n ** 31n)))),
    new Int32Array([2147483647, -2147483648]),
  );
  assertRefused(file(header, integers(0n, 2n ** 31n)), '"x" holds 2147483648');
  assertRefused(file(header, integers(-(2n ** 31n) - 1n, 0n)), '"x" holds -2147483649');
  assertRefused(file(header, integers(2n ** 62n, 0n)), '"x" holds 4611686018427387904');
});

Deno.test("readSafetensors() takes names like __proto__ for names", () => {
  const tensors = new Map<string, HostTensor>(["__proto__", "constructor", "12", "2", ""].map((name, at) => [
    name,
    { dtype: "int32", shape: [1], data: new Int32Array([at]) },
  ]));
  const metadata = JSON.parse('{"__proto__": "a text", "toString": "another"}');

  const read = readSafetensors(writeSafetensors(tensors, metadata), "model.safetensors");

  assertEquals(read.tensors, tensors);
  assertEquals(Object.entries(read.metadata), Object.entries(metadata));
  assertEquals(read.metadata.valueOf, undefined);
  assertEquals(({} as Record<string, unknown>)["a text"], undefined);
});

Deno.test("writeSafetensors() writes the same bytes in whatever order the tensors come", () => {
  const entries = [...randomTensors(new Random(3))];

  const forward = writeSafetensors(new Map(entries), { a: "1", b: "2" });
  const backward = writeSafetensors(new Map(entries.toReversed()), { b: "2", a: "1" });

  assertEquals(forward, backward);
});

Deno.test("writeSafetensors() starts the numbers at a multiple of eight bytes", () => {
  for (let length = 0; length < 9; length++) {
    const x: HostTensor = { dtype: "float32", shape: [1], data: new Float32Array([1]) };
    const bytes = writeSafetensors(new Map([["x".repeat(length), x]]));

    assertEquals((bytes.length - 4) % 8, 0);
    assertEquals(new DataView(bytes.buffer).getFloat32(bytes.length - 4, true), 1);
  }
});

Deno.test("writeSafetensors() refuses a tensor that contradicts itself", () => {
  const write = (name: string, tensor: HostTensor) => () => writeSafetensors(new Map([[name, tensor]]));

  assertThrows(
    write("x", { dtype: "float32", shape: [2], data: new Float32Array(3) }),
    RangeError,
    "3 numbers",
  );
  assertThrows(write("x", { dtype: "int32", shape: [3], data: new Float32Array(3) }), RangeError, "int32");
  assertThrows(write("x", { dtype: "float32", shape: [3], data: new Int32Array(3) }), RangeError, "float32");
  assertThrows(
    write("__metadata__", { dtype: "float32", shape: [], data: new Float32Array(1) }),
    RangeError,
    "the format keeps it",
  );
});

Deno.test("readSafetensors() refuses a file whose header is not there", () => {
  assertRefused(new Uint8Array(), "it has 0 bytes");
  assertRefused(new Uint8Array(7), "it has 7 bytes");
  assertRefused(new Uint8Array([1, 0, 0, 0, 0, 0, 0, 0]), "claims 1 bytes and only 0 follow");
  assertRefused(file("{}", [], 3n), "claims 3 bytes and only 2 follow");
  assertRefused(file("{}", [], 100_000_001n), "at most 100000000 are allowed");
  assertRefused(file("{}", [], 2n ** 64n - 1n), "claims 18446744073709551615 bytes");
});

Deno.test("readSafetensors() refuses a header that is not the JSON it should be", () => {
  assertRefused(file(""), "is not JSON");
  assertRefused(file("{"), "is not JSON");
  assertRefused(file("{}\0"), "is not JSON");
  assertRefused(new Uint8Array([2, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xfe]), "is not JSON");
  assertRefused(file("[]"), "its header is []");
  assertRefused(file("null"), "its header is null");
  assertRefused(file('{"x":null}'), '"x" is described by null');
  assertRefused(file('{"x":[1]}'), '"x" is described by [1]');
  assertRefused(file('{"__metadata__":"text"}'), '__metadata__ is "text"');
  assertRefused(file('{"__metadata__":{"epoch":3}}'), '"epoch" of its __metadata__ is 3');
});

Deno.test("readSafetensors() refuses a tensor without a proper type, shape or range", () => {
  const entry = (dtype: string, shape: string, offsets: string) =>
    file(`{"x":{"dtype":${dtype},"shape":${shape},"data_offsets":${offsets}}}`, [0, 0, 0, 0]);

  assertRefused(file('{"x":{}}'), '"x" has the dtype nothing');
  assertRefused(entry('"F64"', "[1]", "[0,4]"), 'has the dtype "F64" and only F32, F16, BF16, I32, I64');
  assertRefused(entry('"toString"', "[1]", "[0,4]"), 'has the dtype "toString"');
  assertRefused(entry("7", "[1]", "[0,4]"), "has the dtype 7");
  assertRefused(entry('"F32"', "1", "[0,4]"), "has the shape 1");
  assertRefused(entry('"F32"', "[-1]", "[0,4]"), "has the shape [-1]");
  assertRefused(entry('"F32"', "[0.5,2]", "[0,4]"), "has the shape [0.5, 2]");
  assertRefused(entry('"F32"', '["1"]', "[0,4]"), "has the shape [string]");
  assertRefused(entry('"F32"', "[9007199254740993]", "[0,4]"), "has the shape");
  assertRefused(entry('"F32"', "[1]", "{}"), "has the data_offsets an object");
  assertRefused(entry('"F32"', "[1]", "[0]"), "has the data_offsets [0]");
  assertRefused(entry('"F32"', "[1]", "[0,4,8]"), "has the data_offsets [0, 4, 8]");
  assertRefused(entry('"F32"', "[1]", "[-4,0]"), "has the data_offsets [-4, 0]");
  assertRefused(entry('"F32"', "[1]", "[4,0]"), "begins at byte 4, after its end 0");
  assertRefused(entry('"F32"', "[2]", "[0,8]"), "ends at byte 8 of 4");
  assertRefused(entry('"F32"', "[2]", "[0,4]"), "has 4 bytes and its shape [2] of F32 takes 8");
  assertRefused(entry('"F32"', "[]", "[0,0]"), "has 0 bytes and its shape [] of F32 takes 4");
  assertRefused(entry('"F16"', "[1]", "[0,4]"), "takes 2");
  assertRefused(entry('"F32"', "[4294967296,4294967296,4294967296]", "[0,4]"), "has 4 bytes");
});

Deno.test("readSafetensors() refuses ranges that overlap, leave a hole or hide bytes", () => {
  const two = (a: string, b: string, bytes: number) =>
    file(
      `{"a":{"dtype":"F32","shape":[1],"data_offsets":${a}},"b":{"dtype":"F32","shape":[1],"data_offsets":${b}}}`,
      new Array(bytes).fill(0),
    );

  assertRefused(two("[0,4]", "[0,4]", 4), '"b" begins at byte 0, inside of another tensor');
  assertRefused(two("[2,6]", "[0,4]", 6), '"a" begins at byte 2, inside of another tensor');
  assertRefused(two("[0,4]", "[8,12]", 12), "the bytes 4 to 8 belong to no tensor");
  assertRefused(two("[4,8]", "[8,12]", 12), "the bytes 0 to 4 belong to no tensor");
  assertRefused(two("[0,4]", "[4,8]", 9), "the bytes 8 to 9 belong to no tensor");
  assertRefused(file("{}", [1]), "the bytes 0 to 1 belong to no tensor");
});

Deno.test("readSafetensors() refuses a name that is there twice, however it is written", () => {
  const x = '{"dtype":"F32","shape":[0],"data_offsets":[0,0]}';

  assertRefused(file(`{"x":${x},"x":${x}}`), "a name twice");
  assertRefused(file(`{"x":${x},"\\u0078":${x}}`), "a name twice");
  assertRefused(file('{"x":{"dtype":"F32","dtype":"F16","shape":[0],"data_offsets":[0,0]}}'), "a name twice");
});

Deno.test("readSafetensors() refuses a header nested deeper than the stack", () => {
  const deep = 200_000;

  assertRefused(file(`{"x":{"dtype":${"[".repeat(deep)}${"]".repeat(deep)}}}`), "has the dtype [object]");
});

/** Tensors of both types with up to three axes, some of them empty, under names in sorted order. */
function randomTensors(random: Random): Map<string, HostTensor> {
  const shapes = [[], [0, 3], ...Array.from({ length: 4 }, () => randomShape(random))];
  return new Map(shapes.map((shape, at): [string, HostTensor] => {
    const length = shape.reduce((product, size) => product * size, 1);
    const name = `layer.${at}.weight: "${"é".repeat(random.below(3))}"`;
    return random.below(2) === 0
      ? [name, { dtype: "float32", shape, data: Float32Array.from({ length }, () => random.normal()) }]
      : [name, { dtype: "int32", shape, data: Int32Array.from({ length }, () => random.uint32() | 0) }];
  }));
}

function randomShape(random: Random): number[] {
  return Array.from({ length: random.below(4) }, () => random.below(5));
}

/** A file with this header and these bytes; `length` is what the file claims its header to have. */
function file(header: string, data: readonly number[] = [], length?: bigint): Uint8Array {
  const json = new TextEncoder().encode(header);
  const bytes = new Uint8Array(8 + json.length + data.length);
  new DataView(bytes.buffer).setBigUint64(0, length ?? BigInt(json.length), true);
  bytes.set(json, 8);
  bytes.set(data, 8 + json.length);
  return bytes;
}

function readX(bytes: Uint8Array): Float32Array | Int32Array {
  return readSafetensors(bytes, "model.safetensors").tensors.get("x")!.data;
}

function assertRefused(bytes: Uint8Array, found: string): void {
  const error = assertThrows(() => readSafetensors(bytes, "model.safetensors"), KBertError);

  assertEquals(error.code, "weights/invalid");
  assertEquals(error.detail, { file: "model.safetensors" });
  assertStringIncludes(error.message, found);
  assertStringIncludes(error.message, "model.safetensors: ");
  assertStringIncludes(error.message, "download or write the file again");
}

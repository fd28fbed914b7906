import { assert, assertEquals, assertThrows } from "../deps/assert.ts";
import { fc } from "../../tests/deps/fast_check.ts";
import { BufferPool } from "./buffer_pool.ts";
import { KBertError } from "./errors.ts";
import { type Frame, FRAME_LIMITS } from "./frame.ts";
import { encodeFrame, FrameDecoder, moveBuffers } from "./pipe_frame.ts";

/** The bytes of frames, one after the other. */
function bytesOf(...frames: Frame[]): Uint8Array<ArrayBuffer> {
  const parts = frames.flatMap(encodeFrame);
  const all = new Uint8Array(parts.reduce((sum, { byteLength }) => sum + byteLength, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.byteLength;
  }
  return all;
}

/** The first numbers of a frame, whatever they promise. */
function numbers(...values: number[]): Uint8Array<ArrayBuffer> {
  return new Uint8Array(Uint32Array.from(values).buffer); // on the little-endian machines that there are
}

/** What a decoder finds in these pieces, and the decoder. */
function decode(pieces: Iterable<Uint8Array>): { frames: (Frame | string)[]; decoder: FrameDecoder } {
  const frames: (Frame | string)[] = [];
  const decoder = new FrameDecoder("it", (frame) => frames.push(frame));
  for (const piece of pieces) decoder.push(piece);
  return { frames, decoder };
}

/** As it arrives: a bare head if there are no buffers. */
function arrived({ head, buffers }: Frame): Frame | string {
  return buffers.length === 0 ? head : { head, buffers };
}

const anyFrame: fc.Arbitrary<Frame> = fc.record({
  head: fc.string({ unit: "grapheme", maxLength: 50 }),
  buffers: fc.array(fc.uint8Array({ maxLength: 40 }).map((bytes) => bytes.slice().buffer), { maxLength: 4 }),
});

/** Cuts bytes at these places. */
function cut(bytes: Uint8Array, places: readonly number[]): Uint8Array[] {
  const sorted = [
    0,
    ...places.map((place) => place % (bytes.length + 1)).sort((a, b) => a - b),
    bytes.length,
  ];
  return sorted.slice(1).map((end, index) => bytes.subarray(sorted[index], end));
}

Deno.test("FrameDecoder finds the frames that encodeFrame() wrote, however they are cut", () => {
  fc.assert(
    fc.property(
      fc.array(anyFrame, { maxLength: 5 }),
      fc.array(fc.nat(), { maxLength: 20 }),
      (frames, places) => {
        const { frames: found, decoder } = decode(cut(bytesOf(...frames), places));

        assertEquals(found, frames.map(arrived));
        assert(!decoder.isWithinFrame);
      },
    ),
    { seed: 1, numRuns: 300 },
  );
});

Deno.test("FrameDecoder finds them byte by byte, and knows that every shorter piece is not the whole", () => {
  const frame = { head: "é{}", buffers: [Uint8Array.of(1, 2).buffer, new ArrayBuffer(0)] };
  const bytes = bytesOf(frame);

  const { frames } = decode(Array.from(bytes, (byte) => Uint8Array.of(byte)));
  assertEquals(frames, [frame]);
  for (let length = 1; length < bytes.length; length++) {
    const { frames, decoder } = decode([bytes.subarray(0, length)]);
    assertEquals([frames.length, decoder.isWithinFrame], [0, true], `${length} bytes`);
  }
});

Deno.test("FrameDecoder lets a large buffer be read straight into its place", () => {
  const large = new Uint8Array(200_000).map((_, index) => index);
  const frame = { head: "h", buffers: [large.buffer, new ArrayBuffer(0)] };
  const bytes = bytesOf(frame);
  const frames: unknown[] = [];
  const decoder = new FrameDecoder("it", (frame) => frames.push(frame));

  const before = bytes.length - 150_000;
  decoder.push(bytes.subarray(0, before));
  for (let at = before; at < bytes.length;) {
    const wanted = decoder.wanted;
    const end = Math.min(bytes.length, at + Math.min(wanted?.length ?? Infinity, 40_000));
    if (wanted) wanted.set(bytes.subarray(at, end));
    if (wanted) decoder.filled(end - at);
    else decoder.push(bytes.subarray(at, end));
    at = end;
  }

  assertEquals(frames.length, 1);
  assertEquals(frames[0], frame);
  assertEquals(decoder.wanted, undefined);
});

Deno.test("FrameDecoder refuses a frame over each limit by its numbers alone", async (t) => {
  const { headCharacters, buffers, bytes } = FRAME_LIMITS;
  const most = 2 ** 32 - 1;
  const cases: Record<string, [bytes: Uint8Array, limit: number, value: number]> = {
    "a head": [numbers(most, 0), 3 * headCharacters, most],
    "a head that is one byte too long": [
      numbers(3 * headCharacters + 1, 0),
      3 * headCharacters,
      3 * headCharacters + 1,
    ],
    "buffers": [numbers(2, most), buffers, most],
    "one buffer": [numbers(2, 1, most), bytes, most],
    "all buffers together": [numbers(2, 3, bytes / 2, bytes / 2, 1), bytes, bytes + 1],
    "sums beyond 32 bits": [numbers(2, 256, ...Array(256).fill(most)), bytes, 256 * most],
  };
  for (const [what, [input, limit, value]] of Object.entries(cases)) {
    await t.step(what, () => {
      const error = assertThrows(() => decode([input]), KBertError, "it sent a frame of");
      assertEquals([error.code, error.detail], ["wall/frame", { plugin: "it", limit, value }]);
    });
  }
});

Deno.test("FrameDecoder refuses a head that is not UTF-8, and takes one as large as the limit", () => {
  const error = assertThrows(() => decode([numbers(2, 0), Uint8Array.of(0xc3, 0x28)]), KBertError);
  assertEquals(error.code, "wall/frame");

  const head = "€".repeat(FRAME_LIMITS.headCharacters);
  assertEquals(decode([bytesOf({ head, buffers: [] })]).frames, [head]);
});

Deno.test("FrameDecoder gives a buffer its memory only when those before it have come", () => {
  const taken: number[] = [];
  const pool = { take: (bytes: number) => (taken.push(bytes), new ArrayBuffer(bytes)) };
  const decoder = new FrameDecoder("it", () => {}, pool);

  decoder.push(numbers(2, 3, 10, 100, 1_000));
  assertEquals(taken, []);
  decoder.push(new TextEncoder().encode("{}"));
  assertEquals(taken, [10]);
  decoder.push(new Uint8Array(11));
  assertEquals(taken, [10, 100]);
});

Deno.test("FrameDecoder answers any bytes with frames within the limits or with one error", () => {
  const limits = { headCharacters: 20, buffers: 3, bytes: 64 };
  // Small numbers first, or nothing but the first check would be tried.
  const anyBytes = fc.tuple(
    fc.nat({ max: 70 }),
    fc.nat({ max: 4 }),
    fc.array(fc.nat({ max: 40 }), { maxLength: 4 }),
  )
    .chain(([head, count, lengths]) =>
      fc.uint8Array({ maxLength: 200 }).map((rest) => [numbers(head, count, ...lengths), rest])
    );
  fc.assert(
    fc.property(fc.array(anyBytes, { maxLength: 4 }), (pieces) => {
      const frames: (Frame | string)[] = [];
      const decoder = new FrameDecoder("it", (frame) => frames.push(frame), new BufferPool(), limits);
      try {
        for (const piece of pieces.flat()) decoder.push(piece);
      } catch (error) {
        assert(error instanceof KBertError && error.code === "wall/frame", String(error));
      }
      for (const frame of frames) {
        const { head, buffers } = typeof frame === "string" ? { head: frame, buffers: [] } : frame;
        assert(head.length <= 60 && buffers.length <= 3);
        assert(buffers.reduce((sum, { byteLength }) => sum + byteLength, 0) <= 64);
      }
    }),
    { seed: 2, numRuns: 1_000 },
  );
});

Deno.test("encodeFrame() packs small buffers with the head and writes large ones without a copy", () => {
  const large = new ArrayBuffer(2 ** 15);
  const small = new ArrayBuffer(1);

  assertEquals(encodeFrame({ head: "{}", buffers: [small, small] }).length, 1);
  assertEquals(encodeFrame({ head: "{}", buffers: [large] }).length, 1);
  const parts = encodeFrame({ head: "{}", buffers: [large, small] });
  assertEquals(parts.length, 3);
  assert(parts[1]!.buffer === large);
});

Deno.test("moveBuffers() empties the sender's, and takes none if one of them cannot be moved", () => {
  const [one, two] = [Uint8Array.of(1).buffer, Uint8Array.of(2).buffer];

  for (const buffers of [[one, one], [one, new ArrayBuffer(1).transfer(), gone()]]) {
    assertThrows(() => moveBuffers(buffers), DOMException);
    assertEquals(one.byteLength, 1);
  }
  const moved = moveBuffers([one, two]);

  assertEquals(moved.map((buffer) => new Uint8Array(buffer)[0]), [1, 2]);
  assertEquals([one.detached, two.detached], [true, true]);
});

Deno.test("BufferPool keeps the newest buffers up to its limit", () => {
  const pool = new BufferPool(2 ** 18);
  const [a, b, c] = [2 ** 17, 2 ** 17, 2 ** 16].map((bytes) => new ArrayBuffer(bytes));

  for (const buffer of [a!, b!, c!, new ArrayBuffer(2 ** 19), new ArrayBuffer(10)]) pool.give(buffer);

  assertEquals(pool.bytes, 2 ** 17 + 2 ** 16);
  assert(pool.take(2 ** 17) === b);
  assert(pool.take(2 ** 17) !== a);
  assert(pool.take(2 ** 16) === c);
  assertEquals(pool.bytes, 0);
});

/** A buffer that was moved. */
function gone(): ArrayBuffer {
  const buffer = new ArrayBuffer(1);
  buffer.transfer();
  return buffer;
}

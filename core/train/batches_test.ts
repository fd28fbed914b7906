import { assert, assertEquals, assertLess, assertNotEquals } from "../deps/assert.ts";
import { Random } from "../tensor/random.ts";
import { chunks, epochBatches } from "./batches.ts";

Deno.test("epochBatches() has every example exactly once, in batches of the size", async (t) => {
  for (const [examples, batchSize] of [[1, 32], [32, 32], [33, 32], [1_000, 32], [500, 7], [3, 1]] as const) {
    await t.step(`${examples} in batches of ${batchSize}`, () => {
      const batches = epochBatches(lengthsOf(examples), { batchSize, seed: 1, epoch: 0 });

      assertEquals(batches.flat().sort((a, b) => a - b), [...Array(examples).keys()]);
      assertEquals(batches.length, Math.ceil(examples / batchSize));
      const short = batches.filter(({ length }) => length !== batchSize);
      assertEquals(
        short.map(({ length }) => length),
        examples % batchSize === 0 ? [] : [examples % batchSize],
      );
    });
  }
});

Deno.test("epochBatches() has none for no examples", () => {
  assertEquals(epochBatches([], { batchSize: 4, seed: 1, epoch: 0 }), []);
});

Deno.test("epochBatches() is the same for the same seed and epoch, and another one for others", () => {
  const lengths = lengthsOf(200);

  const batches = epochBatches(lengths, { batchSize: 8, seed: 1, epoch: 2 });

  assertEquals(batches, epochBatches(lengths, { batchSize: 8, seed: 1, epoch: 2 }));
  for (const [seed, epoch] of [[1, 0], [1, 1], [1, 3], [2, 2]] as const) {
    const others = epochBatches(lengths, { batchSize: 8, seed, epoch });
    assertNotEquals(others, batches);
    const known = new Set(batches.map((batch) => batch.toSorted().join()));
    assert(others.every((batch) => !known.has(batch.toSorted().join())), "a batch came back whole");
  }
});

Deno.test("epochBatches() leaves the lengths as they are", () => {
  const lengths = lengthsOf(50);
  const before = [...lengths];

  epochBatches(lengths, { batchSize: 8, seed: 1, epoch: 0 });

  assertEquals(lengths, before);
});

Deno.test("epochBatches() puts texts of like length together: a tenth of the padding of a random order", () => {
  const lengths = lengthsOf(2_048);
  const random = chunks(new Random(3).shuffle([...lengths.keys()]), 32);

  const batches = epochBatches(lengths, { batchSize: 32, seed: 1, epoch: 0 });

  assertLess(paddingOf(batches, lengths), paddingOf(random, lengths) / 10);
});

Deno.test("epochBatches() gives the batches of a window in random order, not the short ones first", () => {
  const lengths = lengthsOf(16 * 32);

  const longest = epochBatches(lengths, { batchSize: 32, seed: 1, epoch: 0 })
    .map((batch) => Math.max(...batch.map((index) => lengths[index]!)));

  assertNotEquals(longest, longest.toSorted((a, b) => a - b));
});

Deno.test("chunks() cuts a list into parts of a size, the last one shorter", () => {
  assertEquals(chunks([1, 2, 3, 4, 5], 2), [[1, 2], [3, 4], [5]]);
  assertEquals(chunks([1, 2], 2), [[1, 2]]);
  assertEquals(chunks([1, 2], 5), [[1, 2]]);
  assertEquals(chunks([], 2), []);
});

/** Lengths from 3 to 128 tokens. */
function lengthsOf(count: number): number[] {
  const random = new Random(7);
  return Array.from({ length: count }, () => 3 + random.below(126));
}

/** Tokens that are nothing but padding to the longest of their batch. */
function paddingOf(batches: readonly (readonly number[])[], lengths: readonly number[]): number {
  let padding = 0;
  for (const batch of batches) {
    const longest = Math.max(...batch.map((index) => lengths[index]!));
    for (const index of batch) padding += longest - lengths[index]!;
  }
  return padding;
}

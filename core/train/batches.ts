/**
 * Which examples make up which batch: shuffled, yet with texts of like length together.
 *
 * Everything is a function of the seed and the epoch, so that a resumed run finds the batches that the
 * interrupted one would have had, and nothing has to be saved.
 *
 * @module
 */
import { Random } from "../tensor/random.ts";

/** Batches of texts are sorted by length within windows of this many batches. */
const WINDOW_BATCHES = 16;
/** Keeps these streams apart from the other users of the run's seed. */
const STREAM = 0x0ba7c4;

/**
 * The batches of one epoch, as lists of indices. Every example is in exactly one of them.
 *
 * Long windows waste the least on padding and shuffle the least; 16 batches lose nothing that was seen.
 *
 * @param lengths tokens of every example
 *
 * @example
 * ```ts
 * import { epochBatches } from "./batches.ts";
 * import { assertEquals } from "../deps/assert.ts";
 *
 * const batches = epochBatches([5, 90, 6, 88], { batchSize: 2, seed: 1, epoch: 0 });
 * assertEquals(batches.flat().sort(), [0, 1, 2, 3]);
 * ```
 */
export function epochBatches(
  lengths: readonly number[],
  { batchSize, seed, epoch }: { batchSize: number; seed: number; epoch: number },
): number[][] {
  const random = Random.at(seed, STREAM, epoch);
  const order = random.shuffle([...lengths.keys()]);
  const batches: number[][] = [];
  for (const window of chunks(order, batchSize * WINDOW_BATCHES)) {
    window.sort((a, b) => lengths[a]! - lengths[b]!);
    batches.push(...random.shuffle(chunks(window, batchSize)));
  }
  return batches;
}

/** The list in parts of `size`; the last one may be shorter. */
export function chunks<Item>(items: readonly Item[], size: number): Item[][] {
  return Array.from(
    { length: Math.ceil(items.length / size) },
    (_, index) => items.slice(index * size, (index + 1) * size),
  );
}

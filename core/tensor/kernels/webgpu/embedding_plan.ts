/**
 * The plan by which the gradient of an embedding is added up: positions of a batch, sorted by their id.
 *
 * An id that comes often (padding, a full stop) would be one long sum in one place of the device while the
 * rest waits, so long lists are cut into pieces, whose sums are added in a second round. How long a plan is
 * and where its parts are follows from the count of ids alone; how much of it is in use stands in the plan.
 *
 * @module
 */

/** Where the parts of a plan are, as word numbers. */
export interface EmbeddingLayout {
  /** How many words the plan has. */
  readonly words: number;
  /** At most so many lists; each is a whole one or a piece of one. */
  readonly mostLists: number;
  /** At most so many lists are cut. */
  readonly mostCuts: number;
  /** Those have at most so many pieces together. */
  readonly mostPieces: number;
  /** Positions of the batch, list after list. */
  readonly positions: number;
  /** Where each list starts, counted from `positions`; one more is the end of the last one. */
  readonly starts: number;
  /** Of each list: the row of the table that its sum is, or `-1 - piece`. */
  readonly outputs: number;
  /** Of each list that is cut: the number of its first piece; one more is the end of the last one's. */
  readonly cutStarts: number;
  /** Of each list that is cut: the row of the table. */
  readonly cutOutputs: number;
}

/** The word that says how many lists there are. */
export const LISTS = 0;
/** The word that says how many are cut. */
export const CUTS = 1;

/** Rows of a piece. */
const PIECE = 64;

/** The layout for a count of ids. */
export function layOut(length: number): EmbeddingLayout {
  const mostCuts = Math.floor(length / (PIECE + 1));
  const positions = 2;
  const starts = positions + length;
  const outputs = starts + length + 1;
  const cutStarts = outputs + length;
  const cutOutputs = cutStarts + mostCuts + 1;
  return {
    words: cutOutputs + mostCuts,
    ...{ mostLists: length, mostCuts },
    mostPieces: Math.floor(2 * length / (PIECE + 1)), // the shortest list that is cut has two
    ...{ positions, starts, outputs, cutStarts, cutOutputs },
  };
}

/**
 * Plans the sums for the ids of a batch: those of one id in the order in which they stand. Words that are not
 * in use are zero.
 *
 * @example
 * ```ts
 * import { layOut, LISTS, planEmbedding } from "./embedding_plan.ts";
 * import { assertEquals } from "../../../deps/assert.ts";
 *
 * const words = planEmbedding(Int32Array.of(7, 2, 7));
 *
 * const { outputs, positions, starts } = layOut(3);
 * const part = (from: number, count: number) => [...words.subarray(from, from + count)];
 * assertEquals(words[LISTS], 2);
 * assertEquals(part(outputs, 2), [2, 7]);
 * assertEquals(part(positions, 3), [1, 0, 2]);
 * assertEquals(part(starts, 3), [0, 1, 3]);
 * ```
 */
export function planEmbedding(ids: Int32Array): Int32Array {
  const layout = layOut(ids.length);
  const words = new Int32Array(layout.words);
  const order = sortedPositions(ids);
  words.set(order, layout.positions);
  let [lists, cuts, pieces] = [0, 0, 0];
  for (let [start, end] = [0, 0]; start < order.length; start = end) {
    const id = ids[order[start]!]!;
    while (end < order.length && ids[order[end]!] === id) end++;
    const isCut = end - start > PIECE;
    if (isCut) {
      words[layout.cutStarts + cuts] = pieces;
      words[layout.cutOutputs + cuts++] = id;
    }
    for (let at = start; at < end; at += PIECE) {
      words[layout.starts + lists] = at;
      words[layout.outputs + lists++] = isCut ? -1 - pieces++ : id;
    }
  }
  words[layout.starts + lists] = order.length;
  words[layout.cutStarts + cuts] = pieces;
  words[LISTS] = lists;
  words[CUTS] = cuts;
  return words;
}

/** One number holds the id and the position, so that the plain sort of numbers keeps the order. */
function sortedPositions(ids: Int32Array): Int32Array {
  const keys = new Float64Array(ids.length);
  for (let position = 0; position < ids.length; position++) {
    keys[position] = ids[position]! * ids.length + position;
  }
  keys.sort();
  const order = new Int32Array(ids.length);
  for (let at = 0; at < order.length; at++) order[at] = keys[at]! % ids.length;
  return order;
}

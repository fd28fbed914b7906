/**
 * The plan by which the gradient of an embedding is added up: positions of a batch, sorted by their id.
 *
 * An id that comes often (padding, a full stop) would be one long sum in one place of the device while the
 * rest waits, so long lists are cut into pieces, whose sums are added in a second round.
 *
 * @module
 */

/** Lists of rows in the words of a plan; places are word numbers. */
export interface EmbeddingLists {
  /** How many lists. */
  readonly lists: number;
  /** Where the first list's start is; starts count rows from `inputs`, and one more is the end of the last. */
  readonly starts: number;
  /** Where the numbers of the rows that are added are. */
  readonly inputs: number;
  /** Where the numbers of the rows that the sums go to are. */
  readonly outputs: number;
}

/** What is added to what. */
export interface EmbeddingPlan {
  readonly words: Int32Array;
  /** Over rows of the batch. Goes to rows of the table, or, if there is a second round, to the pieces. */
  readonly pieces: EmbeddingLists;
  /** Over pieces, to rows of the table; undefined if every list is one piece. */
  readonly whole: EmbeddingLists | undefined;
}

/** Rows of a piece. */
const PIECE = 64;

/**
 * Plans the sums for the ids of a batch: those of one id in the order in which they stand.
 *
 * @example
 * ```ts
 * import { planEmbedding } from "./embedding_plan.ts";
 * import { assertEquals } from "../../../deps/assert.ts";
 *
 * const { words, pieces } = planEmbedding(Int32Array.of(7, 2, 7));
 *
 * const part = (from: number, count: number) => [...words.subarray(from, from + count)];
 * assertEquals(part(pieces.outputs, pieces.lists), [2, 7]);
 * assertEquals(part(pieces.inputs, 3), [1, 0, 2]);
 * assertEquals(part(pieces.starts, 3), [0, 1, 3]);
 * ```
 */
export function planEmbedding(ids: Int32Array): EmbeddingPlan {
  const order = sortedPositions(ids);
  const [starts, pieceIds, firstPieces, distinct]: number[][] = [[], [], [], []];
  let [lastId, lastStart] = [-1, 0];
  for (let at = 0; at < order.length; at++) {
    const id = ids[order[at]!]!;
    if (id === lastId && at - lastStart < PIECE) continue;
    if (id !== lastId) {
      distinct!.push(id);
      firstPieces!.push(starts!.length);
    }
    starts!.push(at);
    pieceIds!.push(id);
    [lastId, lastStart] = [id, at];
  }
  const count = starts!.length;
  firstPieces!.push(count);
  starts!.push(ids.length);
  const isCut = count > distinct!.length;
  const numbers = isCut ? Int32Array.from(starts!.keys()) : [];
  const words = new Words([order, starts!, pieceIds!, numbers, firstPieces!, distinct!]);
  const [inputs, startsAt, idsAt, numbersAt, firstAt, distinctAt] = words.places as Six;
  return {
    words: words.all,
    pieces: { lists: count, starts: startsAt, inputs, outputs: isCut ? numbersAt : idsAt },
    whole: isCut
      ? { lists: distinct!.length, starts: firstAt, inputs: numbersAt, outputs: distinctAt }
      : undefined,
  };
}

type Six = [number, number, number, number, number, number];

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

/** Lists behind each other in one array, so that one upload does. */
class Words {
  readonly all: Int32Array;
  /** Where each list begins. */
  readonly places: readonly number[];

  constructor(lists: readonly ArrayLike<number>[]) {
    let size = 0;
    this.places = lists.map(({ length }) => (size += length) - length);
    this.all = new Int32Array(size);
    lists.forEach((list, index) => this.all.set(list, this.places[index]));
  }
}

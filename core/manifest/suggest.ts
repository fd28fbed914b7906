/**
 * The nearest valid word for one that was mistyped: "did you mean …?".
 *
 * `learning_rate`, `learning-rate` and `learningRate` count as the same word, because people come from
 * Python. A word that is too far from everything gets no suggestion: a wrong one is worse than none.
 *
 * @module
 */

/** Longer words are not typing errors, and the distance costs the product of both lengths. */
const MAX_CHARACTERS = 64;

/**
 * The candidate that `word` was probably meant to be; of equally near ones, the first.
 *
 * @example A slip and another convention
 * ```ts
 * import { suggest } from "./suggest.ts";
 * import { assertEquals } from "../deps/assert.ts";
 *
 * const keys = ["epochs", "batchSize", "learningRate"];
 * assertEquals(suggest("epoch", keys), "epochs");
 * assertEquals(suggest("learning_rate", keys), "learningRate");
 * assertEquals(suggest("colour", keys), undefined);
 * ```
 */
export function suggest(word: string, candidates: readonly string[]): string | undefined {
  const wanted = normalize(word);
  if (wanted === "" || wanted.length > MAX_CHARACTERS) return undefined;
  let nearest: string | undefined;
  let least = Math.max(1, Math.floor(wanted.length / 3)) + 1;
  for (const candidate of candidates) {
    const distance = editDistance(wanted, normalize(candidate).slice(0, 2 * MAX_CHARACTERS));
    if (distance < least && distance < wanted.length) [nearest, least] = [candidate, distance];
  }
  return nearest;
}

function normalize(word: string): string {
  return word.toLowerCase().replace(/[_\-\s]/g, "");
}

/** Insertions, deletions, replacements and swaps of neighbours (Damerau 1964), row by row. */
function editDistance(from: string, to: string): number {
  let before: number[] = [];
  let above = Array.from({ length: to.length + 1 }, (_, column) => column);
  for (let row = 1; row <= from.length; row++) {
    const current = [row];
    for (let column = 1; column <= to.length; column++) {
      const replaced = above[column - 1]! + (from[row - 1] === to[column - 1] ? 0 : 1);
      let cost = Math.min(replaced, above[column]! + 1, current[column - 1]! + 1);
      if (row > 1 && column > 1 && from[row - 1] === to[column - 2] && from[row - 2] === to[column - 1]) {
        cost = Math.min(cost, before[column - 2]! + 1);
      }
      current.push(cost);
    }
    [before, above] = [above, current];
  }
  return above[to.length]!;
}

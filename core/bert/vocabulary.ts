/**
 * Learns a WordPiece vocabulary from texts, for a model that is trained from scratch.
 *
 * A vocabulary of one's own is small (the embedding of 30,522 words is 90 % of a tiny BERT) and knows
 * the words of its domain whole. The algorithm is the one of the original trainer: start from single
 * characters and join the most frequent neighbours until the size is reached; a piece that does not
 * start a word is written with `##`.
 *
 * @see Schuster and Nakajima 2012, "Japanese and Korean voice search"; Wu et al. 2016, section 4.1
 *
 * @module
 */

/** The tokens that every BERT vocabulary starts with, in the order of their ids. */
export const SPECIAL_TOKENS = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"] as const;

/** Settings of {@linkcode learnVocabulary}. */
export interface VocabularyOptions {
  /** Number of tokens, the five special ones included. @default {8_000} */
  size?: number;
  /** A pair of pieces must occur this often to be joined. @default {3} */
  minFrequency?: number;
  /** The most frequent characters that get a token; texts are full of rare ones. @default {256} */
  maxCharacters?: number;
}

/**
 * Learns the tokens, in the order of their ids. The same texts give the same vocabulary.
 *
 * @example A frequent word becomes one token
 * ```ts
 * import { learnVocabulary } from "./vocabulary.ts";
 * import { assert } from "../deps/assert.ts";
 *
 * const vocabulary = learnVocabulary(["free money", "free offer", "Free!"], { size: 60, minFrequency: 2 });
 * assert(vocabulary.includes("free"));
 * ```
 */
export function learnVocabulary(
  texts: Iterable<string>,
  { size = 8_000, minFrequency = 3, maxCharacters = 256 }: VocabularyOptions = {},
): string[] {
  const counts = countWords(texts);
  const alphabet = frequentCharacters(counts, maxCharacters);
  const tokens = new Set<string>(SPECIAL_TOKENS);
  for (const character of alphabet) tokens.add(character);
  for (const character of alphabet) tokens.add(`##${character}`);

  const merger = new Merger(counts, new Set(alphabet));
  while (tokens.size < size) {
    const joined = merger.joinMostFrequent(minFrequency);
    if (joined === undefined) break;
    tokens.add(joined);
  }
  return [...tokens].slice(0, size);
}

/** BERT's "basic" tokenization: lower case, no accents or control characters, punctuation and Han apart. */
export function splitWords(text: string): string[] {
  return text
    .replace(/[^\S ]/g, " ")
    .replace(/\p{C}/gu, "")
    .toLowerCase().normalize("NFD").replace(/\p{Mn}/gu, "")
    .match(/[\p{P}$+<=>^`|~]|\p{Script=Han}|[^\s\p{P}$+<=>^`|~\p{Script=Han}]+/gu) ?? [];
}

/** Longer "words" are encoded attachments or rulers. */
const MAX_WORD_CHARACTERS = 40;

function countWords(texts: Iterable<string>): Map<string, number> {
  const counts = new Map<string, number>();
  for (const text of texts) {
    for (const word of splitWords(text)) {
      if (word.length <= MAX_WORD_CHARACTERS) counts.set(word, (counts.get(word) ?? 0) + 1);
    }
  }
  return counts;
}

function frequentCharacters(counts: ReadonlyMap<string, number>, most: number): string[] {
  const frequency = new Map<string, number>();
  for (const [word, count] of counts) {
    for (const character of word) frequency.set(character, (frequency.get(character) ?? 0) + count);
  }
  return [...frequency].sort(byCountThenText).slice(0, most).map(([character]) => character);
}

/** Words as lists of pieces, and where each pair of neighbours occurs, kept up to date by every join. */
class Merger {
  readonly #words: { pieces: string[]; count: number }[] = [];
  readonly #pairs = new Map<string, { count: number; words: Set<number> }>();
  /** Candidate pairs by count. Counts change, so an entry is checked against the truth when it surfaces. */
  readonly #heap = new MaxHeap();

  constructor(counts: ReadonlyMap<string, number>, alphabet: ReadonlySet<string>) {
    for (const [word, count] of counts) {
      const characters = [...word];
      if (!characters.every((character) => alphabet.has(character))) continue;
      const pieces = characters.map((character, index) => index === 0 ? character : `##${character}`);
      const index = this.#words.push({ pieces, count }) - 1;
      this.#countPairs(index, +1);
    }
    for (const [pair, { count }] of this.#pairs) this.#heap.push(count, pair);
  }

  /** Joins the most frequent pair everywhere and returns the new piece; undefined when none is left. */
  joinMostFrequent(minFrequency: number): string | undefined {
    for (let top = this.#heap.pop(); top !== undefined; top = this.#heap.pop()) {
      const pair = this.#pairs.get(top.pair);
      if (pair === undefined || pair.count < minFrequency) continue;
      if (pair.count !== top.count) {
        this.#heap.push(pair.count, top.pair);
        continue;
      }
      const [left, right] = top.pair.split(" ") as [string, string];
      const joined = left + right.slice(2);
      const touched = new Set<string>();
      for (const index of [...pair.words]) this.#join(index, left, right, joined, touched);
      for (const changed of touched) {
        this.#heap.push(this.#pairs.get(changed)?.count ?? 0, changed);
      }
      return joined;
    }
    return undefined;
  }

  #join(index: number, left: string, right: string, joined: string, touched: Set<string>): void {
    this.#countPairs(index, -1);
    const word = this.#words[index]!;
    const pieces: string[] = [];
    for (let at = 0; at < word.pieces.length; at++) {
      const match = word.pieces[at] === left && word.pieces[at + 1] === right;
      pieces.push(match ? joined : word.pieces[at]!);
      if (match) at++;
    }
    word.pieces = pieces;
    this.#countPairs(index, +1);
    for (const pair of neighbours(pieces)) if (pair.includes(joined)) touched.add(pair);
  }

  #countPairs(index: number, sign: 1 | -1): void {
    const { pieces, count } = this.#words[index]!;
    for (const pair of neighbours(pieces)) {
      const entry = this.#pairs.get(pair) ?? { count: 0, words: new Set<number>() };
      entry.count += sign * count;
      if (sign === 1) entry.words.add(index);
      else entry.words.delete(index);
      if (entry.count > 0) this.#pairs.set(pair, entry);
      else this.#pairs.delete(pair);
    }
  }
}

function* neighbours(pieces: readonly string[]): Iterable<string> {
  for (let at = 1; at < pieces.length; at++) yield `${pieces[at - 1]} ${pieces[at]}`;
}

/** A binary heap, largest count first; equal counts in the order of the text, so that runs repeat. */
class MaxHeap {
  readonly #items: { count: number; pair: string }[] = [];

  push(count: number, pair: string): void {
    const items = this.#items;
    let at = items.push({ count, pair }) - 1;
    while (at > 0) {
      const up = (at - 1) >> 1;
      if (!before(items[at]!, items[up]!)) break;
      [items[at], items[up]] = [items[up]!, items[at]!];
      at = up;
    }
  }

  pop(): { count: number; pair: string } | undefined {
    const items = this.#items;
    const top = items[0];
    const last = items.pop();
    if (top === undefined || last === undefined || items.length === 0) return top;
    items[0] = last;
    for (let at = 0;;) {
      let first = at;
      for (const child of [2 * at + 1, 2 * at + 2]) {
        if (child < items.length && before(items[child]!, items[first]!)) first = child;
      }
      if (first === at) return top;
      [items[at], items[first]] = [items[first]!, items[at]!];
      at = first;
    }
  }
}

function before(a: { count: number; pair: string }, b: { count: number; pair: string }): boolean {
  return a.count !== b.count ? a.count > b.count : a.pair < b.pair;
}

function byCountThenText(a: [string, number], b: [string, number]): number {
  return b[1] - a[1] || (a[0] < b[0] ? -1 : 1);
}

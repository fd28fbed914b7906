/**
 * Replaces words of a text by synonyms.
 *
 * @see Wei and Zou 2019, "EDA", section 2, operation SR, https://arxiv.org/abs/1901.11196
 * @module
 */
import { joinWords, type Random, splitWords } from "k-bert/sdk";
import type { Thesaurus } from "./thesaurus.ts";

/** What a replacement depends on. */
export interface ReplacementOptions {
  readonly thesaurus: Thesaurus;
  /** Share of all words of the text that are replaced. */
  readonly share: number;
  readonly random: Random;
  /** Most UTF-16 units that it may add. */
  readonly room: number;
}

/**
 * The text with `max(1, share n)` of its `n` words replaced, or as many as have synonyms and as there is room
 * for. Which words, and by which synonym, is drawn; every other sign stays. So do words that a sign ties to
 * another: parts of addresses and of compounds ("www.win.com", "well-known").
 *
 * @example
 * ```ts
 * import { replaceWords } from "./replacement.ts";
 * import { Thesaurus } from "./thesaurus.ts";
 * import { Random } from "k-bert/sdk";
 * import { assertEquals } from "@std/assert";
 *
 * const thesaurus = new Thesaurus("big:large", new Set());
 * const options = { thesaurus, share: 0.1, random: new Random(1), room: 100 };
 * assertEquals(replaceWords("A BIG fish, big-mouthed", options), "A LARGE fish, big-mouthed");
 * ```
 */
export function replaceWords(text: string, options: ReplacementOptions): string {
  const { thesaurus, share, random } = options;
  const { words, separators } = splitWords(text);
  const replaced = [...words];
  let left = Math.max(1, Math.round(share * words.length));
  let { room } = options;
  const between = separators.slice(1, -1);
  for (const index of random.shuffle([...words.keys()])) {
    if (isTied(between, index)) continue;
    const word = words[index]!;
    const synonyms = thesaurus.synonymsOf(word).filter((synonym) =>
      synonym.length - word.length <= room && keepsArticle(words[index - 1], word, synonym)
    );
    if (synonyms.length === 0) continue;
    const synonym = synonyms[random.below(synonyms.length)]!;
    replaced[index] = synonym;
    room -= synonym.length - word.length;
    if (--left === 0) break;
  }
  return joinWords({ words: replaced, separators });
}

/** @param between what is between two words: the first is after the first word */
function isTied(between: readonly string[], index: number): boolean {
  return [between[index - 1], between[index]].some((signs) => signs !== undefined && /^\S+$/.test(signs));
}

/** "a car" does not become "a automobile"; by the first letters, which are nearly always the first sounds. */
function keepsArticle(before: string | undefined, word: string, synonym: string): boolean {
  const startsWithVowel = (text: string): boolean => /^[aeiou]/i.test(text);
  return !/^an?$/i.test(before ?? "") || startsWithVowel(word) === startsWithVowel(synonym);
}

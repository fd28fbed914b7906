/**
 * A text as its words and what is between them, and how much longer one change may make it: what augmenters of
 * words have in common.
 *
 * Joined again, the parts are the very same text, so whatever was not changed stays as it was, line breaks, emoji
 * and all. Where words begin and end, Unicode's rules say, and never the language of the machine: the same text
 * has the same words everywhere.
 *
 * @module
 */

/** A text in parts; see {@linkcode splitWords}. */
export interface SplitText {
  readonly words: readonly string[];
  /**
   * Blanks, punctuation, emoji: before the first word, between two, and after the last, so one more than there
   * are words. Between two words of a script without blanks it is empty.
   */
  readonly separators: readonly string[];
}

/** Tokens that BERT's tokenizers find in a text before they look for words. */
const SPECIAL_TOKEN = /(\[(?:PAD|UNK|CLS|SEP|MASK)\])/;

/** Made when it is first needed: every plugin loads this file, and most never split a text. */
let segmenter: Intl.Segmenter | undefined;

/**
 * The words of a text, in their order. Marks and joined signs stay with the letter that they belong to, and a
 * special token such as `[MASK]` is one word, so that nobody takes it apart.
 *
 * A text with half a character in it (a lone surrogate) has no words: whoever changed it would hand on broken
 * text as their own, which the host refuses.
 *
 * Takes about 0.05 microseconds for each UTF-16 unit.
 *
 * @see Unicode Standard Annex 29, "Unicode Text Segmentation", https://unicode.org/reports/tr29/
 * @example
 * ```ts
 * import { splitWords } from "./words.ts";
 * import { assertEquals } from "../../core/deps/assert.ts";
 *
 * const { words, separators } = splitWords("Don't panic, it's 😀 only 3.5 %!");
 * assertEquals(words, ["Don't", "panic", "it's", "only", "3.5"]);
 * assertEquals(separators, ["", " ", ", ", " 😀 ", " ", " %!"]);
 * ```
 */
export function splitWords(text: string): SplitText {
  if (!text.isWellFormed()) return { words: [], separators: [text] };
  segmenter ??= new Intl.Segmenter("en", { granularity: "word" });
  const words: string[] = [];
  const separators: string[] = [];
  let done = 0;
  const add = (word: string, at: number): void => {
    separators.push(text.slice(done, at));
    words.push(word);
    done = at + word.length;
  };
  let start = 0;
  for (const [number, part] of text.split(SPECIAL_TOKEN).entries()) {
    if (number % 2 === 1) add(part, start); // every other one is what was split at
    else {for (const found of segmenter.segment(part)) {
        if (found.isWordLike) add(found.segment, start + found.index);
      }}
    start += part.length;
  }
  separators.push(text.slice(done));
  return { words, separators };
}

/**
 * The inverse of {@linkcode splitWords}.
 *
 * @example
 * ```ts
 * import { joinWords } from "./words.ts";
 * import { assertEquals } from "../../core/deps/assert.ts";
 *
 * assertEquals(joinWords({ words: ["Do", "not"], separators: ["¡", " ", "!"] }), "¡Do not!");
 * ```
 */
export function joinWords({ words, separators }: SplitText): string {
  return words.reduce(
    (text, word, index) => text + word + separators[index + 1]!,
    separators[0] ?? "",
  );
}

/**
 * Most UTF-16 units that a text may have after one change, if up to `changes` follow on each other
 * (`max_augmentations_per_sample`): `8^(1 / changes) length + 128 / changes`.
 *
 * The host takes a text of at most `8 length + 1,024` units (core/plugins/guards.ts), but a change sees only what
 * the one before it has made. After so many changes within this limit, that one is kept too, for
 * `128 / changes (1 + r + r² + …) <= 128 · 8` with `r = 8^(1 / changes)`.
 *
 * @example
 * ```ts
 * import { longestChange } from "./words.ts";
 * import { assertEquals } from "../../core/deps/assert.ts";
 *
 * assertEquals(longestChange(100, 1), 928);
 * assertEquals(longestChange(100, 3), 242);
 * ```
 */
export function longestChange(length: number, changes: number): number {
  return Math.floor(8 ** (1 / changes) * length + 128 / changes);
}

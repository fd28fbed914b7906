/**
 * Chooses words of a text and hides them: most behind the mask, some behind another word, some not at all.
 *
 * The other words come from the same text. BERT draws them from its whole vocabulary, which a plugin does not
 * see; words of texts that came before would make a result depend on the order of the batches.
 *
 * Whole words are chosen, not tokens, so that no piece of a word gives the rest away ("whole word masking").
 *
 * @see Devlin et al. 2019, "BERT", section 3.1 and appendix A.1, https://arxiv.org/abs/1810.04805
 * @module
 */
import { joinWords, type Random, splitWords } from "k-bert/sdk";

/** How words are hidden. */
export interface MaskingOptions {
  readonly maskToken: string;
  /** Share of the words that are chosen. */
  readonly maskShare: number;
  /** Shares of the chosen ones that become another word, and that stay; the rest is masked. */
  readonly randomShare: number;
  readonly keepShare: number;
  readonly random: Random;
  /** Most UTF-16 units that it may add: masks are longer than many words. */
  readonly room: number;
}

/**
 * The text with `max(1, maskShare n)` of its `n` words chosen, as long as there is room. Words that are masked
 * already are not counted and never masked again; one word always stays, for a text of masks says nothing.
 *
 * @example
 * ```ts
 * import { maskWords } from "./masking.ts";
 * import { Random } from "k-bert/sdk";
 * import { assertEquals } from "@std/assert";
 *
 * const always = { maskToken: "[MASK]", maskShare: 1, randomShare: 0, keepShare: 0, room: 100 };
 * assertEquals(maskWords("ham, ham!", { ...always, random: new Random(1) }).replace("[MASK]", "ham"), "ham, ham!");
 * ```
 */
export function maskWords(text: string, options: MaskingOptions): string {
  if (!text.isWellFormed()) return text; // the host refuses half a character in a text that was changed
  const { maskToken, maskShare, random } = options;
  const parts = text.split(maskToken).map((part) => {
    const { words, separators } = splitWords(part);
    return { words: [...words], separators };
  });
  const places = parts.flatMap(({ words }) => words.map((_, index) => ({ words, index })));
  if (places.length < 2) return text;
  const vocabulary = places.map(({ words, index }) => words[index]!);
  const chosen = Math.min(Math.max(1, Math.round(maskShare * places.length)), places.length - 1);
  let { room } = options;
  for (const { words, index } of random.shuffle(places).slice(0, chosen)) {
    const word = words[index]!;
    const hidden = hiddenBy(word, vocabulary, options);
    const growth = hidden.length - word.length;
    if (growth > room) continue;
    room -= growth;
    words[index] = hidden;
  }
  return parts.map(joinWords).join(maskToken);
}

/** A word that is drawn may be the word itself, as in BERT. */
function hiddenBy(word: string, vocabulary: readonly string[], options: MaskingOptions): string {
  const { maskToken, randomShare, keepShare, random } = options;
  const draw = random.uniform();
  if (draw < keepShare) return word;
  if (draw < keepShare + randomShare) return vocabulary[random.below(vocabulary.length)]!;
  return maskToken;
}

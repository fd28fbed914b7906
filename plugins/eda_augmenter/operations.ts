/**
 * The operations of easy data augmentation on a text in parts: swap, delete and insert words.
 *
 * Words move; punctuation, line breaks and emoji stay where they are. The paper removes them before. Insertion
 * there takes a synonym, which needs WordNet; here it takes a copy of another word of the same text, which keeps
 * the point, that the model sees a word it knows from this label at another place. Synonyms are the work of
 * `synonym_augmenter`.
 *
 * @see Wei and Zou 2019, "EDA: Easy Data Augmentation Techniques for Boosting Performance on Text Classification
 * Tasks", section 2, https://arxiv.org/abs/1901.11196
 * @module
 */
import type { Random, SplitText } from "k-bert/sdk";

/** What an operation needs to know beside the text. */
export interface OperationOptions {
  /** Share of the words that it touches. */
  readonly alpha: number;
  readonly random: Random;
  /** Most UTF-16 units that it may add. */
  readonly room: number;
}

/** Changes a text of two words or more. */
export type Operation = (text: SplitText, options: OperationOptions) => SplitText;

/**
 * `n = alpha l` times, two words change places.
 *
 * @example
 * ```ts
 * import { swapWords } from "./operations.ts";
 * import { joinWords, Random, splitWords } from "k-bert/sdk";
 * import { assertEquals } from "@std/assert";
 *
 * const options = { alpha: 0.1, random: new Random(1), room: 100 };
 * assertEquals(joinWords(swapWords(splitWords("Hello, world!"), options)), "world, Hello!");
 * ```
 */
export function swapWords({ words, separators }: SplitText, options: OperationOptions): SplitText {
  const { random } = options;
  const swapped = [...words];
  for (let left = countOf(words, options); left > 0; left--) {
    const first = random.below(words.length);
    const second = (first + 1 + random.below(words.length - 1)) % words.length; // any but the first
    [swapped[first], swapped[second]] = [swapped[second]!, swapped[first]!];
  }
  return { words: swapped, separators };
}

/**
 * Each word is deleted with the probability `alpha`; if that is all of them, one stays, by chance.
 *
 * @example
 * ```ts
 * import { deleteWords } from "./operations.ts";
 * import { joinWords, Random, splitWords } from "k-bert/sdk";
 * import { assertEquals } from "@std/assert";
 *
 * const options = { alpha: 1, random: new Random(1), room: 100 };
 * assertEquals(joinWords(deleteWords(splitWords("ham ham ham!"), options)), "ham!");
 * ```
 */
export function deleteWords({ words, separators }: SplitText, options: OperationOptions): SplitText {
  const { alpha, random } = options;
  const kept = words.map(() => random.uniform() >= alpha);
  if (!kept.includes(true)) kept[random.below(words.length)] = true;
  const left: string[] = [];
  let before = separators[0]!;
  const between: string[] = [];
  for (const [index, word] of words.entries()) {
    const after = separators[index + 1]!;
    if (kept[index]) {
      left.push(word);
      between.push(before);
      before = after;
    } else {
      before = closeGap(before, after, left.length === 0);
    }
  }
  return { words: left, separators: [...between, before] };
}

/**
 * `n = alpha l` times, a copy of a word is put before or after another word, as long as there is room.
 *
 * @example
 * ```ts
 * import { insertWords } from "./operations.ts";
 * import { joinWords, Random, splitWords } from "k-bert/sdk";
 * import { assertEquals } from "@std/assert";
 *
 * const options = { alpha: 0.5, random: new Random(1), room: 100 };
 * assertEquals(joinWords(insertWords(splitWords("(ham ham)"), options)), "(ham ham ham)");
 * ```
 */
export function insertWords(text: SplitText, options: OperationOptions): SplitText {
  const { random } = options;
  const [words, separators] = [[...text.words], [...text.separators]];
  let { room } = options;
  for (let left = countOf(text.words, options); left > 0; left--) {
    const word = text.words[random.below(text.words.length)]!;
    const at = random.below(words.length + 1);
    // Next to a word of a script without blanks there is none either.
    const gap = separators[Math.min(Math.max(at, 1), words.length - 1)] === "" ? "" : " ";
    room -= word.length + gap.length;
    if (room < 0) break;
    // What is before the first word and after the last stays there.
    separators.splice(at === words.length ? at : at + 1, 0, gap);
    words.splice(at, 0, word);
  }
  return { words, separators };
}

function countOf({ length }: readonly string[], { alpha }: OperationOptions): number {
  return Math.max(1, Math.round(alpha * length));
}

/** With a word goes one of the blanks around it; signs stay. */
function closeGap(before: string, after: string, isFirst: boolean): string {
  return isFirst ? before + after.trimStart() : before.trimEnd() + after;
}

/**
 * What a model must beat to be worth its electricity: the most frequent label, and naive Bayes.
 *
 * Accuracy says nothing alone: where 87 % of the mail is ham, "always ham" has 87 %. Multinomial naive
 * Bayes counts words, trains in a second, and on mail it is hard to beat; a fine-tuned BERT that does not
 * beat it has learnt nothing about order and meaning.
 *
 * @see Manning, Raghavan and Schütze 2008, "Introduction to Information Retrieval", section 13.2
 *
 * @module
 */
import { KBertError } from "../wall/errors.ts";
import { type ClassificationScores, classificationScores, confusionMatrix } from "./metrics.ts";
import type { LabelledText } from "./split.ts";

/** Settings of {@linkcode NaiveBayes}. */
export interface NaiveBayesOptions {
  /** What is added to every count, so that an unseen pair of word and class is rare, not impossible. @default {1} */
  smoothing?: number;
}

/**
 * The scores of always giving the label that is most frequent in `train`; the first of equals.
 *
 * @throws {KBertError} `input/invalid` if there is nothing to train on or a label is no class.
 *
 * @example "Always ham" is right about every ham
 * ```ts
 * import { majorityBaseline } from "./baselines.ts";
 * import { assertEquals } from "../deps/assert.ts";
 *
 * const train = [{ text: "lunch?", label: 0 }, { text: "hi", label: 0 }, { text: "win!", label: 1 }];
 * assertEquals(majorityBaseline(train, train, 2).accuracy, 2 / 3);
 * ```
 */
export function majorityBaseline(
  train: readonly LabelledText[],
  test: readonly LabelledText[],
  classes: number,
): ClassificationScores {
  const counts = countLabels(train, classes);
  const majority = counts.indexOf(Math.max(...counts));
  return score(test, () => majority, classes);
}

/**
 * The scores of {@linkcode NaiveBayes}, trained on `train` and tried on `test`.
 *
 * @throws {KBertError} `input/invalid` if there is nothing to train on or a label is no class.
 *
 * @example Words tell the two kinds apart
 * ```ts
 * import { naiveBayesBaseline } from "./baselines.ts";
 * import { assertEquals } from "../deps/assert.ts";
 *
 * const train = [{ text: "lunch at noon", label: 0 }, { text: "win a prize", label: 1 }];
 * const test = [{ text: "your prize", label: 1 }, { text: "noon is fine", label: 0 }];
 * assertEquals(naiveBayesBaseline(train, test, 2).accuracy, 1);
 * ```
 */
export function naiveBayesBaseline(
  train: readonly LabelledText[],
  test: readonly LabelledText[],
  classes: number,
  options: NaiveBayesOptions = {},
): ClassificationScores {
  const model = new NaiveBayes(train, classes, options);
  return score(test, (text) => model.predict(text), classes);
}

/**
 * Multinomial naive Bayes over the lower-cased words of a text, and over "!", "$" and "%".
 *
 * @example
 * ```ts
 * import { NaiveBayes } from "./baselines.ts";
 * import { assertEquals } from "../deps/assert.ts";
 *
 * const model = new NaiveBayes([{ text: "lunch at noon", label: 0 }, { text: "win a prize", label: 1 }], 2);
 * assertEquals(model.predict("a prize for lunch, a prize!"), 1);
 * ```
 */
export class NaiveBayes {
  /** log P(class) of each class; -Infinity where there was no text of it. */
  readonly #logPriors: readonly number[];
  /** word → log P(word | class) of each class. */
  readonly #logLikelihoods: ReadonlyMap<string, readonly number[]>;

  /**
   * Counts the words of every class: `P(word | class) = (count + smoothing) / (words + smoothing * V)`,
   * where V is the number of different words in all of `train`.
   *
   * @throws {KBertError} `input/invalid` if there is nothing to train on or a label is no class.
   */
  constructor(train: readonly LabelledText[], classes: number, { smoothing = 1 }: NaiveBayesOptions = {}) {
    const labels = countLabels(train, classes);
    const counts = new Map<string, number[]>();
    const totals = new Array<number>(classes).fill(0);
    for (const { text, label } of train) {
      for (const word of wordsOf(text)) {
        let ofWord = counts.get(word);
        if (ofWord === undefined) counts.set(word, ofWord = new Array<number>(classes).fill(0));
        ofWord[label]!++;
        totals[label]!++;
      }
    }
    const denominators = totals.map((total) => total + smoothing * counts.size);
    this.#logPriors = labels.map((count) => Math.log(count / train.length));
    this.#logLikelihoods = new Map(
      Array.from(counts, ([word, ofWord]) => [
        word,
        ofWord.map((count, label) => Math.log((count + smoothing) / denominators[label]!)),
      ]),
    );
  }

  /**
   * `log P(class) + sum over words of log P(word | class)`: natural logarithms, not normalized, one per
   * class. Words that training never saw say nothing and are skipped.
   */
  logProbabilities(text: string): number[] {
    const sums = [...this.#logPriors];
    for (const word of wordsOf(text)) {
      const ofWord = this.#logLikelihoods.get(word);
      if (ofWord === undefined) continue;
      for (let label = 0; label < sums.length; label++) sums[label]! += ofWord[label]!;
    }
    return sums;
  }

  /** The most probable class; the first of equals. */
  predict(text: string): number {
    const scores = this.logProbabilities(text);
    return scores.indexOf(Math.max(...scores));
  }
}

/** "!", "$" and "%" are kept because advertising shouts. */
function wordsOf(text: string): readonly string[] {
  return text.toLowerCase().match(/[\p{L}\p{N}']+|[!$%]/gu) ?? [];
}

function score(
  test: readonly LabelledText[],
  predict: (text: string) => number,
  classes: number,
): ClassificationScores {
  const labels = test.map((one) => one.label);
  return classificationScores(confusionMatrix(labels, test.map((one) => predict(one.text)), classes));
}

function countLabels(train: readonly LabelledText[], classes: number): number[] {
  if (train.length === 0) {
    throw new KBertError(
      "input/invalid",
      "Cannot train a baseline on 0 texts: give at least 1",
      { name: "train", limit: 1, value: 0 },
    );
  }
  const counts = new Array<number>(classes).fill(0);
  for (const { label } of train) {
    if (counts[label] === undefined) {
      throw new KBertError(
        "input/invalid",
        `Cannot train a baseline on the label ${label}: it must be a whole number from 0 to ${
          classes - 1
        }, ` +
          `so check that the number of classes is right`,
        { name: "label", limit: classes - 1, value: label },
      );
    }
    counts[label]++;
  }
  return counts;
}

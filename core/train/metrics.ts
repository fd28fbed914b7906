/**
 * How good a classifier is: accuracy, precision, recall, F1 and the confusion matrix they come from.
 *
 * Everything is computed from the matrix, so a score can always be checked against the counts that are
 * printed beside it. A share of nothing (no text was predicted to be of a class, or none was) is 0, as in
 * scikit-learn: a classifier that never says "spam" has earned no precision.
 *
 * @see Manning, Raghavan and Schütze 2008, "Introduction to Information Retrieval", section 8.3
 *
 * @module
 */
import { KBertError } from "../wall/errors.ts";

/** Counts of texts: `matrix[label][prediction]`, rows the truth, columns what was said. */
export type ConfusionMatrix = readonly (readonly number[])[];

/** What a classifier reached; all scores are shares between 0 and 1. */
export interface ClassificationScores {
  /** Right answers among all. */
  readonly accuracy: number;
  /** Right among those said to be of the class. */
  readonly precision: number;
  /** Found among those that are of the class. */
  readonly recall: number;
  /** Harmonic mean of precision and recall, `2pr / (p + r)`. */
  readonly f1: number;
  /** The counts that the scores come from. */
  readonly matrix: ConfusionMatrix;
}

/**
 * Counts how often each label got each prediction.
 *
 * @throws {KBertError} `input/invalid` if the lists differ in length or hold something that is no class.
 *
 * @example Three texts, the last one mistaken
 * ```ts
 * import { confusionMatrix } from "./metrics.ts";
 * import { assertEquals } from "../deps/assert.ts";
 *
 * assertEquals(confusionMatrix([0, 1, 1], [0, 1, 0], 2), [[1, 0], [1, 1]]);
 * ```
 */
export function confusionMatrix(
  labels: ArrayLike<number>,
  predictions: ArrayLike<number>,
  classes: number,
): ConfusionMatrix {
  if (labels.length !== predictions.length) {
    throw new KBertError(
      "input/invalid",
      `Cannot compare ${labels.length} labels with ${predictions.length} predictions: give one prediction ` +
        `for each label`,
      { name: "predictions", limit: labels.length, value: predictions.length },
    );
  }
  const matrix = Array.from({ length: classes }, () => new Array<number>(classes).fill(0));
  for (let index = 0; index < labels.length; index++) {
    const label = requireClass("label", labels[index]!, classes);
    const prediction = requireClass("prediction", predictions[index]!, classes);
    matrix[label]![prediction]!++;
  }
  return matrix;
}

/**
 * The scores of a confusion matrix.
 *
 * With two classes, precision, recall and F1 are those of the class `positive`. With any other number
 * they are the plain mean over the classes ("macro"), so that a rare class counts as much as a frequent
 * one; macro F1 is the mean of the classes' F1, as in scikit-learn. What would be divided by 0 is 0.
 *
 * @param positive the class that is looked for, 1 (as in "is spam") unless told; unused for other than two
 * @throws {KBertError} `input/invalid` if `positive` is no class of the matrix.
 *
 * @example One of two spams found, and nothing else called spam
 * ```ts
 * import { classificationScores } from "./metrics.ts";
 * import { assertEquals } from "../deps/assert.ts";
 *
 * const { accuracy, precision, recall } = classificationScores([[1, 0], [1, 1]]);
 * assertEquals([accuracy, precision, recall], [2 / 3, 1, 0.5]);
 * ```
 */
export function classificationScores(matrix: ConfusionMatrix, positive = 1): ClassificationScores {
  const binary = matrix.length === 2;
  if (binary) requireClass("positive class", positive, 2);
  const each = binary ? [scoresOf(matrix, positive)] : matrix.map((_, label) => scoresOf(matrix, label));
  const right = sum(matrix.map((row, label) => row[label]!));
  return {
    accuracy: share(right, sum(matrix.map(sum))),
    precision: mean(each.map((one) => one.precision)),
    recall: mean(each.map((one) => one.recall)),
    f1: mean(each.map((one) => one.f1)),
    matrix,
  };
}

/**
 * The matrix as a plain text table, one row per label, ready for a terminal or a file.
 *
 * @param labelNames one name per class; a class without one is called by its number
 *
 * @example
 * ```ts
 * import { formatConfusionMatrix } from "./metrics.ts";
 * import { assertEquals } from "../deps/assert.ts";
 *
 * assertEquals(
 *   formatConfusionMatrix([[812, 3], [5, 190]], ["ham", "spam"]),
 *   [
 *     "is \\ said  ham  spam",
 *     "ham        812     3",
 *     "spam         5   190",
 *   ].join("\n"),
 * );
 * ```
 */
export function formatConfusionMatrix(matrix: ConfusionMatrix, labelNames: readonly string[]): string {
  const names = matrix.map((_, label) => labelNames[label] ?? String(label));
  const table = [
    ["is \\ said", ...names],
    ...matrix.map((row, label) => [names[label]!, ...row.map(String)]),
  ];
  const widths = table[0]!.map((_, column) => Math.max(...table.map((row) => row[column]!.length)));
  const align = (cell: string, column: number): string =>
    column === 0 ? cell.padEnd(widths[column]!) : cell.padStart(widths[column]!);
  return table.map((row) => row.map(align).join("  ")).join("\n");
}

function scoresOf(matrix: ConfusionMatrix, label: number): { precision: number; recall: number; f1: number } {
  const right = matrix[label]![label]!;
  const said = sum(matrix.map((row) => row[label]!));
  const are = sum(matrix[label]!);
  // 2pr / (p + r) with p = right / said and r = right / are, without the divisions in between.
  return { precision: share(right, said), recall: share(right, are), f1: share(2 * right, said + are) };
}

function requireClass(what: string, value: number, classes: number): number {
  if (Number.isInteger(value) && value >= 0 && value < classes) return value;
  throw new KBertError(
    "input/invalid",
    `Cannot count a ${what} of ${value}: it must be a whole number from 0 to ${classes - 1}, so check that ` +
      `the number of classes is right`,
    { name: what, limit: classes - 1, value },
  );
}

function share(part: number, whole: number): number {
  return whole === 0 ? 0 : part / whole;
}

function mean(values: readonly number[]): number {
  return share(sum(values), values.length);
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}

/** Index of the largest number; the first of equals. */
export function indexOfLargest(values: ArrayLike<number>): number {
  let best = 0;
  for (let index = 1; index < values.length; index++) if (values[index]! > values[best]!) best = index;
  return best;
}

/**
 * What a model says of a text, in the words of its task.
 *
 * @module
 */
import type { Task } from "../manifest/task.ts";
import { indexOfLargest } from "./metrics.ts";
import { sigmoid, softmax } from "./probabilities.ts";

/** What a text was found to be. */
export interface Prediction {
  /**
   * For people: the label or rank; the labels with commas between, `none` without any; the values; the score; the
   * tags of the words.
   */
  readonly label: string;
  /** Of what `label` says, 0 to 1: of several labels or tags, that of the least sure. Absent for numbers. */
  readonly probability?: number;
  /** Of every label, by name; of a regression its values, of a ranking its `score`. Empty for tags. */
  readonly probabilities: Readonly<Record<string, number>>;
  /** Of a tagging, the words as they were divided at blanks, with their tags. */
  readonly tags?: readonly { readonly word: string; readonly tag: string; readonly probability: number }[];
  /** Tokens of the text that were not read because it is too long. */
  readonly truncated: number;
}

/** A prediction without what only the tokenizer knows. */
export type Found = Omit<Prediction, "truncated" | "tags">;

/**
 * Reads the logits of one text.
 *
 * @param logits of the shape that `decisionOf` of task_scores.ts names; one score for ranking
 * @example
 * ```ts
 * import { predictionOf } from "./prediction.ts";
 * import { assertEquals } from "../deps/assert.ts";
 *
 * assertEquals(predictionOf("classification", Float32Array.of(0, 0), ["ham", "spam"]).probability, 0.5);
 * assertEquals(predictionOf("multilabel", Float32Array.of(9, -9, 9), ["a", "b", "c"]).label, "a, c");
 * assertEquals(predictionOf("regression", Float32Array.of(2.5), ["stars"]).probabilities, { stars: 2.5 });
 * ```
 */
export function predictionOf(
  task: Exclude<Task, "tagging">,
  logits: Float32Array,
  labels: readonly string[],
): Found {
  switch (task) {
    case "classification":
      return mostLikely(softmax(logits), labels);
    case "ordinal":
      return mostLikely(rankShares(logits), labels);
    case "multilabel": {
      const shares = Array.from(logits, sigmoid);
      const chosen = labels.filter((_, index) => shares[index]! > 0.5);
      return {
        label: chosen.join(", ") || "none",
        probability: Math.min(...shares.map((share) => Math.max(share, 1 - share))),
        probabilities: named(labels, shares),
      };
    }
    case "regression": {
      const values = [...logits];
      const shown = values.map((value) => String(Number(value.toPrecision(6))));
      const label = values.length === 1
        ? shown[0]!
        : labels.map((name, at) => `${name} ${shown[at]}`).join(", ");
      return { label, probabilities: named(labels, values) };
    }
    case "ranking":
      return { label: String(Number(logits[0]!.toPrecision(6))), probabilities: { score: logits[0]! } };
  }
}

/** The tag of a token and its probability. */
export function tagOf(logits: Float32Array, labels: readonly string[]): { tag: string; probability: number } {
  const shares = softmax(logits);
  const best = indexOfLargest(shares);
  return { tag: labels[best]!, probability: shares[best]! };
}

function mostLikely(shares: readonly number[], labels: readonly string[]): Found {
  const best = indexOfLargest(shares);
  return { label: labels[best]!, probability: shares[best]!, probabilities: named(labels, shares) };
}

/** Of each rank, from the logits of "higher than rank 0, 1 …": what one step takes away. */
function rankShares(logits: Float32Array): number[] {
  const higher = [1, ...Array.from(logits, sigmoid), 0];
  return higher.slice(0, -1).map((share, rank) => Math.max(0, share - higher[rank + 1]!));
}

function named(labels: readonly string[], numbers: readonly number[]): Record<string, number> {
  return Object.fromEntries(labels.map((label, index) => [label, numbers[index]!]));
}

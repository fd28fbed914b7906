/**
 * What a finished run reached: the scores, what they were compared with, and what it took.
 *
 * @module
 */
import type { Backend } from "../tensor/backend.ts";
import type { PoisonTable } from "../wall/poison.ts";
import { majorityBaseline, naiveBayesBaseline } from "./baselines.ts";
import type { TrainingConfig } from "./config.ts";
import type { HeadPlugin } from "./head_plugin.ts";
import {
  type ClassificationScores,
  classificationScores,
  confusionMatrix,
  indexOfLargest,
} from "./metrics.ts";
import type { LabelledText } from "./split.ts";
import { type Example, predictLogits, type TrainerParts } from "./trainer.ts";
import type { Training } from "./training.ts";

/** A plugin's part in a run. */
export interface PluginShare {
  readonly name: string;
  readonly version: string;
  readonly sha256: string;
  readonly tier: string;
  /** Share of the time of the steps that was spent waiting for it, 0 to 1. */
  readonly share: number;
}

/** Scores without the counts that they come from. */
export type Scores = Omit<ClassificationScores, "matrix">;

/** The content of result.json. */
export interface RunResult extends Scores {
  /** Rows are the labels, columns the predictions. */
  readonly confusionMatrix: ClassificationScores["matrix"];
  readonly labels: readonly string[];
  readonly baselines: { readonly majority: Scores; readonly naiveBayes: Scores };
  readonly steps: number;
  /** Of the training steps; evaluation, loading and saving are not counted. */
  readonly seconds: number;
  /** Without padding. */
  readonly tokensPerSecond: number;
  readonly backend: string;
  readonly adapter: string | null;
  readonly seed: number;
  readonly examples: { readonly train: number; readonly test: number; readonly truncated: number };
  readonly plugins: readonly PluginShare[];
  /** Answers that the guards refused: plugin → reason → count. Empty if there were none. */
  readonly poisoned: PoisonTable;
}

/** Classifies the test examples and counts. */
export async function evaluate(
  parts: TrainerParts,
  test: readonly Example[],
  labels: number,
  batchSize: number,
): Promise<ClassificationScores> {
  const logits = await predictLogits(parts, test, labels, batchSize);
  const predictions = test.map((_, row) => indexOfLargest(logits.subarray(row * labels, (row + 1) * labels)));
  return classificationScores(confusionMatrix(test.map(({ label }) => label), predictions, labels));
}

/** Puts the result together; the baselines are computed here, from the same texts. */
export function resultOf(
  { scores, training, plugin, backend, config, labels, train, test, truncated }: {
    scores: ClassificationScores;
    training: Training;
    plugin: HeadPlugin;
    backend: Backend;
    config: TrainingConfig;
    labels: readonly string[];
    train: readonly LabelledText[];
    test: readonly LabelledText[];
    truncated: number;
  },
): RunResult {
  const { matrix, ...own } = scores;
  const { tokens, milliseconds, headMilliseconds } = training.totals;
  const { manifest: { name, version }, sha256 } = plugin.image;
  return {
    ...own,
    confusionMatrix: matrix,
    labels,
    baselines: {
      majority: withoutMatrix(majorityBaseline(train, test, labels.length)),
      naiveBayes: withoutMatrix(naiveBayesBaseline(train, test, labels.length)),
    },
    steps: training.step,
    seconds: milliseconds / 1_000,
    tokensPerSecond: tokens / milliseconds * 1_000,
    backend: backend.name,
    adapter: backend.adapter,
    seed: config.seed,
    examples: { train: train.length, test: test.length, truncated },
    plugins: [{ name, version, sha256, tier: plugin.tier, share: headMilliseconds / milliseconds }],
    poisoned: training.poisoned,
  };
}

function withoutMatrix({ matrix: _, ...scores }: ClassificationScores): Scores {
  return scores;
}

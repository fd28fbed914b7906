/**
 * What a finished run reached: the scores, what they were compared with, what it took, and what its plugins did.
 *
 * @module
 */
import type { Task } from "../manifest/task.ts";
import type { ExtractReport } from "../table/extract_report.ts";
import type { Backend } from "../tensor/backend.ts";
import type { PoisonTable } from "../wall/poison.ts";
import { majorityBaseline, naiveBayesBaseline } from "./baselines.ts";
import type { CodeChange } from "./code_changes.ts";
import type { TrainingConfig } from "./config.ts";
import type { Evaluation } from "./evaluation.ts";
import type { Example, TrainingExample } from "./examples.ts";
import { type ClassificationScores, confusionMatrix, indexOfLargest } from "./metrics.ts";
import type { FailureTable, RunPlugin, Stopwatch } from "./run_plugin.ts";
import type { LabelledText } from "./split.ts";
import type { TaskScores } from "./task_scores.ts";
import type { EarlyStop, Training } from "./training.ts";

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

/** What every result has. */
export interface RunFacts {
  readonly labels: readonly string[];
  /** Mean loss on the test examples, by the head's loss function; null if it is NaN or infinite. */
  readonly loss: number | null;
  /** All scores of the task, see task_scores.ts. */
  readonly scores: TaskScores;
  /** The same by the mean over so many augmented copies of each text; absent without. */
  readonly testTimeAugmentation?: { readonly copies: number; readonly scores: TaskScores };
  readonly steps: number;
  /** Of the training steps; evaluation, loading and saving are not counted. */
  readonly seconds: number;
  /** Without padding. */
  readonly tokensPerSecond: number;
  readonly backend: string;
  readonly adapter: string | null;
  readonly seed: number;
  readonly examples: {
    readonly train: number;
    readonly validation: number;
    readonly test: number;
    readonly truncated: number;
  };
  /** What made columns of the table that the examples are from; absent if nothing did. */
  readonly features?: readonly ExtractReport[];
  /** The head, then augmenters, then callbacks. */
  readonly plugins: readonly PluginShare[];
  /** Answers of the head that the guards refused: plugin → reason → count. Empty if there were none. */
  readonly poisoned: PoisonTable;
  /** What else failed and the run lived with: plugin → reason or code → count. Empty if nothing did. */
  readonly failures: FailureTable;
  /** Set if a callback ended the training. */
  readonly stopped?: EarlyStop;
  /** Plugins that went on with other code in the middle of the run; absent if none did. */
  readonly codeChanges?: readonly CodeChange[];
}

/** The result of a classifier: its scores once more by name, with the counts and two baselines. */
export interface ClassifierResult extends RunFacts, Scores {
  readonly task: "classification";
  /** Rows are the labels, columns the predictions. */
  readonly confusionMatrix: ClassificationScores["matrix"];
  readonly baselines: { readonly majority: Scores; readonly naiveBayes: Scores };
}

/** The content of result.json. */
export type RunResult =
  | ClassifierResult
  | RunFacts & { readonly task: Exclude<Task, "classification"> };

/** What a result is made of. */
export interface ResultParts {
  readonly task: Task;
  readonly evaluation: Evaluation;
  readonly augmented: TaskScores | undefined;
  readonly training: Training;
  readonly head: RunPlugin;
  readonly augmenters: readonly RunPlugin[];
  readonly callbacks: readonly RunPlugin[];
  readonly stopwatch: Stopwatch;
  readonly failures: FailureTable;
  readonly features: readonly ExtractReport[];
  readonly backend: Backend;
  readonly config: TrainingConfig;
  readonly labels: readonly string[];
  readonly train: readonly TrainingExample[];
  readonly validation: readonly TrainingExample[];
  readonly test: readonly TrainingExample[];
  readonly testExamples: readonly Example[];
  readonly truncated: number;
}

/** Puts the result together; the baselines are computed here, from the same texts. */
export function resultOf(parts: ResultParts): RunResult {
  const { task, evaluation: { scores, logits }, labels, train, test, testExamples } = parts;
  const facts = factsOf(parts);
  if (task !== "classification") return { task, ...facts };
  const truth = testExamples.map(({ label }) => label as number);
  const [trained, tested] = [train, test] as readonly (readonly LabelledText[])[];
  return {
    ...{ task, ...scores as unknown as Scores },
    confusionMatrix: confusionMatrix(truth, logits.map(indexOfLargest), labels.length),
    baselines: {
      majority: withoutMatrix(majorityBaseline(trained!, tested!, labels.length)),
      naiveBayes: withoutMatrix(naiveBayesBaseline(trained!, tested!, labels.length)),
    },
    ...facts,
  };
}

function factsOf(parts: ResultParts): RunFacts {
  const { evaluation, augmented, training, backend, config, labels, features, truncated } = parts;
  const { tokens, milliseconds } = training.totals;
  const copies = config.evaluation.testTimeCopies;
  return {
    ...{ labels, scores: evaluation.scores },
    loss: Number.isFinite(evaluation.loss) ? evaluation.loss : null,
    ...(augmented && { testTimeAugmentation: { copies, scores: augmented } }),
    steps: training.step,
    seconds: milliseconds / 1_000,
    tokensPerSecond: tokens / milliseconds * 1_000,
    backend: backend.name,
    adapter: backend.adapter,
    seed: config.seed,
    examples: {
      train: parts.train.length,
      validation: parts.validation.length,
      test: parts.test.length,
      truncated,
    },
    ...(features.length > 0 && { features }),
    plugins: sharesOf(parts),
    poisoned: training.poisoned,
    failures: withSkipped(parts.failures, features),
    ...(training.stop && { stopped: training.stop }),
    ...(training.codeChanges.length > 0 && { codeChanges: training.codeChanges }),
  };
}

/** Counts extractors that were passed over among what failed. */
function withSkipped(failures: FailureTable, features: readonly ExtractReport[]): FailureTable {
  const table: Record<string, Record<string, number>> = structuredClone(failures);
  for (const { plugin, failure } of features) {
    if (failure === undefined) continue;
    const own = table[plugin] ??= {};
    own[failure] = (own[failure] ?? 0) + 1;
  }
  return table;
}

function sharesOf({ training, head, augmenters, callbacks, stopwatch }: ResultParts): PluginShare[] {
  const { milliseconds, headMilliseconds, waitMilliseconds } = training.totals;
  const shareOf = (
    { name, tier, image: { manifest: { version }, sha256 } }: RunPlugin,
    waited: number,
  ): PluginShare => ({
    ...{ name, version, sha256, tier },
    share: milliseconds === 0 ? 0 : waited / milliseconds,
  });
  return [
    shareOf(head, headMilliseconds),
    // They work one after the other, ahead of the steps: what they let a step wait for is told of the last one.
    ...augmenters.map((one, index) => shareOf(one, index === augmenters.length - 1 ? waitMilliseconds : 0)),
    ...callbacks.map((one) => shareOf(one, stopwatch.of(one.name))),
  ];
}

function withoutMatrix({ matrix: _, ...scores }: ClassificationScores): Scores {
  return scores;
}

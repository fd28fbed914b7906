/**
 * How good a model is on examples that it was not trained on; with test-time augmentation, also by the mean of what
 * it says of several forms of each text.
 *
 * @module
 */
import type { Task } from "../manifest/task.ts";
import type { Augmentation } from "./augmentation.ts";
import { encodeExample, type Example, type TrainingExample } from "./examples.ts";
import { evaluateExamples, type ModelParts } from "./inference.ts";
import { sigmoid, softmax } from "./probabilities.ts";
import type { FailureCounts } from "./run_plugin.ts";
import { type TaskScores, taskScores } from "./task_scores.ts";

/** What an evaluation found. */
export interface Evaluation {
  readonly loss: number;
  readonly scores: TaskScores;
  /** Of each example, for a confusion matrix. */
  readonly logits: readonly Float32Array[];
}

/** Loss and scores on labelled examples. */
export async function evaluate(
  parts: ModelParts,
  examples: readonly Example[],
  labels: readonly string[],
  batchSize: number,
): Promise<Evaluation> {
  const { logits, loss } = await evaluateExamples(parts, examples, labels.length, batchSize);
  return { loss, logits, scores: taskScores(parts.head.task, logits, examples, labels) };
}

/**
 * Scores of the mean over each text and so many augmented copies of it. What is averaged are probabilities, or
 * values: a mean of logits would let one sure copy outvote the others.
 *
 * @param plain what the model says of the texts as they are
 */
export async function evaluateAugmented(
  parts: ModelParts,
  given: readonly TrainingExample[],
  plain: Evaluation,
  augmentation: Augmentation,
  { labels, batchSize, copies, failures, signal }: {
    readonly labels: readonly string[];
    readonly batchSize: number;
    readonly copies: number;
    readonly failures: FailureCounts;
    readonly signal: AbortSignal;
  },
): Promise<TaskScores> {
  const { task } = parts.head;
  const places = [...given.keys()];
  const sums = plain.logits.map((logits) => probabilities(task, logits));
  let examples: Example[] = [];
  for (let copy = 1; copy <= copies; copy++) {
    const texts = await augmentation.augment(given, places, { name: `copy ${copy}`, failures, signal });
    examples = texts.map((example) => encodeExample(example, parts.tokenizer, labels.length));
    const { logits } = await evaluateExamples(parts, examples, labels.length, batchSize);
    for (const [index, one] of logits.entries()) {
      probabilities(task, one).forEach((share, at) => sums[index]![at]! += share);
    }
  }
  const means = sums.map((sum) => logitsOf(task, sum.map((share) => share / (copies + 1))));
  return taskScores(task, means, examples, labels);
}

function probabilities(task: Task, logits: Float32Array): Float32Array {
  switch (task) {
    case "classification":
      return Float32Array.from(softmax(logits));
    case "multilabel":
    case "ordinal":
      return Float32Array.from(logits, sigmoid);
    default:
      return logits.slice();
  }
}

/** Logits that mean these probabilities. */
function logitsOf(task: Task, shares: Float32Array): Float32Array {
  switch (task) {
    case "classification":
      return shares.map((share) => Math.log(share));
    case "multilabel":
    case "ordinal":
      return shares.map((share) => Math.log(share / (1 - share)));
    default:
      return shares;
  }
}

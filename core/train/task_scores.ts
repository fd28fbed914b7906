/**
 * How good a model is at its task, from its logits and the truth: never from what a head says of itself.
 *
 * | task             | scores                                                                             |
 * | ---------------- | ---------------------------------------------------------------------------------- |
 * | `classification` | accuracy, precision, recall, f1 (see metrics.ts)                                   |
 * | `multilabel`     | accuracy (all labels of a text right), precision, recall and f1 over all decisions, macro_f1 |
 * | `regression`     | mae, rmse, r2                                                                      |
 * | `ordinal`        | accuracy, mae (in ranks), kappa (quadratic weights)                                |
 * | `ranking`        | accuracy: share of the pairs in the right order                                    |
 * | `tagging`        | accuracy of words, macro_f1 over the tags; span_f1 if the tags are of the form B-x, I-x, O |
 *
 * @module
 */
import { IGNORED, type Task } from "../manifest/task.ts";
import type { Example } from "./examples.ts";
import { classificationScores, confusionMatrix, indexOfLargest } from "./metrics.ts";
import { spanScores } from "./spans.ts";

/** Scores by name; every one is better when it is higher, but for `mae` and `rmse`. */
export type TaskScores = Readonly<Record<string, number>>;

/**
 * What logits say of one example: a label or rank, a number for each label, or a label for each token.
 *
 * @param logits of the example: `[labels]`; `[labels - 1]` for ordinal; two scores for ranking; `[tokens, labels]`
 */
export function decisionOf(
  task: Task,
  logits: Float32Array,
  labels: number,
): number | Float32Array | Int32Array {
  switch (task) {
    case "classification":
      return indexOfLargest(logits);
    case "ordinal":
      return logits.filter((logit) => logit > 0).length;
    case "multilabel":
      return logits.map((logit) => logit > 0 ? 1 : 0);
    case "regression":
      return logits;
    case "ranking":
      return logits[0]! > logits[1]! ? 0 : 1;
    case "tagging":
      return Int32Array.from(
        { length: logits.length / labels },
        (_, token) => indexOfLargest(logits.subarray(token * labels, (token + 1) * labels)),
      );
  }
}

/**
 * Decisions that were right, and how many there were: words for tagging, otherwise examples. Regression decides
 * nothing.
 */
export function countRight(
  task: Task,
  logits: readonly Float32Array[],
  examples: readonly Example[],
  labels: number,
): { right: number; of: number } {
  if (task === "regression") return { right: 0, of: 0 };
  let right = 0;
  let of = 0;
  for (const [index, { label }] of examples.entries()) {
    const decision = decisionOf(task, logits[index]!, labels);
    if (task === "tagging") {
      for (const [token, tag] of (label as Int32Array).entries()) {
        if (tag === IGNORED) continue;
        of++;
        if ((decision as Int32Array)[token] === tag) right++;
      }
      continue;
    }
    of++;
    const isRight = task === "multilabel"
      ? (decision as Float32Array).every((one, at) => one === (label as Float32Array)[at])
      : decision === label;
    if (isRight) right++;
  }
  return { right, of };
}

/** The scores of a task; see the module's text. */
export function taskScores(
  task: Task,
  logits: readonly Float32Array[],
  examples: readonly Example[],
  labels: readonly string[],
): TaskScores {
  const decisions = logits.map((one) => decisionOf(task, one, labels.length));
  const { right, of } = countRight(task, logits, examples, labels.length);
  const accuracy = of === 0 ? 0 : right / of;
  switch (task) {
    case "classification": {
      const truth = examples.map(({ label }) => label as number);
      const { matrix: _, ...scores } = classificationScores(
        confusionMatrix(truth, decisions as number[], labels.length),
      );
      return { ...scores };
    }
    case "multilabel":
      return { accuracy, ...multilabelScores(decisions as Float32Array[], examples, labels.length) };
    case "regression":
      return regressionScores(decisions as Float32Array[], examples);
    case "ordinal":
      return { accuracy, ...ordinalScores(decisions as number[], examples, labels.length) };
    case "ranking":
      return { accuracy };
    case "tagging":
      return { accuracy, ...taggingScores(decisions as Int32Array[], examples, labels) };
  }
}

function multilabelScores(
  decisions: readonly Float32Array[],
  examples: readonly Example[],
  labels: number,
): TaskScores {
  const counts = Array.from({ length: labels }, () => ({ right: 0, said: 0, are: 0 }));
  for (const [index, { label }] of examples.entries()) {
    for (const [at, count] of counts.entries()) {
      const [said, is] = [decisions[index]![at]!, (label as Float32Array)[at]!];
      count.said += said;
      count.are += is;
      count.right += said * is;
    }
  }
  const [right, said, are] = (["right", "said", "are"] as const).map((name) =>
    sum(counts.map((one) => one[name]))
  );
  return {
    precision: share(right!, said!),
    recall: share(right!, are!),
    f1: share(2 * right!, said! + are!),
    macro_f1: share(sum(counts.map((one) => share(2 * one.right, one.said + one.are))), labels),
  };
}

/** R² is 1 less the share of the variance that is left; 0 where there is none. */
function regressionScores(decisions: readonly Float32Array[], examples: readonly Example[]): TaskScores {
  const truth = examples.flatMap(({ label }) => [...label as Float32Array]);
  const said = decisions.flatMap((values) => [...values]);
  const errors = truth.map((value, index) => said[index]! - value);
  const squares = sum(errors.map((error) => error * error));
  const width = examples.length === 0 ? 1 : truth.length / examples.length;
  const means = Array.from(
    { length: width },
    (_, column) => share(sum(truth.filter((_, index) => index % width === column)), examples.length),
  );
  const variance = sum(truth.map((value, index) => (value - means[index % width]!) ** 2));
  return {
    mae: share(sum(errors.map(Math.abs)), truth.length),
    rmse: Math.sqrt(share(squares, truth.length)),
    r2: variance === 0 ? 0 : 1 - squares / variance,
  };
}

/** @see Cohen 1968, "Weighted kappa", Psychological Bulletin 70(4) */
function ordinalScores(
  decisions: readonly number[],
  examples: readonly Example[],
  ranks: number,
): TaskScores {
  const truth = examples.map(({ label }) => label as number);
  const count = truth.length;
  const [are, said] = [truth, decisions].map((list) => {
    const counts = new Array<number>(ranks).fill(0);
    for (const rank of list) counts[rank]!++;
    return counts;
  });
  const observed = sum(truth.map((rank, index) => (rank - decisions[index]!) ** 2));
  let expected = 0;
  for (let a = 0; a < ranks; a++) {
    for (let b = 0; b < ranks; b++) expected += are![a]! * said![b]! / count * (a - b) ** 2;
  }
  return {
    mae: share(sum(truth.map((rank, index) => Math.abs(rank - decisions[index]!))), count),
    kappa: expected === 0 ? (observed === 0 ? 1 : 0) : 1 - observed / expected,
  };
}

function taggingScores(
  decisions: readonly Int32Array[],
  examples: readonly Example[],
  labels: readonly string[],
): TaskScores {
  const [truth, said]: [number[][], number[][]] = [[], []];
  for (const [index, { label }] of examples.entries()) {
    const tags = [...label as Int32Array];
    const words = tags.flatMap((tag, token) => tag === IGNORED ? [] : [token]);
    truth.push(words.map((token) => tags[token]!));
    said.push(words.map((token) => decisions[index]![token]!));
  }
  const scores = classificationScores(confusionMatrix(truth.flat(), said.flat(), labels.length));
  const isSpans = labels.every((name) => /^(?:O|[BI]-.+)$/.test(name));
  return { macro_f1: scores.f1, ...(isSpans && { span_f1: spanScores(truth, said, labels).f1 }) };
}

function share(part: number, whole: number): number {
  return whole === 0 ? 0 : part / whole;
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}

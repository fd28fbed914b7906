/**
 * The losses of k-bert/sdk/tensors by their formulas, on {@linkcode Array64}: each example alone, added up.
 *
 * @module
 */
import { Array64, each, scalar } from "./array64.ts";
import { add, exp, mean, mul, pow, relu, softplus, square, sub, sum, times } from "./numbers.ts";
import { logSoftmax } from "./layers.ts";
import { reshape } from "./shapes.ts";

/** Settings of {@linkcode crossEntropy}. */
export interface CrossEntropyReference {
  readonly weights?: readonly number[];
  readonly smoothing?: number;
  /** Makes it a focal loss. */
  readonly gamma?: number;
}

/** Over the classes of the last axis; labels that are none of them do not count. */
export function crossEntropy(
  logits: Array64,
  labels: ArrayLike<number>,
  { weights, smoothing = 0, gamma }: CrossEntropyReference = {},
): Array64 {
  const classes = logits.shape.at(-1)!;
  const shape = [labels.length, classes];
  const counts = (row: number): boolean => labels[row]! >= 0 && labels[row]! < classes;
  const table = (value: (row: number, column: number) => number): Array64 =>
    new Array64(
      shape,
      Array.from(
        { length: labels.length * classes },
        (_, at) => value(Math.floor(at / classes), at % classes),
      ),
    );
  const weightOf = (index: number): number => weights?.[index] ?? 1;
  const isLabel = table((row, column) => labels[row] === column ? 1 : 0);
  const targets = table((row, column) =>
    counts(row) ? ((labels[row] === column ? 1 - smoothing : 0) + smoothing / classes) * weightOf(column) : 0
  );
  const total = Array.from(labels).reduce((sum, label, row) => counts(row) ? sum + weightOf(label) : sum, 0);
  const logShares = logSoftmax(reshape(logits, shape));
  const terms = mul(targets, logShares);
  const others = (): Array64 => sum(mul(sub(scalar(1), isLabel), exp(logShares)), [-1], true);
  const weighted = gamma === undefined ? terms : mul(pow(others(), scalar(gamma)), terms);
  return times(sum(weighted), total === 0 ? 0 : -1 / total);
}

/** Mean of `-t w ln σ(x) - (1 - t) ln σ(-x)`. */
export function binaryCrossEntropy(
  logits: Array64,
  targets: ArrayLike<number>,
  positiveWeights?: readonly number[],
): Array64 {
  const t = new Array64(logits.shape, targets);
  const weights = positiveWeights ? new Array64([positiveWeights.length], positiveWeights) : scalar(1);
  return mean(add(
    mul(mul(t, weights), softplus(times(logits, -1))),
    mul(sub(scalar(1), t), softplus(logits)),
  ));
}

/** Mean of the squared errors. */
export function meanSquaredError(x: Array64, targets: ArrayLike<number>): Array64 {
  return mean(square(sub(x, new Array64(x.shape, targets))));
}

/** Mean of the absolute errors. */
export function meanAbsoluteError(x: Array64, targets: ArrayLike<number>): Array64 {
  return mean(each(sub(x, new Array64(x.shape, targets)), Math.abs, Math.sign));
}

/** `e²/2` up to delta, `delta (|e| - delta/2)` beyond. @see Huber 1964 */
export function huber(x: Array64, targets: ArrayLike<number>, delta: number): Array64 {
  const isNear = (error: number): boolean => Math.abs(error) <= delta;
  return mean(each(
    sub(x, new Array64(x.shape, targets)),
    (error) => isNear(error) ? error * error / 2 : delta * (Math.abs(error) - delta / 2),
    (error) => isNear(error) ? error : delta * Math.sign(error),
  ));
}

/** Sum over the questions "above rank k?", mean over the examples. */
export function ordinal(logits: Array64, ranks: ArrayLike<number>): Array64 {
  const [batch, questions] = logits.shape as [number, number];
  const isAbove = Array.from(
    { length: batch * questions },
    (_, at) => ranks[Math.floor(at / questions)]! > at % questions ? 1 : 0,
  );
  return times(binaryCrossEntropy(logits, isAbove), questions);
}

/** Mean of `max(0, margin - (better - worse))` over pairs of rows. */
export function marginRanking(scores: Array64, margin: number): Array64 {
  const pairs = reshape(scores, [scores.data.length / 2, 2]);
  const leads = sum(mul(pairs, new Array64([2], [1, -1])), [1]);
  return mean(relu(sub(scalar(margin), leads)));
}

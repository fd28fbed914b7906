/**
 * Which loss a head trains with: what the settings say, if it makes sense.
 *
 * A setting that the loss would not look at is an error and not forgotten: who weighs classes wants them weighed.
 *
 * @module
 */
import {
  binaryCrossEntropyWith,
  crossEntropyWith,
  focal,
  huber,
  type LossFunction,
  marginRanking,
  meanAbsoluteError,
  meanSquaredError,
  ordinal,
} from "k-bert/sdk/tensors";
import type { LossName, Settings } from "./settings.ts";
import { TASKS } from "./tasks.ts";

/** Name → loss, from the settings that it takes. */
const LOSSES: Readonly<Record<LossName, (settings: Settings) => LossFunction>> = {
  cross_entropy: ({ class_weights, label_smoothing }) =>
    crossEntropyWith({ ...weights("classWeights", class_weights), labelSmoothing: label_smoothing }),
  focal: ({ class_weights, focal_gamma }) =>
    focal({ ...weights("classWeights", class_weights), gamma: focal_gamma }),
  binary_cross_entropy: ({ class_weights }) =>
    binaryCrossEntropyWith(weights("positiveWeights", class_weights)),
  mse: () => meanSquaredError,
  mae: () => meanAbsoluteError,
  huber: ({ huber_delta }) => huber(huber_delta),
  ordinal: () => ordinal,
  margin_ranking: ({ margin }) => marginRanking(margin),
};

/** The losses that can weigh labels, and those that can smooth them. */
const WEIGHS: readonly LossName[] = ["cross_entropy", "focal", "binary_cross_entropy"];
const SMOOTHS: readonly LossName[] = ["cross_entropy"];

/**
 * The loss function that the settings ask for.
 *
 * @throws {TypeError} for a loss that does not fit the task, and for weights or a smoothing that the loss does not
 * have
 * @throws {RangeError} for another number of weights than there are labels
 */
export function chooseLoss(settings: Settings): LossFunction {
  const { task, class_weights, label_smoothing, num_labels } = settings;
  const { losses } = TASKS[task];
  const name = settings.loss === "auto" ? losses[0] : settings.loss;
  if (!losses.includes(name)) {
    throw new TypeError(`The task ${task} cannot be learned with the loss ${name}; take ${list(losses)}`);
  }
  if (class_weights.length > 0) requireAmong(WEIGHS, name, "class_weights");
  if (label_smoothing > 0) requireAmong(SMOOTHS, name, "label_smoothing");
  if (class_weights.length > 0 && class_weights.length !== num_labels) {
    const message = `Cannot weigh ${num_labels} labels with ${class_weights.length} class_weights`;
    throw new RangeError(`${message}; give one for each label`);
  }
  return LOSSES[name](settings);
}

function requireAmong(losses: readonly LossName[], name: LossName, setting: string): void {
  if (losses.includes(name)) return;
  throw new TypeError(`The loss ${name} has no ${setting}; leave it out, or take ${list(losses)}`);
}

function weights<Name extends string>(
  name: Name,
  given: readonly number[],
): { readonly [Key in Name]?: readonly number[] } {
  return given.length > 0 ? { [name]: given } as { [Key in Name]: readonly number[] } : {};
}

function list(names: readonly string[]): string {
  return [...names.slice(0, -2), names.slice(-2).join(" or ")].join(", ");
}

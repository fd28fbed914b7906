/**
 * What each task needs of a head: which losses there are for it, and how many labels make sense.
 *
 * @module
 */
import type { Task } from "k-bert/sdk/tensors";
import type { LossName } from "./settings.ts";

/** A row of {@linkcode TASKS}. */
export interface TaskNeeds {
  /** Of these, `auto` is the first. */
  readonly losses: readonly [own: LossName, ...others: LossName[]];
  /** With fewer there is nothing to learn. */
  readonly fewestLabels: number;
}

/** Shapes of targets and logits are those of core/manifest/task.ts. */
export const TASKS: Readonly<Record<Task, TaskNeeds>> = {
  classification: { losses: ["cross_entropy", "focal"], fewestLabels: 2 },
  multilabel: { losses: ["binary_cross_entropy"], fewestLabels: 1 },
  regression: { losses: ["mse", "mae", "huber"], fewestLabels: 1 },
  ordinal: { losses: ["ordinal"], fewestLabels: 2 },
  ranking: { losses: ["margin_ranking"], fewestLabels: 1 },
  tagging: { losses: ["cross_entropy", "focal"], fewestLabels: 2 },
};

/**
 * The means of an epoch: what callbacks and the log are told when it ends.
 *
 * @module
 */
import type { Logs } from "../manifest/moments.ts";
import type { StepReport } from "./trainer.ts";

/** By the names of the figures. A loss counts as often as there are steps that it is the mean of. */
type Sums = Record<string, { sum: number; count: number }>;

/**
 * Adds steps up and answers their means. Its state is part of a checkpoint, so an epoch that was interrupted has the
 * same means in the end.
 *
 * @example
 * ```ts
 * import { EpochLogs } from "./epoch_logs.ts";
 * import { assertEquals } from "../deps/assert.ts";
 *
 * const logs = new EpochLogs();
 * for (const loss of [3, 1]) logs.add({ loss, accuracy: null, learningRate: 0.1 });
 * assertEquals(logs.means, { loss: 2, learning_rate: 0.1 });
 * ```
 */
export class EpochLogs {
  #sums: Sums = {};
  #learningRate = 0;

  add(
    { loss, lossSteps = 1, accuracy, learningRate, metrics }: Pick<
      StepReport,
      "loss" | "lossSteps" | "accuracy" | "learningRate" | "metrics"
    >,
  ): void {
    this.#learningRate = learningRate;
    const figures = {
      ...(loss !== null && { loss: { sum: loss * lossSteps, count: lossSteps } }),
      ...(accuracy !== null && { accuracy: once(accuracy) }),
      ...Object.fromEntries(Object.entries(metrics ?? {}).map(([name, value]) => [name, once(value)])),
    };
    for (const [name, { sum, count }] of Object.entries(figures)) {
      const before = this.#sums[name] ?? { sum: 0, count: 0 };
      this.#sums[name] = { sum: before.sum + sum, count: before.count + count };
    }
  }

  /** Means by name, and the last learning rate; nothing before the first step. */
  get means(): Logs {
    const means = Object.entries(this.#sums).map(([name, { sum, count }]) => [name, sum / count]);
    return means.length === 0 ? {} : { ...Object.fromEntries(means), learning_rate: this.#learningRate };
  }

  /** Begins anew. */
  clear(): void {
    this.#sums = {};
  }

  /** For a checkpoint. */
  get state(): Record<string, unknown> {
    return { sums: this.#sums, learningRate: this.#learningRate };
  }

  /** Goes on from a checkpoint. */
  restore(state: unknown): void {
    const { sums = {}, learningRate = 0 } = Object(state) as Partial<{ sums: object; learningRate: number }>;
    this.#sums = structuredClone(sums) as Sums;
    this.#learningRate = learningRate;
  }
}

function once(value: number): Sums[string] {
  return { sum: value, count: 1 };
}

/**
 * What a step is told as: the figures of the log by the names that callbacks know. A step without a report has no
 * loss, rather than that of another one.
 */
export function stepLogs({ loss, accuracy, learningRate, gradientNorm, metrics }: StepReport): Logs {
  return {
    ...(loss !== null && { loss }),
    ...{ learning_rate: learningRate, gradient_norm: gradientNorm },
    ...(accuracy !== null && { accuracy }),
    ...metrics,
  };
}

/**
 * The figures of a step, put together from those of its micro-batches, and the losses of the quiet steps before it.
 *
 * A report's loss is the mean over all steps since the last report, each step counting the same: what a loss is
 * read for is where it goes, and one step in ten would show the noise of that step. The accuracy and a head's
 * own figures are those of the step itself, because what they are counted from is read only then.
 *
 * @module
 */
import type { HeadFigures } from "./head_client.ts";

/** What a step reports, besides what is known of every step. */
export interface ReportedFigures {
  /**
   * Mean loss of the steps since the last report, this one included; of one step the mean over its batch, in nats
   * per example for a cross-entropy head. Null at a step without a report.
   */
  readonly loss: number | null;
  /** How many steps that is; absent if it is this one alone. */
  readonly lossSteps?: number;
  /**
   * Share of this batch's decisions that were right, in training mode; null if the task decides nothing, or the step
   * has no report.
   */
  readonly accuracy: number | null;
  /** Figures of the head's own about this batch, if it has any. */
  readonly metrics?: Readonly<Record<string, number>>;
}

/** Of a step whose figures nobody has read. */
export const UNREPORTED: ReportedFigures = { loss: null, accuracy: null };

/** Figures of one micro-batch. */
export interface PartFigures extends Pick<HeadFigures, "loss" | "metrics" | "earlier"> {
  /** Right decisions, and all of them. */
  readonly right: number;
  readonly of: number;
}

/**
 * Adds up.
 *
 * @example Two micro-batches, after four steps without a report
 * ```ts
 * import { StepFigures } from "./step_figures.ts";
 * import { assertEquals } from "../deps/assert.ts";
 *
 * const figures = new StepFigures();
 * const earlier = { sum: 8, steps: 4 };
 * figures.add({ loss: 1, metrics: { margin: 2 }, right: 3, of: 6, earlier }, 0.75);
 * figures.add({ loss: 5, metrics: { margin: 6 }, right: 1, of: 2, earlier }, 0.25);
 * assertEquals(figures.report, { loss: 2, lossSteps: 5, accuracy: 0.5, metrics: { margin: 3 } });
 * ```
 */
export class StepFigures {
  #loss = 0;
  #right = 0;
  #of = 0;
  #earlier = { sum: 0, steps: 0 };
  readonly #metrics: Record<string, number> = {};

  /** @param weight share of the micro-batch in the batch */
  add({ loss, metrics, right, of, earlier }: PartFigures, weight: number): void {
    this.#loss += loss * weight;
    this.#right += right;
    this.#of += of;
    this.#earlier = earlier; // the same for all of them: the head adds up by itself
    for (const [name, figure] of Object.entries(metrics)) {
      this.#metrics[name] = (this.#metrics[name] ?? 0) + figure * weight;
    }
  }

  get report(): ReportedFigures & { readonly loss: number } {
    const { sum, steps } = this.#earlier;
    return {
      loss: (sum + this.#loss) / (steps + 1),
      ...(steps > 0 && { lossSteps: steps + 1 }),
      accuracy: this.#of === 0 ? null : this.#right / this.#of,
      ...(Object.keys(this.#metrics).length > 0 && { metrics: this.#metrics }),
    };
  }
}

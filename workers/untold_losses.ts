/**
 * The losses of steps that nobody was told of: their sum, on the head's device, so that it costs no read.
 *
 * It follows the gradients: what the step in hand adds counts when that step is applied, and is given up with it.
 * It is a sum in float32, which of a thousand losses may be off by some units of the fifth digit.
 *
 * @module
 */
import * as tf from "../core/deps/tfjs.ts";

/** A sum of losses of steps. */
export type LossSum = {
  readonly sum: number;
  readonly steps: number;
};

/** See the module's text. Owns its tensors until it is told to forget all. */
export class UntoldLosses {
  #sum: tf.Tensor | undefined;
  #steps = 0;
  /** Of the step in hand; undefined in one that tells its losses. */
  #ofStep: tf.Tensor | undefined;

  /** The loss of a micro-batch that is not told, by its share in the batch. */
  add(loss: tf.Tensor, weight: number): void {
    const sum = this.#ofStep;
    this.#ofStep = tf.keep(tf.tidy(() => {
      const share = tf.mul(loss, weight);
      return sum ? tf.add(sum, share) : share;
    }));
    sum?.dispose();
  }

  /** The step in hand is done. If it told its losses, all those before it are told as well. */
  apply(): void {
    if (this.#ofStep === undefined) return this.forget({ all: true });
    const before = this.#sum;
    if (before) {
      this.#sum = tf.keep(tf.add(before, this.#ofStep));
      tf.dispose([before, this.#ofStep]);
    } else this.#sum = this.#ofStep;
    this.#ofStep = undefined;
    this.#steps++;
  }

  /** Gives up what the step in hand has added, or everything. */
  forget({ all = false } = {}): void {
    this.#ofStep?.dispose();
    this.#ofStep = undefined;
    if (!all) return;
    this.#sum?.dispose();
    this.#sum = undefined;
    this.#steps = 0;
  }

  /** Without the step in hand; undefined if everything was told. */
  async read(): Promise<LossSum | undefined> {
    const steps = this.#steps;
    if (this.#sum === undefined) return undefined;
    return { sum: (await this.#sum.data())[0]!, steps };
  }

  /** What the step in hand has added; undefined if that is nothing. */
  async readStep(): Promise<number | undefined> {
    return (await this.#ofStep?.data())?.[0];
  }

  /** Goes on from what was read. */
  restore({ sum, steps }: LossSum = { sum: 0, steps: 0 }, ofStep?: number): void {
    this.forget({ all: true });
    if (ofStep !== undefined) this.#ofStep = tf.keep(tf.scalar(ofStep));
    if (steps === 0) return;
    this.#sum = tf.keep(tf.scalar(sum));
    this.#steps = steps;
  }
}

/**
 * A gradient tape that stays open across an `await`.
 *
 * `tf.grads` records and differentiates in one synchronous call. Split learning cannot: between the
 * forward pass of the encoder and its backward pass lies a message to the head's worker and back. This
 * uses the engine's own tape directly; the calls are semi-private, which is why tfjs is pinned and they
 * are made in this file only.
 *
 * @module
 */
import * as tf from "../deps/tfjs.ts";

interface TapeEngine {
  startTape(): void;
  endTape(): void;
  gradients(
    f: () => tf.Tensor,
    xs: readonly tf.Tensor[],
    dy: tf.Tensor | undefined,
    allowNoGradients: boolean,
  ): { value: tf.Tensor; grads: (tf.Tensor | null)[] };
  state: { activeTape: { saved: tf.Tensor[] | null }[] | null };
}

/**
 * An open recording. While it is open, no other code may compute with tensors in this realm.
 *
 * Owns what was saved for the backward pass; disposing of it frees that.
 *
 * @example The derivative of a square
 * ```ts
 * import { Tape } from "./tape.ts";
 * import * as tf from "../deps/tfjs.ts";
 * import { assertEquals } from "../deps/assert.ts";
 *
 * await tf.setBackend("cpu");
 * const x = tf.scalar(3);
 * using tape = new Tape();
 * const y = tf.square(x);
 * await Promise.resolve(); // a message to a worker and back, say
 *
 * const [gradient] = tape.gradients(y, undefined, [x]);
 *
 * assertEquals(gradient!.dataSync()[0], 6);
 * ```
 */
export class Tape implements Disposable {
  readonly #engine = tf.engine() as unknown as TapeEngine;
  #open = true;

  constructor() {
    this.#engine.startTape();
  }

  /**
   * Runs the backward pass from `y`.
   *
   * @param y what was computed while the tape was open
   * @param dy gradient of the loss with respect to `y`, same shape; 1 if it is left out
   * @param xs what to differentiate by
   * @returns one gradient per x, in order, `undefined` where y does not depend on it; the caller disposes
   */
  gradients(y: tf.Tensor, dy: tf.Tensor | undefined, xs: readonly tf.Tensor[]): (tf.Tensor | undefined)[] {
    const { value, grads } = this.#engine.gradients(() => tf.clone(y), xs, dy, true);
    value.dispose();
    return grads.map((gradient) => gradient ?? undefined);
  }

  [Symbol.dispose](): void {
    if (!this.#open) return;
    this.#open = false;
    this.#engine.endTape();
    for (const node of this.#engine.state.activeTape ?? []) {
      for (const saved of node.saved ?? []) saved.dispose();
    }
    this.#engine.state.activeTape = null;
  }
}

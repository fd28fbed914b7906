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

/** What was computed, and what its gradient needs. */
interface TapeNode {
  readonly saved: readonly tf.Tensor[] | null;
  readonly outputs: readonly tf.Tensor[];
  /**
   * From the gradients of the outputs, in order, null where nothing depends on one; makes that of each input when it
   * is asked for.
   */
  gradient?: (dys: readonly (tf.Tensor | null)[]) => Record<string, () => tf.Tensor>;
}

interface TapeEngine {
  startTape(): void;
  endTape(): void;
  /** Frees what the tape saved, if no other one is open. */
  gradients(
    f: () => tf.Tensor,
    xs: readonly tf.Tensor[],
    dy: tf.Tensor | undefined,
    allowNoGradients: boolean,
  ): { value: tf.Tensor; grads: (tf.Tensor | null)[] };
  readonly state: { activeTape: TapeNode[] | null; gradientDepth: number };
}

/**
 * An open recording. While it is open, no other code may compute with tensors in this realm.
 *
 * Owns what was saved for the backward pass; running that, or disposing of it, frees it.
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
  readonly #nodes: TapeNode[];
  #open = true;

  constructor() {
    this.#engine.startTape();
    this.#nodes = this.#engine.state.activeTape!;
  }

  /**
   * Runs the backward pass from `y`, once: it ends the recording, or the backward pass would be recorded as
   * well, and all that it computes would be kept.
   *
   * @param y what was computed while the tape was open
   * @param dy gradient of the loss with respect to `y`, same shape; 1 if it is left out
   * @param xs what to differentiate by
   * @returns one gradient per x, in order, `undefined` where y does not depend on it; the caller disposes
   * @throws {TypeError} if it was run before
   */
  gradients(y: tf.Tensor, dy: tf.Tensor | undefined, xs: readonly tf.Tensor[]): (tf.Tensor | undefined)[] {
    if (!this.#open) throw new TypeError("A tape can be run backward only once");
    const { state } = this.#engine;
    this.#end();
    return backward(
      this.#engine,
      () => {
        state.activeTape = this.#nodes; // the engine has just begun a tape of its own, and filters this one
        return tf.clone(y);
      },
      xs,
      dy,
    );
  }

  [Symbol.dispose](): void {
    if (this.#open) this.#end();
    free(this.#nodes);
  }

  #end(): void {
    this.#open = false;
    this.#engine.endTape();
    this.#engine.state.activeTape = null;
  }
}

/**
 * Gradients of one function, also in the middle of another backward pass, and whatever is being recorded.
 *
 * @param f computes what is differentiated from `xs`
 * @param dy as in {@linkcode Tape.gradients}, and so are `xs` and the result
 *
 * @example
 * ```ts
 * import { gradientsOf } from "./tape.ts";
 * import * as tf from "../deps/tfjs.ts";
 * import { assertEquals } from "../deps/assert.ts";
 *
 * await tf.setBackend("cpu");
 * const x = tf.scalar(3);
 *
 * const [gradient] = gradientsOf(() => tf.square(x), [x], tf.scalar(2));
 *
 * assertEquals(gradient!.dataSync()[0], 12);
 * ```
 */
export function gradientsOf(
  f: () => tf.Tensor,
  xs: readonly tf.Tensor[],
  dy?: tf.Tensor,
): (tf.Tensor | undefined)[] {
  const engine = tf.engine() as unknown as TapeEngine;
  const { state } = engine;
  const { activeTape, gradientDepth } = state;
  state.gradientDepth = 0;
  try {
    return backward(engine, f, xs, dy);
  } finally {
    state.activeTape = activeTape;
    state.gradientDepth = gradientDepth;
  }
}

/** No tape is open when it is called. */
function backward(
  engine: TapeEngine,
  f: () => tf.Tensor,
  xs: readonly tf.Tensor[],
  dy: tf.Tensor | undefined,
): (tf.Tensor | undefined)[] {
  let value: tf.Tensor | undefined;
  try {
    const computed = (): tf.Tensor => {
      value = f();
      freeOnTheWay(engine.state.activeTape ?? [], [value, ...xs]);
      return value;
    };
    const { grads } = engine.gradients(computed, xs, dy, true);
    return grads.map((gradient) => gradient ?? undefined);
  } catch (error) {
    free(engine.state.activeTape ?? []);
    engine.state.activeTape = null;
    throw error;
  } finally {
    value?.dispose(); // in no scope of the engine's
  }
}

/**
 * Lets a backward pass free what a node saved, and the gradients of its outputs, when its own gradient is computed.
 * The engine would keep all of that to the end, which is twice the memory of the forward pass.
 *
 * @param kept gradients of these are somebody else's, or the answer
 */
function freeOnTheWay(nodes: readonly TapeNode[], kept: readonly tf.Tensor[]): void {
  const ids = new Set(kept.map(({ id }) => id));
  let done = (): void => {};
  for (const node of nodes) {
    const { gradient, outputs } = node;
    if (!gradient) continue;
    node.gradient = (dys) => {
      done(); // the node before this one
      done = () => {
        free([node]);
        dys.forEach((dy, index) => ids.has(outputs[index]!.id) || dy?.dispose());
      };
      // A gradient may be the very tensor that it was computed from, or that of another input.
      const given = new Set<tf.Tensor | null>(dys);
      const own = (dx: tf.Tensor): tf.Tensor => given.has(dx) ? tf.clone(dx) : (given.add(dx), dx);
      const made = Object.entries(gradient(dys));
      return Object.fromEntries(made.map(([input, make]) => [input, () => own(make())]));
    };
  }
}

/** Disposing of a tensor for the second time does nothing. */
function free(nodes: readonly Pick<TapeNode, "saved">[]): void {
  for (const { saved } of nodes) {
    for (const tensor of saved ?? []) tensor.dispose();
  }
}

/**
 * How large the gradient may be that a head sends back into the encoder.
 *
 * Clipping scales a large gradient down to length 1, but not to nothing: one poisoned micro-batch would still be
 * the whole of its update, in the direction that the head chose. What is large depends on the loss and the model, so
 * the limit follows the run: a multiple of the median of the last micro-batches, which outliers do not move.
 *
 * @module
 */

/** A norm above this is refused from the first step on: its square is where float32 loses the small numbers. */
export const NORM_CAP = 1e6;
/** Times the median. Gradients of a real run differ by a factor of 100 between its begin and a hard batch. */
const FACTOR = 1e3;
/** Never refused: the default of `maxGradientNorm` lets as much through. It is the floor where a median is 0. */
const FLOOR = 1;
/** Micro-batches that the median is of. */
const WINDOW = 32;
/** With fewer there is no median, only {@linkcode NORM_CAP}. */
const LEAST = 5;

/**
 * Remembers the norms that were accepted, and says what the next one may be.
 *
 * @example
 * ```ts
 * import { NormGuard } from "./norm_guard.ts";
 * import { assertEquals } from "../deps/assert.ts";
 *
 * const norms = new NormGuard();
 * assertEquals(norms.limit, 1e6);
 * for (const norm of [2, 2, 3, 2, 90]) norms.add(norm);
 * assertEquals(norms.limit, 2_000);
 * ```
 */
export class NormGuard {
  #recent: number[] = [];
  /** Sorting 32 numbers takes a microsecond, but the limit is asked for twice. */
  #limit = NORM_CAP;

  /** The largest norm that is not refused. */
  get limit(): number {
    return this.#limit;
  }

  /** Those that are remembered, the oldest first: for a checkpoint. */
  get recent(): readonly number[] {
    return [...this.#recent];
  }

  /** Remembers one that was accepted. */
  add(norm: number): void {
    if (this.#recent.push(norm) > WINDOW) this.#recent.shift();
    this.#limit = limitOf(this.#recent);
  }

  /** Goes on from a checkpoint; anything but a list of norms is taken as none. */
  restore(recent: unknown): void {
    const isNorm = (norm: unknown): norm is number =>
      typeof norm === "number" && Number.isFinite(norm) && norm >= 0;
    this.#recent = Array.isArray(recent) ? recent.filter(isNorm).slice(-WINDOW) : [];
    this.#limit = limitOf(this.#recent);
  }
}

function limitOf(recent: readonly number[]): number {
  if (recent.length < LEAST) return NORM_CAP;
  const median = recent.toSorted((a, b) => a - b)[(recent.length - 1) >> 1]!;
  return Math.min(NORM_CAP, Math.max(FLOOR, FACTOR * median));
}

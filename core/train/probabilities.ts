/**
 * Logits as probabilities.
 *
 * @module
 */

/**
 * Of classes that exclude each other; the sum is 1. The largest logit is taken away first, so no power overflows.
 *
 * @example
 * ```ts
 * import { softmax } from "./probabilities.ts";
 * import { assertEquals } from "../deps/assert.ts";
 *
 * assertEquals(softmax(Float32Array.of(1_000, 1_000)), [0.5, 0.5]);
 * ```
 */
export function softmax(logits: Float32Array): number[] {
  const largest = Math.max(...logits);
  const powers = Array.from(logits, (logit) => Math.exp(logit - largest));
  const sum = powers.reduce((total, power) => total + power, 0);
  return powers.map((power) => power / sum);
}

/** Of one class, whatever the others are. */
export function sigmoid(logit: number): number {
  return 1 / (1 + Math.exp(-logit));
}

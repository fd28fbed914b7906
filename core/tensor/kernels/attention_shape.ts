/**
 * The sizes of an attention, which kernels of every backend are told and none of them asks for again.
 *
 * @module
 */
import type * as tf from "../../deps/tfjs.ts";
import type { AttentionRule } from "./composed.ts";
import { requireShape } from "./differentiable.ts";

/** B batch, S sequence, H hidden, A heads, D = H / A. */
export interface AttentionShape {
  readonly batch: number;
  readonly length: number;
  readonly hidden: number;
  readonly heads: number;
  /** Of one head. */
  readonly width: number;
}

/**
 * Of these tensors.
 *
 * @param sides query, key and value: `[B*S, H]` each
 * @param bias `[B, 1, 1, S]`
 * @throws {KBertError} `tensor/shape` if one of them has another shape
 */
export function attentionShape(
  sides: readonly tf.Tensor[],
  bias: tf.Tensor,
  { heads }: AttentionRule,
): AttentionShape {
  const [rows, hidden] = sides[0]!.shape as [number, number];
  const batch = bias.shape[0]!;
  const length = rows / batch;
  requireShape(bias, [batch, 1, 1, length]);
  for (const side of sides) requireShape(side, [batch * length, Math.floor(hidden / heads) * heads]);
  return { batch, length, hidden, heads, width: hidden / heads };
}

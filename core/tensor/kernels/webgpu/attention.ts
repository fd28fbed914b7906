/**
 * Attention on webgpu, without a transposed copy of anything: a head is every `hidden`-th number onwards of
 * `[batch * length, hidden]`, and the products are told so.
 *
 * Between the passes it keeps the weights before dropout, once; what is dropped is drawn again.
 *
 * @module
 */
import * as tf from "../../../deps/tfjs.ts";
import { type AttentionRule, type Operations } from "../composed.ts";
import { differentiable, requireShape } from "../differentiable.ts";
import { drop } from "./dropout.ts";
import { gpu } from "./gpu.ts";
import { type Matrices, multiply } from "./matmul.ts";
import { softmaxGradient, softmaxRows } from "./softmax.ts";

/** B batch, S sequence, H hidden, A heads, D = H / A; see operations.ts. */
export const attention: Operations["attention"] = (query, key, value, bias, rule) =>
  differentiable((save, query, key, value) => {
    const shape = shapeOf(query!, bias, rule);
    for (const one of [query!, key!, value!]) requireShape(one, [shape.batch * shape.length, shape.hidden]);
    const weights = weigh(query!, key!, bias, shape, rule); // [B, A, S, S]
    save([query!, key!, value!, weights]);
    const dropped = dropFrom(weights, rule);
    const context = gpu().allocate(query!.shape, gpu().floatTypeOf(query!)); // [B*S, H]
    multiply({
      ...{ rows: shape.length, columns: shape.width, inner: shape.length, batch: shape.heads },
      ...{ a: whole(dropped, shape), b: heads(value!, shape), c: heads(context, shape) },
    });
    if (dropped !== weights) dropped.dispose();
    return [context, (dy, saved) => gradients(dy, saved as Saved, shape, rule)];
  })(query, key, value);

type Saved = [query: tf.Tensor, key: tf.Tensor, value: tf.Tensor, weights: tf.Tensor];

interface Shape {
  readonly batch: number;
  readonly length: number;
  readonly hidden: number;
  /** Of one head. */
  readonly width: number;
  /** Batch and number of heads. */
  readonly heads: readonly [number, number];
}

function shapeOf(query: tf.Tensor, bias: tf.Tensor, { heads }: AttentionRule): Shape {
  const [batch, hidden] = [bias.shape[0]!, query.shape[1]!];
  const length = query.shape[0]! / batch;
  requireShape(bias, [batch, 1, 1, length]);
  requireShape(query, [batch * length, Math.floor(hidden / heads) * heads]);
  return { batch, length, hidden, width: hidden / heads, heads: [batch, heads] };
}

function weigh(
  query: tf.Tensor,
  key: tf.Tensor,
  bias: tf.Tensor,
  shape: Shape,
  { scale }: AttentionRule,
): tf.Tensor {
  const { length, width } = shape;
  const scores = gpu().allocate([...shape.heads, length, length]); // float32: float16 ends at 65,504
  multiply({
    ...{ rows: length, columns: length, inner: width, transposeB: true, batch: shape.heads },
    ...{ a: heads(query, shape), b: heads(key, shape), c: whole(scores, shape) },
  });
  const weights = softmaxRows(scores, bias, scale, gpu().floatTypeOf(query));
  scores.dispose();
  return weights;
}

function gradients(
  dy: tf.Tensor,
  [query, key, value, weights]: Saved,
  shape: Shape,
  rule: AttentionRule,
): tf.Tensor[] {
  const { length, width } = shape;
  const [dQuery, dKey, dValue] = [query, key, value].map(({ shape }) => gpu().allocate(shape)) as Three;
  const square = { rows: length, columns: width, inner: length, batch: shape.heads };
  const dropped = dropFrom(weights, rule);
  multiply({
    ...{ ...square, transposeA: true },
    ...{ a: whole(dropped, shape), b: heads(dy, shape), c: heads(dValue, shape) },
  });
  const dDropped = gpu().allocate(weights.shape);
  multiply({
    ...{ rows: length, columns: length, inner: width, transposeB: true, batch: shape.heads },
    ...{ a: heads(dy, shape), b: heads(value, shape), c: whole(dDropped, shape) },
  });
  const dWeights = dropFrom(dDropped, rule);
  const dScores = softmaxGradient(weights, dWeights, rule.scale);
  multiply({ ...square, a: whole(dScores, shape), b: heads(key, shape), c: heads(dQuery, shape) });
  multiply({
    ...{ ...square, transposeA: true },
    ...{ a: whole(dScores, shape), b: heads(query, shape), c: heads(dKey, shape) },
  });
  // At once: the tidy that they are in is that of the whole backward pass.
  tf.dispose([dropped, dDropped, dWeights, dScores].filter((one) => one !== weights));
  return [dQuery, dKey, dValue];
}

type Three = [tf.Tensor, tf.Tensor, tf.Tensor];

/** The tensor itself where nothing is dropped. */
function dropFrom(x: tf.Tensor, { rate, states }: AttentionRule): tf.Tensor {
  return rate === 0 ? x : drop(x, rate, states);
}

/** The heads in `[B*S, H]`. */
function heads(tensor: tf.Tensor, { length, hidden, width }: Shape): Matrices {
  return { tensor, row: hidden, outer: length * hidden, share: width };
}

/** The matrices of `[B, A, S, S]`. */
function whole(tensor: tf.Tensor, { length, heads }: Shape): Matrices {
  return { tensor, outer: heads[1] * length * length, share: length * length };
}

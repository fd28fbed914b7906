/**
 * Attention on webgpu, without a transposed copy of anything: a head is every `hidden`-th number onwards of
 * `[batch * length, hidden]`, and the products are told so.
 *
 * Between the passes it keeps the weights before dropout, once; what is dropped is drawn again.
 *
 * @module
 */
import * as tf from "../../../deps/tfjs.ts";
import { type AttentionShape, attentionShape } from "../attention_shape.ts";
import type { AttentionRule, Operations } from "../composed.ts";
import { differentiable } from "../differentiable.ts";
import { drop } from "./dropout.ts";
import { gpu } from "./gpu.ts";
import { type Matrices, multiply } from "./matmul.ts";
import { softmaxGradient, softmaxRows } from "./softmax.ts";

/** B batch, S sequence, H hidden, A heads, D = H / A; see operations.ts. */
export const attention: Operations["attention"] = (query, key, value, bias, rule) =>
  differentiable((save, query, key, value) => {
    const shape = attentionShape([query!, key!, value!], bias, rule);
    const weights = weigh(query!, key!, bias, shape, rule); // [B, A, S, S]
    save([query!, key!, value!, weights]);
    const dropped = dropFrom(weights, rule);
    const context = gpu().allocate(query!.shape, gpu().floatTypeOf(query!)); // [B*S, H]
    multiply({
      ...{ rows: shape.length, columns: shape.width, inner: shape.length, batch: eachHead(shape) },
      ...{ a: whole(dropped, shape), b: heads(value!, shape), c: heads(context, shape) },
    });
    if (dropped !== weights) dropped.dispose();
    return [context, (dy, saved) => gradients(dy, saved as Saved, shape, rule)];
  })(query, key, value);

type Saved = [query: tf.Tensor, key: tf.Tensor, value: tf.Tensor, weights: tf.Tensor];

function weigh(
  query: tf.Tensor,
  key: tf.Tensor,
  bias: tf.Tensor,
  shape: AttentionShape,
  { scale }: AttentionRule,
): tf.Tensor {
  const { length, width } = shape;
  const scores = gpu().allocate([...eachHead(shape), length, length]); // float32: float16 ends at 65,504
  multiply({
    ...{ rows: length, columns: length, inner: width, transposeB: true, batch: eachHead(shape) },
    ...{ a: heads(query, shape), b: heads(key, shape), c: whole(scores, shape) },
  });
  const weights = softmaxRows(scores, bias, scale, gpu().floatTypeOf(query));
  scores.dispose();
  return weights;
}

function gradients(
  dy: tf.Tensor,
  [query, key, value, weights]: Saved,
  shape: AttentionShape,
  rule: AttentionRule,
): tf.Tensor[] {
  const { length, width } = shape;
  const [dQuery, dKey, dValue] = [query, key, value].map(({ shape }) => gpu().allocate(shape)) as Three;
  const square = { rows: length, columns: width, inner: length, batch: eachHead(shape) };
  const dropped = dropFrom(weights, rule);
  multiply({
    ...{ ...square, transposeA: true },
    ...{ a: whole(dropped, shape), b: heads(dy, shape), c: heads(dValue, shape) },
  });
  const dDropped = gpu().allocate(weights.shape);
  multiply({
    ...{ rows: length, columns: length, inner: width, transposeB: true, batch: eachHead(shape) },
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

/** A product for each head of each text. */
function eachHead({ batch, heads }: AttentionShape): [batch: number, heads: number] {
  return [batch, heads];
}

/** The heads in `[B*S, H]`. */
function heads(tensor: tf.Tensor, { length, hidden, width }: AttentionShape): Matrices {
  return { tensor, row: hidden, outer: length * hidden, share: width };
}

/** The matrices of `[B, A, S, S]`. */
function whole(tensor: tf.Tensor, { length, heads }: AttentionShape): Matrices {
  return { tensor, outer: heads * length * length, share: length * length };
}

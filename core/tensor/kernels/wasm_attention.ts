/**
 * Attention on our own wasm module, without a transposed copy of anything: a head is every `hidden`-th number
 * onwards of `[batch * length, hidden]`, and the products are told so.
 *
 * Between the passes it keeps the weights before dropout, once; what is dropped is drawn again.
 *
 * @module
 */
import type * as tf from "../../deps/tfjs.ts";
import { type AttentionShape, attentionShape } from "./attention_shape.ts";
import type { AttentionRule, Operations } from "./composed.ts";
import { differentiable } from "./differentiable.ts";
import { dropped } from "./wasm_dropout.ts";
import { wasmHeap } from "./wasm_heap.ts";
import type { WasmKernels } from "./wasm_functions.ts";

const { address, allocate } = wasmHeap;

/** B batch, S sequence, H hidden, A heads, D = H / A; see operations.ts. */
export function wasmAttention(kernels: WasmKernels): Operations["attention"] {
  return (query, key, value, bias, rule) =>
    differentiable((save, query, key, value) => {
      const shape = attentionShape([query!, key!, value!], bias, rule);
      const weights = weigh(kernels, query!, key!, bias, shape, rule); // [B, A, S, S]
      save([query!, key!, value!, weights]);
      const context = allocate(query!.shape); // [B*S, H]
      const left = dropFrom(kernels, weights, rule);
      multiplyHeads(kernels, shape, {
        ...{ a: squares(left, shape), b: heads(value!, shape), c: heads(context, shape) },
        ...{ columns: shape.width, inner: shape.length },
      });
      if (left !== weights) left.dispose();
      return [context, (dy, saved) => gradients(kernels, dy, saved as Saved, shape, rule)];
    })(query, key, value);
}

type Saved = [query: tf.Tensor, key: tf.Tensor, value: tf.Tensor, weights: tf.Tensor];

function weigh(
  kernels: WasmKernels,
  query: tf.Tensor,
  key: tf.Tensor,
  bias: tf.Tensor,
  shape: AttentionShape,
  { scale }: AttentionRule,
): tf.Tensor {
  const { batch, heads: count, length, width } = shape;
  const weights = allocate([batch, count, length, length]);
  multiplyHeads(kernels, shape, {
    ...{ a: heads(query, shape), b: turned(heads(key, shape)), c: squares(weights, shape) },
    ...{ columns: length, inner: width },
  });
  const rows = batch * count * length;
  const [at, rowsOfBias] = [address(weights), count * length];
  kernels.softmax(at, address(bias), at, rows, length, rowsOfBias, scale);
  return weights;
}

function gradients(
  kernels: WasmKernels,
  dy: tf.Tensor,
  [query, key, value, weights]: Saved,
  shape: AttentionShape,
  rule: AttentionRule,
): tf.Tensor[] {
  const { length, width } = shape;
  const [dQuery, dKey, dValue] = [allocate(query.shape), allocate(key.shape), allocate(value.shape)];
  const [ofHead, ofSquare] = [{ columns: width, inner: length }, { columns: length, inner: width }];
  const toHeads = (a: Matrices, b: tf.Tensor, c: tf.Tensor): void =>
    multiplyHeads(kernels, shape, { a, b: heads(b, shape), c: heads(c, shape), ...ofHead });

  const left = dropFrom(kernels, weights, rule);
  toHeads(turned(squares(left, shape)), dy, dValue);
  if (left !== weights) left.dispose();
  const dLeft = allocate(weights.shape);
  multiplyHeads(kernels, shape, {
    ...{ a: heads(dy, shape), b: turned(heads(value, shape)), c: squares(dLeft, shape), ...ofSquare },
  });
  const dWeights = dropFrom(kernels, dLeft, rule);
  const dScores = allocate(weights.shape);
  const at = [address(weights), address(dWeights), address(dScores)] as const;
  kernels.softmaxGradient(...at, weights.size / length, length, rule.scale);
  if (dWeights !== dLeft) dLeft.dispose();
  dWeights.dispose();
  toHeads(squares(dScores, shape), key, dQuery);
  toHeads(turned(squares(dScores, shape)), query, dKey);
  dScores.dispose(); // the tidy is that of the whole backward pass
  return [dQuery, dKey, dValue];
}

/** The tensor itself where nothing is dropped. */
function dropFrom(kernels: WasmKernels, x: tf.Tensor, { rate, states }: AttentionRule): tf.Tensor {
  return rate === 0 ? x : dropped(kernels, x, rate, states);
}

/** A matrix for each head of each text; steps in bytes. */
interface Matrices {
  readonly at: number;
  /** From row to row, and from column to column. */
  readonly row: number;
  readonly column: number;
  /** From text to text, and from head to head. */
  readonly text: number;
  readonly head: number;
}

/** The heads in `[B*S, H]`. */
function heads(tensor: tf.Tensor, { length, hidden, width }: AttentionShape): Matrices {
  return { at: address(tensor), row: hidden * 4, column: 4, text: length * hidden * 4, head: width * 4 };
}

/** The matrices of `[B, A, S, S]`. */
function squares(tensor: tf.Tensor, { length, heads }: AttentionShape): Matrices {
  const head = length * length * 4;
  return { at: address(tensor), row: length * 4, column: 4, text: heads * head, head };
}

function turned({ row, column, ...others }: Matrices): Matrices {
  return { ...others, row: column, column: row };
}

/** `C = A B` for every head; all have S rows. */
function multiplyHeads(
  kernels: WasmKernels,
  { batch, heads, length }: AttentionShape,
  { a, b, c, columns, inner }: Record<"a" | "b" | "c", Matrices> & Record<"columns" | "inner", number>,
): void {
  kernels.products(
    ...[batch * heads, heads] as const,
    ...[a.at, a.row, a.column, a.text, a.head] as const,
    ...[b.at, b.row, b.column, b.text, b.head] as const,
    ...[c.at, c.row, c.text, c.head, length, columns, inner] as const,
  );
}

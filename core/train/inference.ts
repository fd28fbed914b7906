/**
 * The encoder and the head without training: hidden states as a head reads them, and logits for any number of
 * examples.
 *
 * @module
 */
import type { BertEncoder, TokenBatch } from "../bert/model.ts";
import type { BertTokenizer, Encoding } from "../bert/tokenizer.ts";
import * as tf from "../deps/tfjs.ts";
import type { Backend } from "../tensor/backend.ts";
import { download } from "../tensor/transfer.ts";
import { hostInput, now, type Varying } from "../tensor/varying.ts";
import type { HostTensor } from "../wall/tensor.ts";
import { chunks } from "./batches.ts";
import type { Example } from "./examples.ts";
import type { HeadClient, HiddenStates } from "./head_client.ts";
import { rowsOf, targetsOf } from "./targets.ts";

/** What computes. Whoever uses it owns none of them. */
export interface ModelParts {
  readonly encoder: BertEncoder;
  readonly tokenizer: BertTokenizer;
  readonly head: HeadClient;
  readonly backend: Backend;
}

/** Logits of each example, and their mean loss. */
export interface Inferred {
  /** One list for each example, see `decisionOf`. */
  readonly logits: Float32Array[];
  readonly loss: number;
}

/** Logits of texts that have no label; batches by length, answers in the given order. */
export async function predictLogits(
  { encoder, tokenizer, head, backend }: ModelParts,
  encodings: readonly Encoding[],
  batchSize: number,
): Promise<Float32Array[]> {
  const logits: Float32Array[] = [];
  for (const indices of chunks(byLength(encodings), batchSize)) {
    const tokens = tokenizer.batch(indices.map((index) => encodings[index]!));
    const answer = await head.predict(await hiddenOf(encoder, head, tokens), tokens.length);
    backend.check();
    const batch = indices.map((index) => encodings[index]!);
    splitLogits(answer, batch).forEach((one, at) => logits[indices[at]!] = one);
  }
  return logits;
}

/** Logits and loss of labelled examples; batches by length, answers in the given order. */
export async function evaluateExamples(
  { encoder, tokenizer, head, backend }: ModelParts,
  examples: readonly Example[],
  labels: number,
  batchSize: number,
): Promise<Inferred> {
  const logits: Float32Array[] = [];
  let loss = 0;
  for (const indices of chunks(byLength(examples), batchSize)) {
    const batch = indices.map((index) => examples[index]!);
    const tokens = tokenizer.batch(rowsOf(batch));
    const targets = targetsOf(head.task, batch, { labels, length: tokens.length });
    const answer = await head.evaluate(await hiddenOf(encoder, head, tokens), targets, tokens.length);
    backend.check();
    loss += answer.loss * batch.length / examples.length;
    splitLogits(answer.logits, batch).forEach((one, at) => logits[indices[at]!] = one);
  }
  return { logits, loss };
}

/** The hidden states that a head reads: `[batch, hidden]`, or all of them. The result is the caller's. */
export function selectHidden(
  reads: HiddenStates,
  tokens: Varying<TokenBatch>,
  all: tf.Tensor3D,
): tf.Tensor {
  const [batch, length, hidden] = all.shape;
  switch (reads) {
    case "all":
      return all;
    case "cls":
      return tf.reshape(tf.slice(all, [0, 0, 0], [batch, 1, hidden]), [batch, hidden]);
    case "mean": {
      // A product with the weights of the tokens, because a sum over a middle axis is wrong on webgpu.
      const weights = hostInput([batch, 1, length], "float32", () => shares(now(tokens)));
      return tf.reshape(tf.matMul(weights, all), [batch, hidden]);
    }
  }
}

/** Of each token in the mean of its row. */
function shares({ mask, batch, length }: TokenBatch): Float32Array {
  const weights = mask.slice();
  for (let row = 0; row < batch; row++) {
    const tokens = mask.subarray(row * length, (row + 1) * length).reduce((sum, one) => sum + one, 0);
    for (let at = row * length; at < (row + 1) * length; at++) weights[at]! /= tokens;
  }
  return weights;
}

/** The part of a batch's logits that belongs to each example, copied: padding has none. */
export function splitLogits({ data, shape }: HostTensor, examples: readonly Encoding[]): Float32Array[] {
  const logits = data as Float32Array;
  const width = logits.length / examples.length; // of a pair, two rows
  const ofToken = shape.length === 3 ? shape[2]! : undefined;
  return examples.map(({ ids }, row) =>
    logits.slice(row * width, row * width + (ofToken === undefined ? width : ids.length * ofToken))
  );
}

async function hiddenOf(encoder: BertEncoder, head: HeadClient, tokens: TokenBatch): Promise<HostTensor> {
  const hidden = tf.tidy(() => selectHidden(head.reads, tokens, encoder.forward(tokens)));
  const sent = await download(hidden);
  hidden.dispose();
  return sent;
}

function byLength(encodings: readonly Encoding[]): number[] {
  return [...encodings.keys()].sort((a, b) => encodings[a]!.ids.length - encodings[b]!.ids.length);
}

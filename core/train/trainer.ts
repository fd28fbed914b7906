/**
 * The trainer: one step of split learning, and an evaluation.
 *
 * A step runs the encoder forward with an open tape, moves the hidden states that the head asks for behind
 * the wall, gets their gradient back, finishes the encoder's backward pass, scales both gradients by their
 * joint norm, and lets both sides take the same AdamW step. The result is that of one model in one process.
 *
 * @module
 */
import type { BertEncoder, TokenBatch } from "../bert/model.ts";
import type { BertTokenizer, Encoding } from "../bert/tokenizer.ts";
import * as tf from "../deps/tfjs.ts";
import { AdamW, squaredNorm } from "../tensor/adamw.ts";
import type { Backend } from "../tensor/backend.ts";
import { Tape } from "../tensor/tape.ts";
import { download } from "../tensor/transfer.ts";
import { KBertError } from "../wall/errors.ts";
import type { HostTensor } from "../wall/tensor.ts";
import { chunks } from "./batches.ts";
import type { HeadClient, HiddenStates } from "./head_client.ts";
import { indexOfLargest } from "./metrics.ts";
import { learningRateAt, type ScheduleOptions } from "./schedule.ts";

/** A tokenized text and the index of its label. */
export interface Example extends Encoding {
  readonly label: number;
}

/** Settings of a {@linkcode Trainer}. */
export interface TrainerOptions extends ScheduleOptions {
  readonly seed: number;
  /** Examples per micro-batch. */
  readonly batchSize: number;
  readonly weightDecay: number;
  /** The joint norm that gradients are scaled down to. */
  readonly maxGradientNorm: number;
}

/** What the trainer works on. It owns none of them. */
export interface TrainerParts {
  readonly encoder: BertEncoder;
  readonly tokenizer: BertTokenizer;
  readonly head: HeadClient;
  readonly backend: Backend;
}

/** What one step did. */
export interface StepReport {
  readonly step: number;
  /** Mean loss of the batch, in nats per example for a cross-entropy head. */
  readonly loss: number;
  /** Share of the batch that was classified right, in training mode. */
  readonly accuracy: number;
  readonly learningRate: number;
  /** Joint norm of all gradients before clipping. */
  readonly gradientNorm: number;
  /** Tokens, padding not counted. */
  readonly tokens: number;
  readonly milliseconds: number;
  /** Of these, spent waiting for the head. */
  readonly headMilliseconds: number;
}

/** Owns the encoder's optimizer. */
export class Trainer implements Disposable {
  readonly #parts: TrainerParts;
  readonly #options: TrainerOptions;
  readonly #optimizer: AdamW;
  /** Steps that were given up: they count, but no weight moved by them. */
  #skipped = 0;

  constructor(parts: TrainerParts, options: TrainerOptions) {
    this.#parts = parts;
    this.#options = options;
    this.#optimizer = new AdamW(parts.encoder.parameters);
  }

  /** Batches so far. */
  get step(): number {
    return this.#optimizer.updates + this.#skipped;
  }

  /** Of these, the ones that were skipped. */
  get skipped(): number {
    return this.#skipped;
  }

  /**
   * One update from one batch, in micro-batches of `batchSize`. If it throws, no weight has changed, unless the
   * head failed in its update.
   *
   * @throws {KBertError} `train/not-finite` if a loss or gradient is NaN or infinite, `device/failed` if the
   * device reported an error, and what a head's client throws.
   */
  async trainStep(batch: readonly Example[]): Promise<StepReport> {
    const { head, backend } = this.#parts;
    const { weightDecay, maxGradientNorm } = this.#options;
    const started = performance.now();
    const step = this.step + 1;
    const learningRate = learningRateAt(step, this.#options);
    using gradients = new Gradients([...this.#parts.encoder.parameters.keys()]);
    let [loss, correct, tokens, headMilliseconds, headSquares] = [0, 0, 0, 0, 0];
    for (const [index, examples] of chunks(batch, this.#options.batchSize).entries()) {
      const weight = examples.length / batch.length;
      const part = await this.#microBatch(examples, step, index, weight, gradients);
      loss += part.loss * weight;
      correct += part.correct;
      tokens += part.tokens;
      headMilliseconds += part.headMilliseconds;
      headSquares = part.squaredGradientNorm; // the head adds up by itself
    }

    const gradientNorm = Math.sqrt(await squaredNorm(gradients.tensors()) + headSquares);
    backend.check();
    requireFinite("norm of the gradients", gradientNorm, step);
    const scale = Math.min(1, maxGradientNorm / (gradientNorm + 1e-6));
    const update = { learningRate, scale, weightDecay };
    // The head computes its update while this thread computes the encoder's.
    const headDone = head.apply(update);
    this.#optimizer.update(gradients.byName, update);
    const waiting = performance.now();
    await headDone;
    const finished = performance.now();
    return {
      step,
      loss,
      accuracy: correct / batch.length,
      learningRate,
      gradientNorm,
      tokens,
      milliseconds: finished - started,
      headMilliseconds: headMilliseconds + finished - waiting,
    };
  }

  /** Goes to the next step without this one's update, after {@linkcode Trainer.trainStep} refused its batch. */
  async skipStep(): Promise<void> {
    await this.#parts.head.forget();
    this.#skipped++;
  }

  /** The optimizer's moments, for a checkpoint. */
  state(): Promise<Map<string, HostTensor>> {
    return this.#optimizer.state();
  }

  /** Goes on from a checkpoint's moments. */
  restore(moments: ReadonlyMap<string, HostTensor>, step: number, skipped = 0): void {
    this.#optimizer.restore(moments, step - skipped);
    this.#skipped = skipped;
  }

  [Symbol.dispose](): void {
    this.#optimizer[Symbol.dispose]();
  }

  async #microBatch(
    examples: readonly Example[],
    step: number,
    microBatch: number,
    weight: number,
    gradients: Gradients,
  ): Promise<{
    loss: number;
    correct: number;
    tokens: number;
    headMilliseconds: number;
    squaredGradientNorm: number;
  }> {
    const { encoder, tokenizer, head } = this.#parts;
    const tokens = tokenizer.batch(examples);
    const labels = Int32Array.from(examples, ({ label }) => label);
    using tape = new Tape();
    const hidden = tf.tidy(() =>
      selectHidden(
        head.reads,
        tokens,
        encoder.forward(tokens, { seed: this.#options.seed, step, microBatch }),
      )
    );
    try {
      const sent = await download(hidden);
      const started = performance.now();
      const answer = await head.step(
        sent,
        { dtype: "int32", shape: [examples.length], data: labels.slice() },
        step,
        weight,
      );
      const headMilliseconds = performance.now() - started;
      const hiddenGradient = tf.tensor(answer.hiddenGradient.data, hidden.shape);
      gradients.add(tape.gradients(hidden, hiddenGradient, [...encoder.parameters.values()]));
      hiddenGradient.dispose();
      return {
        loss: answer.loss,
        correct: countCorrect(answer.logits, labels),
        tokens: tokens.mask.reduce((sum, one) => sum + one, 0),
        headMilliseconds,
        squaredGradientNorm: answer.squaredGradientNorm,
      };
    } finally {
      hidden.dispose();
    }
  }
}

/** Logits `[examples, labels]` of an encoder and a head; batches by length, answers in the given order. */
export async function predictLogits(
  { encoder, tokenizer, head, backend }: TrainerParts,
  examples: readonly Encoding[],
  labels: number,
  batchSize: number,
): Promise<Float32Array> {
  const logits = new Float32Array(examples.length * labels);
  const byLength = [...examples.keys()].sort((a, b) => examples[a]!.ids.length - examples[b]!.ids.length);
  for (const indices of chunks(byLength, batchSize)) {
    const tokens = tokenizer.batch(indices.map((index) => examples[index]!));
    const hidden = tf.tidy(() => selectHidden(head.reads, tokens, encoder.forward(tokens)));
    const sent = await download(hidden);
    hidden.dispose();
    backend.check();
    const { data } = await head.predict(sent);
    indices.forEach((index, row) =>
      logits.set(data.subarray(row * labels, (row + 1) * labels), index * labels)
    );
  }
  return logits;
}

/** The hidden states that a head reads: `[batch, hidden]`, or all of them. */
function selectHidden(reads: HiddenStates, { batch, length, mask }: TokenBatch, all: tf.Tensor3D): tf.Tensor {
  const hidden = all.shape[2];
  switch (reads) {
    case "all":
      return all;
    case "cls":
      return tf.reshape(tf.slice(all, [0, 0, 0], [batch, 1, hidden]), [batch, hidden]);
    case "mean": {
      // A product with the weights of the tokens, because a sum over a middle axis is wrong on webgpu.
      const weights = mask.slice();
      for (let row = 0; row < batch; row++) {
        const tokens = mask.subarray(row * length, (row + 1) * length).reduce((sum, one) => sum + one, 0);
        for (let at = row * length; at < (row + 1) * length; at++) weights[at]! /= tokens;
      }
      return tf.reshape(tf.matMul(tf.tensor(weights, [batch, 1, length]), all), [batch, hidden]);
    }
  }
}

/** Gradients of the encoder's parameters, added up over micro-batches. Owns them. */
class Gradients implements Disposable {
  readonly byName = new Map<string, tf.Tensor>();
  readonly #names: readonly string[];

  constructor(names: readonly string[]) {
    this.#names = names;
  }

  add(gradients: readonly (tf.Tensor | undefined)[]): void {
    for (const [index, gradient] of gradients.entries()) {
      if (!gradient) continue;
      const name = this.#names[index]!;
      const before = this.byName.get(name);
      this.byName.set(name, before ? tf.add(before, gradient) : gradient);
      if (before) tf.dispose([before, gradient]);
    }
  }

  tensors(): Iterable<tf.Tensor> {
    return this.byName.values();
  }

  [Symbol.dispose](): void {
    tf.dispose([...this.byName.values()]);
  }
}

function countCorrect({ data, shape }: HostTensor, labels: Int32Array): number {
  const width = shape[1]!;
  let correct = 0;
  for (const [row, label] of labels.entries()) {
    if (indexOfLargest(data.subarray(row * width, (row + 1) * width)) === label) correct++;
  }
  return correct;
}

function requireFinite(what: string, value: number, step: number): void {
  if (Number.isFinite(value)) return;
  const message = `The ${what} is ${value} at step ${step}; try a lower learning rate`;
  throw new KBertError("train/not-finite", message, { step, what, value });
}

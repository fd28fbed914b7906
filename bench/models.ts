/**
 * The models and batches that steps are measured on: the same data for ours and for the reference.
 *
 * @module
 */
import { type BertConfig, bertConfig, type BertSize } from "../core/bert/config.ts";
import { BertEncoder, type TokenBatch } from "../core/bert/model.ts";
import { BertTokenizer } from "../core/bert/tokenizer.ts";
import { SPECIAL_TOKENS } from "../core/bert/vocabulary.ts";
import * as tf from "../core/deps/tfjs.ts";
import { AdamW, squaredNorm } from "../core/tensor/adamw.ts";
import { Captures } from "../core/tensor/capture.ts";
import { Random } from "../core/tensor/random.ts";
import { Tape } from "../core/tensor/tape.ts";
import { download } from "../core/tensor/transfer.ts";
import { hostInput } from "../core/tensor/varying.ts";
import type { Example } from "../core/train/examples.ts";
import type { HostTensor } from "../core/wall/tensor.ts";

/** Texts of every step. */
export const BATCH = 32;

/** How large a step is. */
export interface StepShape {
  readonly config: BertConfig;
  /** Texts. */
  readonly batch: number;
  /** Tokens of a text; there is no padding. */
  readonly length: number;
}

/**
 * The shape that everything is measured on: 32 texts of 128 tokens (8 for a small model, as two of it have to fit
 * into the 4 GiB of wasm), a vocabulary of 8,000, no dropout.
 */
export function stepShape(size: BertSize): StepShape {
  const batch = size === "small" ? 8 : BATCH;
  return { config: bertConfig(size, { vocabSize: 8_000, dropout: 0 }), batch, length: 128 };
}

/** What a training step is made of, the head left out. */
export function model(
  shape: BertSize | StepShape,
): { encoder: BertEncoder; tokenizer: BertTokenizer } {
  const { config, length } = typeof shape === "string" ? stepShape(shape) : shape;
  const words = Array.from({ length: config.vocabSize - 5 }, (_, index) => `w${index}`);
  return {
    encoder: BertEncoder.create(config, 1),
    tokenizer: new BertTokenizer([...SPECIAL_TOKENS, ...words], { maxLength: length, buckets: [length] }),
  };
}

/** A batch of texts without padding. */
export function examples({ config, batch, length }: StepShape = stepShape("tiny")): Example[] {
  const random = new Random(3);
  return Array.from({ length: batch }, (_, index) => ({
    ids: Int32Array.from({ length }, () => 5 + random.below(config.vocabSize - 5)),
    truncated: 0,
    label: index % 2,
  }));
}

/** The same model with its head in this process, on one tape: one call is one training step. */
export class WholeModel implements Disposable {
  readonly #parts: ReturnType<typeof model>;
  readonly #weight: tf.Variable;
  readonly #optimizer: AdamW;
  readonly #parameters: Map<string, tf.Variable>;
  readonly #captures: Captures;

  /** @param capture whether its passes may be recorded and replayed, as the trainer's are. @default {true} */
  constructor(shape: BertSize | StepShape, capture = true) {
    this.#captures = new Captures(capture);
    this.#parts = model(shape);
    const width = this.#parts.encoder.config.hiddenSize;
    const weight = Float32Array.from({ length: 2 * width }, (_, index) => Math.sin(index) / 50);
    this.#weight = tf.tidy(() => tf.variable(tf.tensor(weight, [2, width])));
    const bias = tf.tidy(() => tf.variable(tf.zeros([2])));
    this.#parameters = new Map([
      ...this.#parts.encoder.parameters,
      ["classifier.weight", this.#weight],
      ["classifier.bias", bias],
    ]);
    this.#optimizer = new AdamW(this.#parameters);
  }

  /** A copy of all parameters, the head's too, by name. */
  async weights(): Promise<Map<string, HostTensor>> {
    const weights = new Map<string, HostTensor>();
    for (const [name, parameter] of this.#parameters) weights.set(name, await download(parameter));
    return weights;
  }

  /**
   * Answers the loss.
   *
   * @param times is added to, if it is given
   */
  async step(batch: readonly Example[], times?: StepTimes): Promise<number> {
    const clock = new Clock(() => times?.blockedMs ?? 0);
    const variables = [...this.#parameters.values()];
    const tokens = this.#parts.tokenizer.batch(batch);
    const labels = Int32Array.from(batch, ({ label }) => label as number);
    using run = this.#captures.begin(`${tokens.batch} x ${tokens.length}`, variables);
    const [value, ...grads] = run.part({ tokens, labels }, (given) => {
      using tape = new Tape();
      const loss = tf.tidy(() => this.#loss(() => given().tokens, () => given().labels));
      const one = hostInput([], "float32", () => Float32Array.of(1));
      const grads = tape.gradients(loss, one, variables);
      one.dispose();
      return [loss, ...grads.map((gradient) => gradient!)] as const;
    });
    run.end();
    const gradients = new Map([...this.#parameters.keys()].map((name, index) => [name, grads[index]!]));
    let encodeMs = clock.lap();
    const norm = Math.sqrt(await squaredNorm(gradients.values()));
    let readMs = clock.lap();
    this.#optimizer.update(gradients, { learningRate: 1e-3, scale: Math.min(1, 1 / norm) });
    encodeMs += clock.lap();
    const [loss] = await value.data();
    readMs += clock.lap();
    tf.dispose([value, ...grads]);
    if (times) {
      times.encodeMs += encodeMs;
      times.readMs += readMs;
    }
    return loss!;
  }

  [Symbol.dispose](): void {
    this.#captures[Symbol.dispose]();
    this.#optimizer[Symbol.dispose]();
    tf.dispose([...this.#parameters.values()]);
  }

  #loss(tokens: () => TokenBatch, labels: () => Int32Array): tf.Scalar {
    const { encoder } = this.#parts;
    const hidden = encoder.forward(tokens);
    const [batch, , width] = hidden.shape;
    const first = tf.reshape(tf.slice(hidden, [0, 0, 0], [batch, 1, width]), [batch, width]);
    const logits = tf.add(
      tf.matMul(tf.relu(first) as tf.Tensor2D, this.#weight as tf.Tensor as tf.Tensor2D, false, true),
      this.#parameters.get("classifier.bias")!,
    );
    // Not that of plugins/sdk: it, and the gradient of tfjs' sum, make tensors of numbers that cannot be recorded.
    const targets = hostInput([2 * batch, 1], "float32", () => {
      const shares = new Float32Array(2 * batch);
      labels().forEach((label, row) => shares[2 * row + label] = -1 / batch);
      return shares;
    });
    return tf.reshape(tf.matMul(tf.reshape(tf.logSoftmax(logits), [1, 2 * batch]), targets), []);
  }
}

/** Where the time of steps went. */
export interface StepTimes {
  /** In code that does not wait: on wasm the computing, on webgpu the encoding of commands. */
  encodeMs: number;
  /** In reading the gradients' norm and the loss, which on webgpu waits for the device. */
  readMs: number;
  /** Raised by whoever watches for it; belongs to neither of the others. */
  blockedMs: number;
}

/** Milliseconds since it was last asked, without those in which the thread was blocked. */
class Clock {
  readonly #blockedMs: () => number;
  #last = performance.now();

  constructor(blockedMs: () => number) {
    this.#blockedMs = blockedMs;
    this.#last -= blockedMs();
  }

  lap(): number {
    const before = this.#last;
    this.#last = performance.now() - this.#blockedMs();
    return this.#last - before;
  }
}

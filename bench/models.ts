/**
 * The models and batches that steps are measured on: the same data for ours and for the reference.
 *
 * @module
 */
import { type BertConfig, bertConfig, type BertSize } from "../core/bert/config.ts";
import { BertEncoder } from "../core/bert/model.ts";
import { BertTokenizer } from "../core/bert/tokenizer.ts";
import { SPECIAL_TOKENS } from "../core/bert/vocabulary.ts";
import * as tf from "../core/deps/tfjs.ts";
import { AdamW, squaredNorm } from "../core/tensor/adamw.ts";
import { Random } from "../core/tensor/random.ts";
import { download } from "../core/tensor/transfer.ts";
import type { Example } from "../core/train/examples.ts";
import type { HostTensor } from "../core/wall/tensor.ts";
import { crossEntropy } from "../plugins/sdk/tensors.ts";

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

/** The shape that everything is measured on: 32 texts of 128 tokens, a vocabulary of 8,000, no dropout. */
export function stepShape(size: BertSize): StepShape {
  return { config: bertConfig(size, { vocabSize: 8_000, dropout: 0 }), batch: BATCH, length: 128 };
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

  constructor(shape: BertSize | StepShape) {
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
    const { encoder, tokenizer } = this.#parts;
    const width = encoder.config.hiddenSize;
    const clock = new Clock(() => times?.blockedMs ?? 0);
    const { value, grads } = tf.variableGrads(() => {
      const hidden = encoder.forward(tokenizer.batch(batch));
      const first = tf.reshape(tf.slice(hidden, [0, 0, 0], [batch.length, 1, width]), [batch.length, width]);
      const logits = tf.add(
        tf.matMul(tf.relu(first) as tf.Tensor2D, this.#weight as tf.Tensor as tf.Tensor2D, false, true),
        this.#parameters.get("classifier.bias")!,
      );
      return crossEntropy(logits, tf.tensor1d(batch.map(({ label }) => label as number), "int32"));
    }, [...this.#parameters.values()]);
    const gradients = new Map([...this.#parameters].map(([name, one]) => [name, grads[one.name]!]));
    let encodeMs = clock.lap();
    const norm = Math.sqrt(await squaredNorm(gradients.values()));
    let readMs = clock.lap();
    this.#optimizer.update(gradients, { learningRate: 1e-3, scale: Math.min(1, 1 / norm) });
    encodeMs += clock.lap();
    const [loss] = await value.data();
    readMs += clock.lap();
    tf.dispose([value, grads]);
    if (times) {
      times.encodeMs += encodeMs;
      times.readMs += readMs;
    }
    return loss!;
  }

  [Symbol.dispose](): void {
    this.#optimizer[Symbol.dispose]();
    tf.dispose([...this.#parameters.values()]);
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

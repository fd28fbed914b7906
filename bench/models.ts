/**
 * The models and batches that steps are measured on: the same data for ours and for the reference.
 *
 * @module
 */
import { bertConfig, type BertSize } from "../core/bert/config.ts";
import { BertEncoder } from "../core/bert/model.ts";
import { BertTokenizer } from "../core/bert/tokenizer.ts";
import { SPECIAL_TOKENS } from "../core/bert/vocabulary.ts";
import * as tf from "../core/deps/tfjs.ts";
import { AdamW, squaredNorm } from "../core/tensor/adamw.ts";
import { Random } from "../core/tensor/random.ts";
import type { Example } from "../core/train/examples.ts";
import { crossEntropy } from "../plugins/sdk/tensors.ts";

/** Of every step: 32 texts of 128 tokens, a vocabulary of 8,000, no dropout. */
export const BATCH = 32;
const LENGTH = 128;
const VOCABULARY = 8_000;

/** What a training step is made of, the head left out. */
export function model(size: BertSize): { encoder: BertEncoder; tokenizer: BertTokenizer } {
  const words = Array.from({ length: VOCABULARY - 5 }, (_, index) => `w${index}`);
  return {
    encoder: BertEncoder.create(bertConfig(size, { vocabSize: VOCABULARY, dropout: 0 }), 1),
    tokenizer: new BertTokenizer([...SPECIAL_TOKENS, ...words], { maxLength: LENGTH, buckets: [LENGTH] }),
  };
}

/** A batch of texts without padding. */
export function examples(): Example[] {
  const random = new Random(3);
  return Array.from({ length: BATCH }, (_, index) => ({
    ids: Int32Array.from({ length: LENGTH }, () => 5 + random.below(VOCABULARY - 5)),
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

  constructor(size: BertSize) {
    this.#parts = model(size);
    const width = this.#parts.encoder.config.hiddenSize;
    const weight = Float32Array.from({ length: 2 * width }, (_, index) => Math.sin(index) / 50);
    this.#weight = tf.variable(tf.tensor(weight, [2, width]));
    const bias = tf.variable(tf.zeros([2]));
    this.#parameters = new Map([
      ...this.#parts.encoder.parameters,
      ["classifier.weight", this.#weight],
      ["classifier.bias", bias],
    ]);
    this.#optimizer = new AdamW(this.#parameters);
  }

  /** Answers the loss. */
  async step(batch: readonly Example[]): Promise<number> {
    const { encoder, tokenizer } = this.#parts;
    const width = encoder.config.hiddenSize;
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
    const norm = Math.sqrt(await squaredNorm(gradients.values()));
    this.#optimizer.update(gradients, { learningRate: 1e-3, scale: Math.min(1, 1 / norm) });
    const [loss] = await value.data();
    tf.dispose([value, grads]);
    return loss!;
  }

  [Symbol.dispose](): void {
    this.#optimizer[Symbol.dispose]();
    tf.dispose([...this.#parameters.values()]);
  }
}

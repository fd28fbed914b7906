/**
 * A trained model that answers: texts in, labels with probabilities out.
 *
 * @module
 */
import { configFromFile } from "../bert/config.ts";
import { BertEncoder } from "../bert/model.ts";
import { BertTokenizer } from "../bert/tokenizer.ts";
import type { Backend } from "../tensor/backend.ts";
import { KBertError } from "../wall/errors.ts";
import { HeadClient } from "./head_client.ts";
import type { LoadHead } from "./head_plugin.ts";
import { indexOfLargest } from "./metrics.ts";
import { loadModel } from "./saved_model.ts";
import { predictLogits, type TrainerParts } from "./trainer.ts";

/** What a text was classified as. */
export interface Prediction {
  readonly label: string;
  /** Of the label, 0 to 1. */
  readonly probability: number;
  /** Of every label, by name. */
  readonly probabilities: Readonly<Record<string, number>>;
  /** Tokens of the text that were not read because it is too long. */
  readonly truncated: number;
}

/** Texts per batch. */
const BATCH = 32;
const CALL_TIMEOUT_MS = 60_000;

/** A loaded model. Owns its encoder and its head's plugin. */
export class Classifier implements AsyncDisposable {
  readonly labels: readonly string[];
  readonly #parts: TrainerParts;
  readonly #resources: AsyncDisposableStack;

  private constructor(labels: readonly string[], parts: TrainerParts, resources: AsyncDisposableStack) {
    this.labels = labels;
    this.#parts = parts;
    this.#resources = resources;
  }

  /**
   * Loads the model of a finished run, or a model folder.
   *
   * @throws {KBertError} `file/unusable` and others of {@linkcode loadModel}.
   */
  static async load(path: string, { backend, loadHead }: {
    readonly backend: Backend;
    readonly loadHead: LoadHead;
  }): Promise<Classifier> {
    const saved = await loadModel(path);
    await using stack = new AsyncDisposableStack();
    const config = configFromFile(saved.config, `${path}/config.json`);
    const encoder = stack.use(BertEncoder.fromWeights(config, saved.weights, `${path}/model.safetensors`));
    const { image, settings, parameters } = saved.head;
    const plugin = stack.use(await loadHead(image, { settings, seed: 0, timeoutMs: CALL_TIMEOUT_MS }));
    const head = await HeadClient.connect(plugin, saved.labels.length);
    await head.restore({ parameters, moments: new Map(), updates: 0 });
    const tokenizer = new BertTokenizer(saved.vocabulary, saved.tokenizer);
    return new Classifier(saved.labels, { encoder, tokenizer, head, backend }, stack.move());
  }

  /**
   * Classifies texts, in their order.
   *
   * @throws {KBertError} `input/invalid` for an empty text.
   */
  async predict(texts: readonly string[]): Promise<Prediction[]> {
    const encodings = texts.map((text, index) => {
      if (text.trim() !== "") return this.#parts.tokenizer.encode(text);
      const message = `Text ${index + 1} is empty; give at least one character`;
      throw new KBertError("input/invalid", message, { name: `text ${index + 1}`, value: "" });
    });
    const width = this.labels.length;
    const logits = await predictLogits(this.#parts, encodings, width, BATCH);
    return encodings.map(({ truncated }, row) => {
      const shares = softmax(logits.subarray(row * width, (row + 1) * width));
      const best = indexOfLargest(shares);
      return {
        label: this.labels[best]!,
        probability: shares[best]!,
        probabilities: Object.fromEntries(this.labels.map((label, index) => [label, shares[index]!])),
        truncated,
      };
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#resources.disposeAsync();
  }
}

function softmax(logits: Float32Array): number[] {
  const largest = Math.max(...logits);
  const powers = Array.from(logits, (logit) => Math.exp(logit - largest));
  const sum = powers.reduce((total, power) => total + power, 0);
  return powers.map((power) => power / sum);
}

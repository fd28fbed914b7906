/**
 * A trained model that answers: texts in, what its task says of them out.
 *
 * @module
 */
import { configFromFile } from "../bert/config.ts";
import { BertEncoder } from "../bert/model.ts";
import { BertTokenizer } from "../bert/tokenizer.ts";
import type { Backend } from "../tensor/backend.ts";
import { KBertError } from "../wall/errors.ts";
import { encodeWordList } from "./examples.ts";
import { HeadClient } from "./head_client.ts";
import type { LoadRunPlugin } from "./run_plugin.ts";
import { type ModelParts, predictLogits } from "./inference.ts";
import { type Prediction, predictionOf, tagOf } from "./prediction.ts";
import { loadModel } from "./saved_model.ts";

export type { Prediction };

/** Texts per batch. */
const BATCH = 32;
const CALL_TIMEOUT_MS = 60_000;

/** A loaded model. Owns its encoder and its head's plugin. */
export class Classifier implements AsyncDisposable {
  readonly labels: readonly string[];
  readonly #parts: ModelParts;
  readonly #resources: AsyncDisposableStack;

  private constructor(labels: readonly string[], parts: ModelParts, resources: AsyncDisposableStack) {
    this.labels = labels;
    this.#parts = parts;
    this.#resources = resources;
  }

  /**
   * Loads the model of a finished run, or a model folder.
   *
   * @throws {KBertError} `file/unusable` and others of {@linkcode loadModel}.
   */
  static async load(path: string, { backend, loadPlugin }: {
    readonly backend: Backend;
    readonly loadPlugin: LoadRunPlugin;
  }): Promise<Classifier> {
    const saved = await loadModel(path);
    await using stack = new AsyncDisposableStack();
    const config = configFromFile(saved.config, `${path}/config.json`);
    const encoder = stack.use(BertEncoder.fromWeights(config, saved.weights, `${path}/model.safetensors`));
    const { image, settings, parameters } = saved.head;
    const plugin = stack.use(
      await loadPlugin(image, { port: "head", settings, seed: 0, timeoutMs: CALL_TIMEOUT_MS }),
    );
    const head = await HeadClient.connect(plugin, saved.labels.length);
    await head.restore({ parameters, moments: new Map(), updates: 0 });
    const tokenizer = new BertTokenizer(saved.vocabulary, saved.tokenizer);
    return new Classifier(saved.labels, { encoder, tokenizer, head, backend }, stack.move());
  }

  /**
   * What the model says of texts, in their order. A tagging divides them into words at blanks.
   *
   * @throws {KBertError} `input/invalid` for an empty text.
   */
  async predict(texts: readonly string[]): Promise<Prediction[]> {
    const { tokenizer, head: { task } } = this.#parts;
    const encodings = texts.map((text, index) => {
      if (text.trim() !== "") {
        return task === "tagging" ? encodeWordList(wordsOf(text), tokenizer) : tokenizer.encode(text);
      }
      const message = `Text ${index + 1} is empty; give at least one character`;
      throw new KBertError("input/invalid", message, { name: `text ${index + 1}`, value: "" });
    });
    const logits = await predictLogits(this.#parts, encodings, BATCH);
    return encodings.map((encoding, index) => {
      const { truncated } = encoding;
      if (task !== "tagging") return { ...predictionOf(task, logits[index]!, this.labels), truncated };
      const { starts } = encoding as ReturnType<typeof encodeWordList>;
      return { ...this.#tagged(wordsOf(texts[index]!), starts, logits[index]!), truncated };
    });
  }

  #tagged(
    words: readonly string[],
    starts: readonly number[],
    logits: Float32Array,
  ): Omit<Prediction, "truncated"> {
    const width = this.labels.length;
    const tags = starts.map((start, at) => ({
      word: words[at]!,
      ...tagOf(logits.subarray(start * width, (start + 1) * width), this.labels),
    }));
    const label = tags.map(({ tag }) => tag).join(" ");
    return {
      label,
      probability: Math.min(...tags.map(({ probability }) => probability)),
      probabilities: {},
      tags,
    };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#resources.disposeAsync();
  }
}

function wordsOf(text: string): string[] {
  return text.trim().split(/\s+/);
}

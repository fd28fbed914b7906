/**
 * The BERT encoder: token ids in, hidden states out, in one file with the shapes at the line ends.
 *
 * A linear layer's weight is `[outputs, inputs]`, as in Hugging Face's checkpoints; see parameters.ts.
 *
 * B batch, S sequence, H hidden, A heads, D = H / A.
 *
 * @see Devlin et al. 2019, "BERT", https://arxiv.org/abs/1810.04805
 *
 * @module
 */
import * as tf from "../deps/tfjs.ts";
import { checkpointed } from "../tensor/checkpointing.ts";
import { attention, dropout, embed, layerNorm, linear, linearGelu } from "../tensor/operations.ts";
import { Random } from "../tensor/random.ts";
import { hostInput, now, type Varying } from "../tensor/varying.ts";
import { KBertError } from "../wall/errors.ts";
import { type HostTensor, sizeOf } from "../wall/tensor.ts";
import type { BertConfig } from "./config.ts";
import { type EncoderOptions, EncoderParameters, requireWeight } from "./parameters.ts";

/** A padded batch of sequences; see tokenizer.ts, which makes it. */
export interface TokenBatch {
  readonly batch: number;
  readonly length: number;
  /** `[batch, length]`, row-major. */
  readonly ids: Int32Array;
  /** 1 for a token, 0 for padding; float32 because tfjs' int32 masks are broken on webgpu. */
  readonly mask: Float32Array;
}

/** Where in a run a forward pass is; seeds dropout. Without it nothing is dropped. */
export interface TrainingPlace {
  readonly seed: number;
  readonly step: number;
  /** Number of the micro-batch within the step. */
  readonly microBatch: number;
}

/** How a forward pass is computed. */
export interface ForwardOptions {
  /**
   * Keeps only the input of each layer for the backward pass, which computes the layer once more: the same
   * numbers with less memory. @default {false}
   */
  readonly gradientCheckpointing?: boolean;
}

/** Added to the attention scores of padding. Not -Infinity: a row of nothing else would become NaN. */
const MASKED = -1e9;
/** Deviation of the initial weights (appendix A.2). */
const INITIAL_DEVIATION = 0.02;

/**
 * An encoder. Owns its parameters. A table of words that is larger than the backend's largest tensor is cut
 * into shards; any other parameter that the backend cannot hold is refused with `tensor/too-large` before the
 * encoder is built.
 *
 * @example Hidden states of one padded text
 * ```ts
 * import { bertConfig } from "./config.ts";
 * import { BertEncoder } from "./model.ts";
 * import { startBackend } from "../tensor/backend.ts";
 * import { assertEquals } from "../deps/assert.ts";
 *
 * using _backend = await startBackend("cpu");
 * const config = bertConfig("tiny", { vocabSize: 100, hiddenSize: 8, intermediateSize: 16 });
 * using encoder = BertEncoder.create(config, 1);
 * const ids = Int32Array.of(2, 17, 3, 0);
 *
 * const hidden = encoder.forward({ batch: 1, length: 4, ids, mask: Float32Array.of(1, 1, 1, 0) });
 *
 * assertEquals(hidden.shape, [1, 4, 8]);
 * hidden.dispose();
 * ```
 */
export class BertEncoder implements Disposable {
  readonly config: BertConfig;
  readonly #parameters: EncoderParameters;

  private constructor(config: BertConfig, parameters: EncoderParameters) {
    this.config = config;
    this.#parameters = parameters;
  }

  /** Fresh weights: normal with deviation 0.02, LayerNorm at one, biases at zero. Same seed, same weights. */
  static create(config: BertConfig, seed: number, options?: EncoderOptions): BertEncoder {
    const random = Random.at(seed, 0);
    const value = (name: string, shape: readonly number[]): Float32Array => {
      const values = new Float32Array(sizeOf(shape));
      if (shape.length === 1) return values.fill(name.endsWith("LayerNorm.weight") ? 1 : 0);
      for (let index = 0; index < values.length; index++) values[index] = random.normal() * INITIAL_DEVIATION;
      return values;
    };
    return new BertEncoder(config, new EncoderParameters(config, value, options));
  }

  /**
   * An encoder with the weights of a checkpoint, by their canonical names (see files.ts). Weights that an
   * encoder does not have (a pooler, a language-model head) are left out.
   *
   * @throws {KBertError} `weights/invalid` if one is missing or has another shape than the configuration says.
   */
  static fromWeights(
    config: BertConfig,
    weights: ReadonlyMap<string, HostTensor>,
    file: string,
    options?: EncoderOptions,
  ): BertEncoder {
    const value = (name: string, shape: readonly number[]): Float32Array =>
      requireWeight(weights, name, shape, file);
    return new BertEncoder(config, new EncoderParameters(config, value, options));
  }

  /** Name → parameter, as an optimizer needs them: each shard is one. */
  get parameters(): ReadonlyMap<string, tf.Variable> {
    return this.#parameters.variables;
  }

  /**
   * Hidden states of the last block, `[batch, length, hidden]`; the caller disposes of them.
   *
   * @param tokens or a function that answers them; it is asked again where the pass is replayed (tensor/capture.ts),
   * and answers a batch of the same shape then
   * @param place seeds dropout; nothing is dropped without it
   * @throws {KBertError} `input/invalid` if the sequences are longer than the model has positions.
   */
  forward(
    tokens: Varying<TokenBatch>,
    place?: Varying<TrainingPlace>,
    { gradientCheckpointing = false }: ForwardOptions = {},
  ): tf.Tensor3D {
    const { hiddenSize, layers, maxPositions } = this.config;
    const { batch, length } = now(tokens);
    if (length > maxPositions) {
      const message = `A sequence of ${length} tokens is longer than the model's ${maxPositions} positions`;
      throw new KBertError("input/invalid", message, { name: "length", limit: maxPositions, value: length });
    }
    return tf.tidy(() => {
      const bias = hostInput(
        [batch, 1, 1, length],
        "float32",
        () => now(tokens).mask.map((one) => one ? 0 : MASKED),
      );
      let x = this.#drop(this.#embed(tokens), noiseAt(place, 0)); // [B*S, H]
      for (let layer = 0; layer < layers; layer++) {
        const block = (x: tf.Tensor, bias: tf.Tensor): tf.Tensor => this.#block(x, bias, layer, place);
        x = gradientCheckpointing
          ? checkpointed(block, x, this.#parametersOf(layer), [bias])
          : block(x, bias);
      }
      return tf.reshape(x, [batch, length, hiddenSize]) as tf.Tensor3D;
    });
  }

  /** A copy of all parameters in ordinary memory, by their canonical names, whatever is cut here. */
  weights(): Promise<Map<string, HostTensor>> {
    return this.#parameters.download();
  }

  /** Replaces all parameters, as {@linkcode BertEncoder.fromWeights}; nothing is changed if it throws. */
  restore(weights: ReadonlyMap<string, HostTensor>, file: string): void {
    this.#parameters.restore(weights, file);
  }

  /**
   * Tensors that are named after {@linkcode BertEncoder.parameters}, with more behind a dot or not (an
   * optimizer's moments, gradients), by canonical names: for files, which know no shards.
   */
  joined(tensors: ReadonlyMap<string, HostTensor>): Map<string, HostTensor> {
    return this.#parameters.joined(tensors);
  }

  /**
   * The opposite of {@linkcode BertEncoder.joined}, for what comes from a file; the encoder that it is of may
   * have been cut differently or not at all. The numbers are not copied.
   *
   * @throws {KBertError} `weights/invalid` if something named after a table has another shape
   */
  split(tensors: ReadonlyMap<string, HostTensor>): Map<string, HostTensor> {
    return this.#parameters.split(tensors);
  }

  [Symbol.dispose](): void {
    this.#parameters[Symbol.dispose]();
  }

  #embed(tokens: Varying<TokenBatch>): tf.Tensor {
    const { hiddenSize } = this.config;
    const { batch, length } = now(tokens);
    const words = embed(this.#parameters.words, () => now(tokens).ids);
    const positions = tf.slice(this.#get("embeddings.position_embeddings.weight"), [0, 0], [
      length,
      hiddenSize,
    ]);
    const first = tf.slice(this.#get("embeddings.token_type_embeddings.weight"), [0, 0], [
      1,
      hiddenSize,
    ]);
    const sum = tf.add(tf.reshape(words, [batch, length, hiddenSize]), tf.add(positions, first)); // [B, S, H]
    return this.#norm(tf.reshape(sum, [batch * length, hiddenSize]), "embeddings.LayerNorm");
  }

  /** One layer, `[B*S, H]`. Computed a second time, it drops the same: its sites follow from its number. */
  #block(x: tf.Tensor, bias: tf.Tensor, layer: number, place: Varying<TrainingPlace> | undefined): tf.Tensor {
    const name = `encoder.layer.${layer}`;
    const { heads, dropout: rate } = this.config;
    const noise = (site: number): (() => Random) | undefined => noiseAt(place, 3 * layer + site);
    const query = this.#linear(x, `${name}.attention.self.query`);
    const key = this.#linear(x, `${name}.attention.self.key`);
    const value = this.#linear(x, `${name}.attention.self.value`);
    const context = attention(query, key, value, bias, { heads, rate, random: noise(1) }); // [B*S, H]
    const attended = this.#drop(this.#linear(context, `${name}.attention.output.dense`), noise(2));
    const middle = this.#norm(tf.add(x, attended), `${name}.attention.output.LayerNorm`);

    const inner = this.#linear(middle, `${name}.intermediate.dense`, linearGelu); // [B*S, 4H]
    const output = this.#drop(this.#linear(inner, `${name}.output.dense`), noise(3));
    return this.#norm(tf.add(middle, output), `${name}.output.LayerNorm`);
  }

  #drop(x: tf.Tensor, random: (() => Random) | undefined): tf.Tensor {
    return random ? dropout(x, this.config.dropout, random) : x;
  }

  #parametersOf(layer: number): tf.Variable[] {
    const prefix = `encoder.layer.${layer}.`;
    return [...this.parameters].filter(([name]) => name.startsWith(prefix)).map(([, parameter]) => parameter);
  }

  #linear(x: tf.Tensor, name: string, layer = linear): tf.Tensor {
    return layer(x, this.#get(`${name}.weight`), this.#get(`${name}.bias`));
  }

  #norm(x: tf.Tensor, name: string): tf.Tensor {
    return layerNorm(
      x,
      this.#get(`${name}.weight`),
      this.#get(`${name}.bias`),
      this.config.layerNormEps,
    );
  }

  #get(name: string): tf.Tensor2D {
    return this.#parameters.get(name);
  }
}

/** Noise of the embeddings is at site 0, that of a layer at the three sites after those of the layer before. */
function noiseAt(place: Varying<TrainingPlace> | undefined, site: number): (() => Random) | undefined {
  return place && (() => {
    const { seed, step, microBatch } = now(place);
    return Random.at(seed, step, microBatch, site);
  });
}

/**
 * The BERT encoder: token ids in, hidden states out, in one file with the shapes at the line ends.
 *
 * Parameters carry the names and the layout of Hugging Face's checkpoints (a linear layer's weight is
 * `[outputs, inputs]`), so that reading and writing files is nothing but copying.
 *
 * B batch, S sequence, H hidden, A heads, D = H / A.
 *
 * @see Devlin et al. 2019, "BERT", https://arxiv.org/abs/1810.04805
 *
 * @module
 */
import * as tf from "../deps/tfjs.ts";
import { checkpointed } from "../tensor/checkpointing.ts";
import { requireFittingParameters } from "../tensor/limits.ts";
import { attention, dropout, embed, layerNorm, linear, linearGelu } from "../tensor/operations.ts";
import { Random } from "../tensor/random.ts";
import { downloadByName } from "../tensor/transfer.ts";
import { KBertError } from "../wall/errors.ts";
import { type HostTensor, sizeOf } from "../wall/tensor.ts";
import type { BertConfig } from "./config.ts";

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
 * An encoder. Owns its parameters. One with a parameter that the backend cannot hold is refused with
 * `tensor/too-large` before it is built.
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
  readonly #parameters = new Map<string, tf.Variable>();

  private constructor(config: BertConfig, value: (name: string, shape: number[]) => Float32Array) {
    this.config = config;
    requireFittingParameters(parameterShapes(config));
    for (const [name, shape] of parameterShapes(config)) {
      this.#parameters.set(name, tf.tidy(() => tf.variable(tf.tensor(value(name, shape), shape))));
    }
  }

  /** Fresh weights: normal with deviation 0.02, LayerNorm at one, biases at zero. Same seed, same weights. */
  static create(config: BertConfig, seed: number): BertEncoder {
    const random = Random.at(seed, 0);
    return new BertEncoder(config, (name, shape) => {
      const values = new Float32Array(sizeOf(shape));
      if (shape.length === 1) return values.fill(name.endsWith("LayerNorm.weight") ? 1 : 0);
      for (let index = 0; index < values.length; index++) values[index] = random.normal() * INITIAL_DEVIATION;
      return values;
    });
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
  ): BertEncoder {
    return new BertEncoder(config, (name, shape) => requireWeight(weights, name, shape, file));
  }

  /** Name → parameter. */
  get parameters(): ReadonlyMap<string, tf.Variable> {
    return this.#parameters;
  }

  /**
   * Hidden states of the last block, `[batch, length, hidden]`; the caller disposes of them.
   *
   * @param place seeds dropout; nothing is dropped without it
   * @throws {KBertError} `input/invalid` if the sequences are longer than the model has positions.
   */
  forward(
    tokens: TokenBatch,
    place?: TrainingPlace,
    { gradientCheckpointing = false }: ForwardOptions = {},
  ): tf.Tensor3D {
    const { hiddenSize, layers, maxPositions } = this.config;
    const { batch, length } = tokens;
    if (length > maxPositions) {
      const message = `A sequence of ${length} tokens is longer than the model's ${maxPositions} positions`;
      throw new KBertError("input/invalid", message, { name: "length", limit: maxPositions, value: length });
    }
    return tf.tidy(() => {
      const bias = tf.tensor(tokens.mask.map((one) => one ? 0 : MASKED), [batch, 1, 1, length]);
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

  /** A copy of all parameters in ordinary memory, by name. */
  async weights(): Promise<Map<string, HostTensor>> {
    return await downloadByName(this.#parameters);
  }

  /** Replaces all parameters, as {@linkcode BertEncoder.fromWeights}; nothing is changed if it throws. */
  restore(weights: ReadonlyMap<string, HostTensor>, file: string): void {
    const values = [...this.#parameters].map(([name, { shape }]) =>
      requireWeight(weights, name, shape, file)
    );
    [...this.#parameters.values()].forEach((parameter, index) => {
      const value = tf.tensor(values[index]!, parameter.shape);
      parameter.assign(value);
      value.dispose();
    });
  }

  [Symbol.dispose](): void {
    for (const parameter of this.#parameters.values()) parameter.dispose();
    this.#parameters.clear();
  }

  #embed({ ids, batch, length }: TokenBatch): tf.Tensor {
    const { hiddenSize } = this.config;
    const words = embed(this.#get("embeddings.word_embeddings.weight"), ids);
    const positions = tf.slice(this.#get("embeddings.position_embeddings.weight"), [0, 0], [
      length,
      hiddenSize,
    ]);
    const first = tf.slice(this.#get("embeddings.token_type_embeddings.weight"), [0, 0], [1, hiddenSize]);
    const sum = tf.add(tf.reshape(words, [batch, length, hiddenSize]), tf.add(positions, first)); // [B, S, H]
    return this.#norm(tf.reshape(sum, [batch * length, hiddenSize]), "embeddings.LayerNorm");
  }

  /** One layer, `[B*S, H]`. Computed a second time, it drops the same: its sites follow from its number. */
  #block(x: tf.Tensor, bias: tf.Tensor, layer: number, place: TrainingPlace | undefined): tf.Tensor {
    const name = `encoder.layer.${layer}`;
    const { heads, dropout: rate } = this.config;
    const noise = (site: number): Random | undefined => noiseAt(place, 3 * layer + site);
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

  #drop(x: tf.Tensor, random: Random | undefined): tf.Tensor {
    return random ? dropout(x, this.config.dropout, random) : x;
  }

  #parametersOf(layer: number): tf.Variable[] {
    const prefix = `encoder.layer.${layer}.`;
    return [...this.#parameters].filter(([name]) => name.startsWith(prefix)).map(([, parameter]) =>
      parameter
    );
  }

  #linear(x: tf.Tensor, name: string, layer = linear): tf.Tensor {
    return layer(x, this.#get(`${name}.weight`), this.#get(`${name}.bias`));
  }

  #norm(x: tf.Tensor, name: string): tf.Tensor {
    return layerNorm(x, this.#get(`${name}.weight`), this.#get(`${name}.bias`), this.config.layerNormEps);
  }

  #get(name: string): tf.Tensor2D {
    return this.#parameters.get(name) as tf.Tensor as tf.Tensor2D;
  }
}

/** Noise of the embeddings is at site 0, that of a layer at the three sites after those of the layer before. */
function noiseAt(place: TrainingPlace | undefined, site: number): Random | undefined {
  return place && Random.at(place.seed, place.step, place.microBatch, site);
}

/** Names and shapes of all parameters, in the order in which they are initialized. */
export function* parameterShapes(config: BertConfig): Iterable<[string, number[]]> {
  const { hiddenSize: hidden, intermediateSize: inner } = config;
  yield ["embeddings.word_embeddings.weight", [config.vocabSize, hidden]];
  yield ["embeddings.position_embeddings.weight", [config.maxPositions, hidden]];
  yield ["embeddings.token_type_embeddings.weight", [config.typeVocabSize, hidden]];
  yield* pair("embeddings.LayerNorm", [hidden], hidden);
  for (let layer = 0; layer < config.layers; layer++) {
    const block = `encoder.layer.${layer}`;
    yield* pair(`${block}.attention.self.query`, [hidden, hidden], hidden);
    yield* pair(`${block}.attention.self.key`, [hidden, hidden], hidden);
    yield* pair(`${block}.attention.self.value`, [hidden, hidden], hidden);
    yield* pair(`${block}.attention.output.dense`, [hidden, hidden], hidden);
    yield* pair(`${block}.attention.output.LayerNorm`, [hidden], hidden);
    yield* pair(`${block}.intermediate.dense`, [inner, hidden], inner);
    yield* pair(`${block}.output.dense`, [hidden, inner], hidden);
    yield* pair(`${block}.output.LayerNorm`, [hidden], hidden);
  }
}

function* pair(name: string, weight: number[], bias: number): Iterable<[string, number[]]> {
  yield [`${name}.weight`, weight];
  yield [`${name}.bias`, [bias]];
}

function requireWeight(
  weights: ReadonlyMap<string, HostTensor>,
  name: string,
  shape: readonly number[],
  file: string,
): Float32Array {
  const weight = weights.get(name);
  if (weight?.data instanceof Float32Array && weight.shape.join() === shape.join()) return weight.data;
  const found = weight ? `is ${weight.dtype} [${weight.shape}]` : "is missing";
  const message = `The weight ${name} in ${file} ${found}, expected float32 [${shape}]; ` +
    `its config.json belongs to another model`;
  throw new KBertError("weights/invalid", message, { file });
}

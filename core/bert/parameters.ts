/**
 * The parameters of an encoder: what there is, on the device as variables and in files as tensors.
 *
 * They carry the names and the layout of Hugging Face's checkpoints, so that reading and writing files is
 * nothing but copying. The one exception is a table of words that is larger than what the device binds at
 * once: there it is several variables, and one tensor everywhere else (core/tensor/sharded_table.ts).
 *
 * @module
 */
import * as tf from "../deps/tfjs.ts";
import { largestTensorBytes, requireFittingParameters } from "../tensor/limits.ts";
import { ShardedTable } from "../tensor/sharded_table.ts";
import { downloadByName } from "../tensor/transfer.ts";
import { KBertError } from "../wall/errors.ts";
import type { HostTensor } from "../wall/tensor.ts";
import type { BertConfig } from "./config.ts";

/** How parameters lie on the device. */
export interface EncoderOptions {
  /** Bytes of a tensor; a table of words that has more is cut into shards. @default {largestTensorBytes()} */
  readonly limitBytes?: number;
}

/** The first parameter, and the only one that can be cut: it is never used but row by row. */
const WORDS = "embeddings.word_embeddings.weight";

/**
 * Owns the variables. One that does not fit on the device is refused before any is made.
 *
 * @example A table of 40 rows of 32 bytes where 1,024 bytes fit
 * ```ts
 * import { bertConfig } from "./config.ts";
 * import { EncoderParameters } from "./parameters.ts";
 * import * as tf from "../deps/tfjs.ts";
 * import { assertEquals } from "../deps/assert.ts";
 *
 * await tf.setBackend("cpu");
 * const sizes = { hiddenSize: 8, intermediateSize: 16, maxPositions: 16, layers: 0 };
 * const config = bertConfig("tiny", { vocabSize: 40, ...sizes });
 * const ones = (_name: string, shape: readonly number[]) =>
 *   new Float32Array(shape.reduce((size, one) => size * one)).fill(1);
 * using parameters = new EncoderParameters(config, ones, { limitBytes: 1_024 });
 *
 * assertEquals(parameters.words.map(({ shape }) => shape), [[20, 8], [20, 8]]);
 * const weights = await parameters.download();
 * assertEquals(weights.get("embeddings.word_embeddings.weight")!.shape, [40, 8]);
 * ```
 */
export class EncoderParameters implements Disposable {
  /** Name → variable, which is what an optimizer updates. */
  readonly variables = new Map<string, tf.Variable>();
  readonly #config: BertConfig;
  readonly #words: ShardedTable;

  /**
   * @param value is asked once for each parameter, in order, for its numbers
   * @throws {KBertError} `tensor/too-large`
   */
  constructor(
    config: BertConfig,
    value: (name: string, shape: readonly number[]) => Float32Array,
    { limitBytes = largestTensorBytes() }: EncoderOptions = {},
  ) {
    this.#config = config;
    this.#words = new ShardedTable(WORDS, [config.vocabSize, config.hiddenSize], limitBytes);
    const shards = this.#words.shards.map(({ name, shape }) => [name, shape] as const);
    const others = [...parameterShapes(config)].filter(([name]) => name !== WORDS);
    requireFittingParameters([...shards, ...others], limitBytes);
    for (const [name, shape] of parameterShapes(config)) {
      const tensor = { dtype: "float32", shape, data: value(name, shape) } as const;
      for (const [part, { shape, data }] of this.#words.split([[name, tensor]])) {
        this.variables.set(part, tf.tidy(() => tf.variable(tf.tensor(data, [...shape]))));
      }
    }
  }

  /** The variable of a parameter that is never cut. */
  get(name: string): tf.Tensor2D {
    return this.variables.get(name) as tf.Tensor as tf.Tensor2D;
  }

  /** The table of words from its first row to its last. */
  get words(): tf.Tensor[] {
    return this.#words.shards.map(({ name }) => this.get(name));
  }

  /** A copy of all parameters in ordinary memory, by the names of files. */
  async download(): Promise<Map<string, HostTensor>> {
    return this.joined(await downloadByName(this.variables));
  }

  /**
   * Replaces all parameters; nothing is changed if it throws.
   *
   * @throws {KBertError} `weights/invalid` if one is missing or has another shape
   */
  restore(weights: ReadonlyMap<string, HostTensor>, file: string): void {
    const wanted = [...parameterShapes(this.#config)].map(([name, shape]) => {
      const data = requireWeight(weights, name, shape, file);
      return [name, { dtype: "float32", shape, data }] as const;
    });
    for (const [name, { data, shape }] of this.#words.split(wanted)) {
      const value = tf.tensor(data, [...shape]);
      this.variables.get(name)!.assign(value);
      value.dispose();
    }
  }

  /** Tensors that are named after variables, as files name them. */
  joined(tensors: ReadonlyMap<string, HostTensor>): Map<string, HostTensor> {
    return this.#words.join(tensors);
  }

  /** Tensors of a file, named after variables. */
  split(tensors: ReadonlyMap<string, HostTensor>): Map<string, HostTensor> {
    return this.#words.split(tensors);
  }

  [Symbol.dispose](): void {
    for (const variable of this.variables.values()) variable.dispose();
    this.variables.clear();
  }
}

/** Names and shapes of all parameters in files, in the order in which they are initialized. */
export function* parameterShapes(config: BertConfig): Iterable<[string, number[]]> {
  const { hiddenSize: hidden, intermediateSize: inner } = config;
  yield [WORDS, [config.vocabSize, hidden]];
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

/**
 * The numbers of a weight.
 *
 * @throws {KBertError} `weights/invalid` if it is missing or has another shape than the configuration says
 */
export function requireWeight(
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

/**
 * What a BERT is made of, under the names of Hugging Face's `config.json`, and the published sizes.
 *
 * @module
 */
import { z } from "../deps/zod.ts";
import { KBertError } from "../wall/errors.ts";

/** The architecture of an encoder. */
export interface BertConfig {
  /** Tokens of the vocabulary. */
  readonly vocabSize: number;
  /** Width of the hidden states. */
  readonly hiddenSize: number;
  /** Number of blocks. */
  readonly layers: number;
  /** Attention heads of a block; they share the hidden size. */
  readonly heads: number;
  /** Width between the two layers of the feed-forward part. */
  readonly intermediateSize: number;
  /** Longest sequence, in tokens. */
  readonly maxPositions: number;
  /** Kinds of segment (first and second text). */
  readonly typeVocabSize: number;
  /** Added to the variance in layer normalization. */
  readonly layerNormEps: number;
  /** Share of zeros of dropout on hidden states and attention, 0 to 1. */
  readonly dropout: number;
}

/** @see Turc et al. 2019, "Well-read students learn better", https://arxiv.org/abs/1908.08962 */
export const BERT_SIZES = {
  tiny: { layers: 2, hiddenSize: 128, heads: 2, intermediateSize: 512 },
  mini: { layers: 4, hiddenSize: 256, heads: 4, intermediateSize: 1024 },
  small: { layers: 4, hiddenSize: 512, heads: 8, intermediateSize: 2048 },
  medium: { layers: 8, hiddenSize: 512, heads: 8, intermediateSize: 2048 },
  base: { layers: 12, hiddenSize: 768, heads: 12, intermediateSize: 3072 },
} as const satisfies Record<string, Partial<BertConfig>>;

/** Name of a published size. */
export type BertSize = keyof typeof BERT_SIZES;

/**
 * The configuration of a named size, with what is given instead of its own.
 *
 * @throws {KBertError} `input/invalid` if the heads do not divide the hidden size.
 *
 * @example
 * ```ts
 * import { bertConfig } from "./config.ts";
 * import { assertEquals } from "../deps/assert.ts";
 *
 * assertEquals(bertConfig("tiny", { vocabSize: 8_000 }).hiddenSize, 128);
 * ```
 */
export function bertConfig(
  size: BertSize,
  overrides: Partial<BertConfig> & Pick<BertConfig, "vocabSize">,
): BertConfig {
  const config: BertConfig = {
    maxPositions: 512,
    typeVocabSize: 2,
    layerNormEps: 1e-12,
    dropout: 0.1,
    ...BERT_SIZES[size],
    ...overrides,
  };
  if (config.hiddenSize % config.heads !== 0) {
    const message = `${config.heads} attention heads cannot share a hidden size of ${config.hiddenSize}; ` +
      `choose heads that divide it`;
    throw new KBertError("input/invalid", message, { name: "heads", value: config.heads });
  }
  return config;
}

const size = z.int().positive().max(10_000_000);

const configFile = z.object({
  model_type: z.literal("bert"),
  vocab_size: size,
  hidden_size: size.max(65_536),
  num_hidden_layers: size.max(1_000),
  num_attention_heads: size.max(1_000),
  intermediate_size: size.max(262_144),
  max_position_embeddings: size.max(65_536).default(512),
  type_vocab_size: size.max(1_000).default(2),
  layer_norm_eps: z.number().positive().max(1).default(1e-12),
  hidden_dropout_prob: z.number().min(0).max(0.99).default(0.1),
  hidden_act: z.literal("gelu").default("gelu"),
  position_embedding_type: z.literal("absolute").default("absolute"),
});

/**
 * Reads the content of a `config.json`.
 *
 * @throws {KBertError} `weights/invalid` if it is not a BERT that this encoder can compute.
 */
export function configFromFile(content: Record<string, unknown>, file: string): BertConfig {
  const parsed = configFile.safeParse(content);
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    const message = `${file} is not a BERT that can be used: ${issue!.path.join(".")}: ${issue!.message}`;
    throw new KBertError("weights/invalid", message, { file });
  }
  const { data } = parsed;
  return bertConfig("tiny", {
    vocabSize: data.vocab_size,
    hiddenSize: data.hidden_size,
    layers: data.num_hidden_layers,
    heads: data.num_attention_heads,
    intermediateSize: data.intermediate_size,
    maxPositions: data.max_position_embeddings,
    typeVocabSize: data.type_vocab_size,
    layerNormEps: data.layer_norm_eps,
    dropout: data.hidden_dropout_prob,
  });
}

/** The content of a `config.json`, as other libraries read it. */
export function configToFile(config: BertConfig): Record<string, unknown> {
  return {
    architectures: ["BertModel"],
    model_type: "bert",
    vocab_size: config.vocabSize,
    hidden_size: config.hiddenSize,
    num_hidden_layers: config.layers,
    num_attention_heads: config.heads,
    intermediate_size: config.intermediateSize,
    max_position_embeddings: config.maxPositions,
    type_vocab_size: config.typeVocabSize,
    layer_norm_eps: config.layerNormEps,
    hidden_dropout_prob: config.dropout,
    attention_probs_dropout_prob: config.dropout,
    hidden_act: "gelu",
    initializer_range: 0.02,
    pad_token_id: 0,
    position_embedding_type: "absolute",
    torch_dtype: "float32",
  };
}

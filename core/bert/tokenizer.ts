/**
 * WordPiece tokenization: texts to padded batches of token ids.
 *
 * The tokenization itself is Hugging Face's library; batching, truncation and padding to a few lengths are
 * ours. Padding goes to the next of a few bucket lengths and not to the longest text, because every new
 * length makes tfjs keep another set of buffers.
 *
 * @module
 */
import { Tokenizer } from "../deps/tokenizers.ts";
import { KBertError } from "../wall/errors.ts";
import type { TokenBatch } from "./model.ts";
import { SPECIAL_TOKENS } from "./vocabulary.ts";

/** What is kept of a text that is too long: its beginning, or its beginning and its last quarter. */
export type Truncation = "head" | "head-tail";

/** Settings of {@linkcode BertTokenizer}. */
export interface TokenizerOptions {
  /** Longest sequence, `[CLS]` and `[SEP]` included. @default {128} */
  maxLength?: number;
  /** @default {"head"} */
  truncation?: Truncation;
  /** Lengths that batches are padded to, ascending; `maxLength` is added. @default {[32, 64, 96, 128]} */
  buckets?: readonly number[];
}

/** One tokenized text. */
export interface Encoding {
  /** `[CLS]`, the tokens, `[SEP]`. */
  readonly ids: Int32Array;
  /** Tokens that were cut off. */
  readonly truncated: number;
}

/** Tokenizes with one vocabulary. */
export class BertTokenizer {
  readonly vocabulary: readonly string[];
  readonly maxLength: number;
  readonly #truncation: Truncation;
  readonly #buckets: readonly number[];
  readonly #tokenizer: Tokenizer;
  readonly #pad: number;

  /**
   * @param vocabulary tokens in the order of their ids, as in vocab.txt
   * @throws {KBertError} `weights/invalid` if a token that every BERT needs is missing.
   */
  constructor(vocabulary: readonly string[], options: TokenizerOptions = {}) {
    const { maxLength = 128, truncation = "head", buckets = [32, 64, 96, 128] } = options;
    for (const token of SPECIAL_TOKENS) {
      if (!vocabulary.includes(token)) {
        const message =
          `The vocabulary of ${vocabulary.length} tokens has no ${token}; it is not one of a BERT`;
        throw new KBertError("weights/invalid", message, { file: "vocab.txt" });
      }
    }
    this.vocabulary = vocabulary;
    this.maxLength = maxLength;
    this.#truncation = truncation;
    this.#buckets = [...new Set([...buckets.filter((length) => length < maxLength), maxLength])];
    this.#pad = vocabulary.indexOf("[PAD]");
    this.#tokenizer = new Tokenizer(tokenizerJson(vocabulary), { tokenizer_class: "BertTokenizer" });
  }

  /**
   * Tokenizes one text. An empty text gives `[CLS] [SEP]`.
   *
   * @example
   * ```ts
   * import { BertTokenizer } from "./tokenizer.ts";
   * import { assertEquals } from "../deps/assert.ts";
   *
   * const tokenizer = new BertTokenizer(["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "free", "##dom"]);
   * assertEquals([...tokenizer.encode("Freedom!").ids], [2, 5, 6, 1, 3]);
   * ```
   */
  encode(text: string): Encoding {
    const all = this.#tokenizer.encode(text).ids;
    const truncated = Math.max(0, all.length - this.maxLength);
    if (truncated === 0) return { ids: Int32Array.from(all), truncated };
    // `all` ends in [SEP]; keeping the end keeps it.
    const tail = this.#truncation === "head" ? 1 : this.maxLength >> 2;
    const ids = [...all.slice(0, this.maxLength - tail), ...all.slice(all.length - tail)];
    return { ids: Int32Array.from(ids), truncated };
  }

  /**
   * One sequence of the tokens of several words, with where each word begins. Words that do not fit are left out
   * from the end, whole.
   */
  join(words: readonly Int32Array[]): Encoding & { readonly starts: readonly number[] } {
    const [first, last] = [this.#id("[CLS]"), this.#id("[SEP]")];
    const ids = [first];
    const starts: number[] = [];
    let truncated = 0;
    for (const word of words) {
      if (truncated > 0 || ids.length + word.length + 1 > this.maxLength) {
        truncated += word.length;
        continue;
      }
      starts.push(ids.length);
      ids.push(...word);
    }
    return { ids: Int32Array.from([...ids, last]), truncated, starts };
  }

  #id(token: string): number {
    return this.vocabulary.indexOf(token);
  }

  /** Pads encodings to the smallest bucket that holds the longest of them. */
  batch(encodings: readonly Encoding[]): TokenBatch {
    const longest = Math.max(1, ...encodings.map(({ ids }) => ids.length));
    const length = this.#buckets.find((bucket) => bucket >= longest) ?? longest;
    const ids = new Int32Array(encodings.length * length).fill(this.#pad);
    const mask = new Float32Array(ids.length);
    for (const [row, encoding] of encodings.entries()) {
      ids.set(encoding.ids, row * length);
      mask.fill(1, row * length, row * length + encoding.ids.length);
    }
    return { batch: encodings.length, length, ids, mask };
  }

  /** The content of a `tokenizer.json`, as other libraries read it. */
  toJson(): Record<string, unknown> {
    return tokenizerJson(this.vocabulary);
  }
}

/** BERT's uncased tokenization, written down as Hugging Face's libraries expect it. */
function tokenizerJson(vocabulary: readonly string[]): Record<string, unknown> {
  const id = (token: string): number => vocabulary.indexOf(token);
  const special = (token: string): Record<string, unknown> => ({ SpecialToken: { id: token, type_id: 0 } });
  return {
    version: "1.0",
    truncation: null,
    padding: null,
    added_tokens: SPECIAL_TOKENS.map((content) => ({
      id: id(content),
      content,
      single_word: false,
      lstrip: false,
      rstrip: false,
      normalized: false,
      special: true,
    })),
    normalizer: {
      type: "BertNormalizer",
      clean_text: true,
      handle_chinese_chars: true,
      strip_accents: null,
      lowercase: true,
    },
    pre_tokenizer: { type: "BertPreTokenizer" },
    post_processor: {
      type: "TemplateProcessing",
      single: [special("[CLS]"), { Sequence: { id: "A", type_id: 0 } }, special("[SEP]")],
      pair: [
        special("[CLS]"),
        { Sequence: { id: "A", type_id: 0 } },
        special("[SEP]"),
        { Sequence: { id: "B", type_id: 1 } },
        { SpecialToken: { id: "[SEP]", type_id: 1 } },
      ],
      special_tokens: Object.fromEntries(
        ["[CLS]", "[SEP]"].map((token) => [token, { id: token, ids: [id(token)], tokens: [token] }]),
      ),
    },
    decoder: { type: "WordPiece", prefix: "##", cleanup: true },
    model: {
      type: "WordPiece",
      unk_token: "[UNK]",
      continuing_subword_prefix: "##",
      max_input_chars_per_word: 100,
      vocab: Object.fromEntries(vocabulary.map((token, index) => [token, index])),
    },
  };
}

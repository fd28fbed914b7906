/**
 * Token masking: texts with some words behind `[MASK]`, so that a classifier does not hang on a single word.
 *
 * The mask is text like any other here; that it becomes one token is the tokenizer's work, and k-bert's does so
 * for `[MASK]`. With other models the setting `mask_token` says what it is.
 *
 * @module
 */
import {
  type AugmentContext,
  type AugmenterConfig,
  AugmenterPort,
  defineConfiguration,
  type EventBus,
  type InferSettings,
  longestChange,
  type Random,
} from "k-bert/sdk";
import { maskWords } from "./masking.ts";

const configuration = defineConfiguration({
  mask_token: { type: "string", default: "[MASK]", min: 1, max: 32 },
  mask_share: { type: "float", default: 0.15, min: 0.01, max: 1 },
  random_share: { type: "float", default: 0.1, min: 0, max: 1 },
  keep_share: { type: "float", default: 0.1, min: 0, max: 1 },
});

type Settings = AugmenterConfig & InferSettings<typeof configuration>;

/** Changes a share of the texts. A text of one word, or none, stays as it is. */
export class TokenMaskingAugmenter extends AugmenterPort<Settings> {
  static readonly configuration = configuration;

  /** @throws {RangeError} if more words are to be kept and replaced than are chosen */
  constructor(config: Settings, eventBus?: EventBus, seed?: number) {
    super(config, eventBus, seed);
    const { random_share, keep_share } = config;
    if (random_share + keep_share <= 1) return;
    throw new RangeError(
      `Cannot mask with random_share ${random_share} and keep_share ${keep_share}: together they are at most 1`,
    );
  }

  override augment(texts: readonly string[], context?: AugmentContext): Promise<string[]> {
    return this.augmentEach(texts, context, (text, random) => this.#change(text, random));
  }

  #change(text: string, random: Random): string {
    const { mask_token, mask_share, random_share, keep_share, max_augmentations_per_sample } = this.config;
    return maskWords(text, {
      maskToken: mask_token,
      maskShare: mask_share,
      randomShare: random_share,
      keepShare: keep_share,
      random,
      room: longestChange(text.length, max_augmentations_per_sample) - text.length,
    });
  }
}

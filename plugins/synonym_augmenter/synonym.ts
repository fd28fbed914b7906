/**
 * Synonym replacement: English texts in which some words stand for others that mean the same.
 *
 * The synonyms are WordNet's, of the most frequent meaning of a word; build_synonyms.ts says which were taken.
 * They are few on purpose, about 11,000 words: of the words of an e-mail, one in fourteen has any, so a larger
 * `replacement_share` than 0.07 mostly means all of them.
 *
 * @module
 */
import {
  type AugmentContext,
  type AugmenterConfig,
  AugmenterPort,
  defineConfiguration,
  type InferSettings,
  longestChange,
  type Random,
} from "k-bert/sdk";
import { replaceWords } from "./replacement.ts";
import { STOP_WORDS } from "./stop_words.ts";
import { SYNONYMS } from "./synonyms.ts";
import { Thesaurus } from "./thesaurus.ts";

const configuration = defineConfiguration({
  replacement_share: { type: "float", default: 0.15, min: 0.01, max: 1 },
  stop_words: { type: "list", items: { type: "string", min: 1 }, default: [] },
});

type Settings = AugmenterConfig & InferSettings<typeof configuration>;

/** Changes a share of the texts. One without a word that has synonyms stays as it is. */
export class SynonymAugmenter extends AugmenterPort<Settings> {
  static readonly configuration = configuration;
  #thesaurus = new Thesaurus("", STOP_WORDS);

  /** Reads the synonyms, which takes about 20 ms. */
  override initialize(): void {
    const more = this.config.stop_words.map((word) => word.toLowerCase());
    this.#thesaurus = new Thesaurus(SYNONYMS, new Set([...STOP_WORDS, ...more]));
  }

  override augment(texts: readonly string[], context?: AugmentContext): Promise<string[]> {
    return this.augmentEach(texts, context, (text, random) => this.#change(text, random));
  }

  #change(text: string, random: Random): string {
    return replaceWords(text, {
      thesaurus: this.#thesaurus,
      share: this.config.replacement_share,
      random,
      room: longestChange(text.length, this.config.max_augmentations_per_sample) - text.length,
    });
  }
}

/**
 * Easy data augmentation (EDA): texts with some words swapped, deleted or repeated.
 *
 * A change is one operation, drawn from those that the settings name, as the paper makes each of its new
 * sentences with one. The number of words follows from the length of the text, because long texts bear more
 * noise before their label is another.
 *
 * @see Wei and Zou 2019, https://arxiv.org/abs/1901.11196
 * @module
 */
import {
  type AugmentContext,
  type AugmenterConfig,
  AugmenterPort,
  defineConfiguration,
  type InferSettings,
  joinWords,
  longestChange,
  type Random,
  splitWords,
} from "k-bert/sdk";
import { deleteWords, insertWords, type Operation, swapWords } from "./operations.ts";

const configuration = defineConfiguration({
  operations: {
    type: "list",
    min: 1,
    items: { type: "enum", values: ["swap", "delete", "insert"] },
    default: ["swap", "delete", "insert"],
  },
  alpha: { type: "float", default: 0.1, min: 0.01, max: 1 },
});

type Settings = AugmenterConfig & InferSettings<typeof configuration>;

/** A new operation is one more row here, and one more value in plugin.yaml; the compiler asks for both. */
const OPERATIONS: Record<Settings["operations"][number], Operation> = {
  swap: swapWords,
  delete: deleteWords,
  insert: insertWords,
};

/** Changes a share of the texts. A text of one word, or none, stays as it is. */
export class EdaAugmenter extends AugmenterPort<Settings> {
  static readonly configuration = configuration;

  override augment(texts: readonly string[], context?: AugmentContext): Promise<string[]> {
    return this.augmentEach(texts, context, (text, random) => this.#change(text, random));
  }

  #change(text: string, random: Random): string {
    const split = splitWords(text);
    if (split.words.length < 2) return text;
    const { operations, alpha, max_augmentations_per_sample } = this.config;
    const operate = OPERATIONS[operations[random.below(operations.length)]!];
    const room = longestChange(text.length, max_augmentations_per_sample) - text.length;
    return joinWords(operate(split, { alpha, random, room }));
  }
}

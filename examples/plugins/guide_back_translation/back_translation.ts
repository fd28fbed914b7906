/**
 * The guide's back translation: a text goes to another language and comes back in other words.
 *
 * A plugin reaches no network. The translator is a service of the host, which knows what it may cost.
 *
 * @module
 */
import { type AugmenterConfig, AugmenterPort, type EventBus, inject, Random, service } from "k-bert/sdk";

/** What the host offers as `translator`. */
export interface Translator {
  translate(text: string, from: string, to: string): string;
}

const TRANSLATOR = service<Translator>("translator");

/** Settings; see plugin.yaml. */
interface Settings extends AugmenterConfig {
  readonly source_language: string;
  readonly target_language: string;
}

/** Changes a share of the texts. Which ones follows from the seed. */
export class BackTranslationAugmenter extends AugmenterPort<Settings> {
  readonly #translator;
  readonly #random: Random;

  constructor(config: Settings, eventBus?: EventBus, seed?: number, translator = inject(TRANSLATOR)) {
    super(config, eventBus, seed);
    this.#translator = translator;
    this.#random = new Random(this.seed);
  }

  override async augment(texts: readonly string[]): Promise<string[]> {
    const augmenter = this.constructor.name;
    await this.eventBus.emit("augmenter.started", {
      augmenter,
      input_count: texts.length,
      probability: this.config.augmentation_probability,
    });

    const augmented: string[] = [];
    for (const text of texts) augmented.push(this.#shouldAugment() ? await this.#backTranslate(text) : text);

    await this.eventBus.emit("augmenter.completed", {
      augmenter,
      output_count: augmented.length,
      augmented_count: augmented.filter((text, index) => text !== texts[index]).length,
    });
    return augmented;
  }

  async #backTranslate(text: string): Promise<string> {
    const { source_language, target_language } = this.config;
    const there = await this.#translator.translate(text, source_language, target_language);
    return await this.#translator.translate(there, target_language, source_language);
  }

  #shouldAugment(): boolean {
    return this.#random.uniform() < this.config.augmentation_probability;
  }
}

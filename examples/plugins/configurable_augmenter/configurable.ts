/**
 * The guide's configurable augmenter: which strategies there are is code, which are used is configuration.
 *
 * @module
 */
import {
  type AugmenterConfig,
  AugmenterPort,
  defineConfiguration,
  type InferSettings,
  Random,
} from "k-bert/sdk";

const configuration = defineConfiguration({
  strategies: {
    type: "list",
    min: 1,
    items: {
      type: "object",
      properties: {
        type: { type: "enum", values: ["lowercase", "drop_words", "swap_words"], required: true },
        probability: { type: "float", min: 0, max: 1, default: 0.5 },
        share: { type: "float", min: 0, max: 1, default: 0.1 },
      },
    },
    default: [{ type: "lowercase", probability: 0.5, share: 0.1 }],
  },
});

type Settings = AugmenterConfig & InferSettings<typeof configuration>;
type Strategy = Settings["strategies"][number];

/** A new strategy is one more row here, and one more value in plugin.yaml; the compiler asks for both. */
const STRATEGIES: Record<Strategy["type"], (words: string[], share: number, random: Random) => string[]> = {
  lowercase: (words) => words.map((word) => word.toLowerCase()),
  drop_words: (words, share, random) => words.filter(() => random.uniform() >= share),
  swap_words(words, share, random): string[] {
    for (let index = 1; index < words.length; index++) {
      if (random.uniform() < share) [words[index - 1], words[index]] = [words[index]!, words[index - 1]!];
    }
    return words;
  },
};

/** Runs each strategy, with its probability, on each text. */
export class ConfigurableAugmenter extends AugmenterPort<Settings> {
  static readonly configuration = configuration;
  readonly #random = new Random(this.seed);

  override augment(texts: readonly string[]): string[] {
    return texts.map((text) => {
      const words = this.config.strategies.reduce(
        (words, strategy) => this.#run(strategy, words),
        text.split(" "),
      );
      return words.join(" ");
    });
  }

  #run({ type, probability, share }: Strategy, words: string[]): string[] {
    return this.#random.uniform() < probability ? STRATEGIES[type](words, share, this.#random) : words;
  }
}

/**
 * The template of an augmenter.
 *
 * @module
 */
import type { PluginNames } from "../plugin_names.ts";
import type { Template } from "./template.ts";

/** An augmenter that changes one pair of words. */
export function augmenterTemplate({ plugin, file, className }: PluginNames): Template {
  return {
    description: "Makes other texts of the same meaning, by letting two neighbouring words change places",
    performance: "Time and memory are O(characters of the texts). It knows no words, so nothing is loaded.",
    manifest: `configuration:
  min_words:
    type: int
    default: 3
    min: 2
    description: Texts of fewer words stay as they are

events:
  emits:
    - augmenter.started
    - augmenter.completed
`,
    source: `/**
 * An augmenter: lets two neighbouring words of a text change places.
 *
 * @module
 */
import {
  type AugmentContext,
  type AugmenterConfig,
  AugmenterPort,
  defineConfiguration,
  type InferSettings,
  type Random,
} from "k-bert/sdk";

/** The same as in plugin.yaml, for the compiler; when the plugin is loaded, the two are compared. */
const configuration = defineConfiguration({
  min_words: { type: "int", default: 3, min: 2 },
});

type Settings = AugmenterConfig & InferSettings<typeof configuration>;

/** As many texts as it is given, in the same order, some of them changed. */
export class ${className} extends AugmenterPort<Settings> {
  static readonly configuration = configuration;

  /** Which texts are changed, how often and with which random numbers, \`augmentEach\` decides by the settings. */
  override augment(texts: readonly string[], context?: AugmentContext): Promise<string[]> {
    return this.augmentEach(texts, context, (text, random) => this.#swapped(text, random));
  }

  /** The same random numbers make the same text, so that a training can be repeated. */
  #swapped(text: string, random: Random): string {
    const words = text.split(" ");
    if (words.length < this.config.min_words) return text;
    const at = random.below(words.length - 1);
    [words[at], words[at + 1]] = [words[at + 1]!, words[at]!];
    return words.join(" ");
  }
}
`,
    test: `import { assertEquals, assertNotEquals } from "@std/assert";
import { AugmenterConfig } from "k-bert/sdk";
import { pluginTest } from "k-bert/sdk/testing";
import { ${className} } from "./${file}.ts";

const settings = { augmentation_probability: 1, min_words: 3 };
const config = AugmenterConfig({ name: "${plugin}", ...settings });
const TEXTS = ["one two three four", "ham and eggs", "too short"];
const SEEDS = [1, 2, 3];

pluginTest("${className} swaps words, leaves short texts, and tells what it did", async (test) => {
  const augmenter = new ${className}(config, test.eventBus);

  const texts = await augmenter.augment(TEXTS);

  assertNotEquals(texts, TEXTS);
  const sorted = (text: string): string => text.split(" ").sort().join(" ");
  assertEquals(texts.map(sorted), TEXTS.map(sorted));
  assertEquals(texts[2], "too short");
  test.assertEventEmitted("augmenter.completed", { output_count: 3, augmented_count: 2 });
});

pluginTest("${className} makes the same text of the same seed, whatever is around it", async (test) => {
  const augmenter = new ${className}(config, test.eventBus);
  const { signal } = new AbortController();

  const together = await augmenter.augment(TEXTS, { signal, seeds: SEEDS });
  const [alone] = await augmenter.augment([TEXTS[1]!], { signal, seeds: [SEEDS[1]!] });

  assertEquals(alone, together[1]);
});

pluginTest("${className} does the same in a worker", async (test) => {
  const { signal } = new AbortController();
  const expected = await new ${className}(config, test.eventBus).augment(TEXTS, { signal, seeds: SEEDS });

  const texts = await test.withPlugin(import.meta.dirname!, { port: "augmenter", settings }, (plugin) => {
    return plugin.methods().augment(TEXTS, { seeds: SEEDS });
  });

  assertEquals(texts, expected);
});
`,
  };
}

/**
 * The template of a plugin of no particular kind.
 *
 * @module
 */
import type { PluginNames } from "../plugin_names.ts";
import type { Template } from "./template.ts";

/** A plugin with a method, a setting and a topic of its own. */
export function pluginTemplate({ plugin, file, className }: PluginNames): Template {
  return {
    description: "Counts the words of texts",
    performance: "Time is O(characters of the text); what is kept is one number.",
    manifest: `configuration:
  min_length:
    type: int
    default: 1
    min: 1
    description: Words of fewer characters are not counted

events:
  emits:
    - ${file}.counted
`,
    source: `/**
 * A plugin of no particular kind: whoever starts it calls its methods by their names.
 *
 * @module
 */
import {
  defineConfiguration,
  type EventBus,
  type InferSettings,
  type PluginConfig,
  PluginPort,
  type RuntimeEvents,
} from "k-bert/sdk";

/** The same as in plugin.yaml, for the compiler; when the plugin is loaded, the two are compared. */
const configuration = defineConfiguration({
  min_length: { type: "int", default: 1, min: 1 },
});

type Settings = PluginConfig & InferSettings<typeof configuration>;

/** Topics of its own, with their payloads; they stand in plugin.yaml too. */
export interface OwnEvents {
  "${file}.counted": { words: number };
}

/** Counts words. */
export class ${className} extends PluginPort<Settings, RuntimeEvents & OwnEvents> {
  static readonly configuration = configuration;
  #total = 0;

  constructor(config: Settings, eventBus?: EventBus<RuntimeEvents & OwnEvents>) {
    super(config, eventBus);
  }

  /** Public methods can be called by the host; what begins with \`#\` or \`_\` cannot. */
  async count(text: string): Promise<number> {
    const words = text.split(/\\s+/).filter((word) => word.length >= this.config.min_length).length;
    this.#total += words;
    await this.eventBus.emit("${file}.counted", { words });
    return words;
  }

  /** Of all texts until now. */
  total(): number {
    return this.#total;
  }

  /** What other code goes on with when the plugin is reloaded. */
  override captureState(): unknown {
    return this.#total;
  }

  override restoreState(state: unknown): void {
    this.#total = Number(state);
  }
}
`,
    test: `import { assertEquals } from "@std/assert";
import { PluginConfig } from "k-bert/sdk";
import { pluginTest } from "k-bert/sdk/testing";
import { ${className}, type OwnEvents } from "./${file}.ts";

const config = PluginConfig({ name: "${plugin}", min_length: 3 });

pluginTest<OwnEvents>("${className} counts words that are long enough, and tells how many", async (test) => {
  const plugin = new ${className}(config, test.eventBus);

  assertEquals(await plugin.count("a spoon in  the soup"), 3);

  test.assertEventEmitted("${file}.counted", { words: 3 });
});

pluginTest<OwnEvents>("${className} counts in a worker, too", async (test) => {
  const settings = { min_length: 3 };

  const total = await test.withPlugin(import.meta.dirname!, { settings }, async (plugin) => {
    await plugin.call("count", ["a spoon in the soup"]);
    return await plugin.call("total", []);
  });

  assertEquals(total, 3);
  test.assertEventEmitted("${file}.counted", { words: 3 });
});
`,
  };
}

/**
 * The guide's resource-managed plugin: what is acquired in `initialize` is released by itself.
 *
 * @module
 */
import { type Logger, type PluginConfig, PluginPort } from "k-bert/sdk";

/** Settings; see plugin.yaml. */
interface Settings extends PluginConfig {
  readonly words: readonly string[];
}

/** Counts words. */
export class ResourceManagedPlugin extends PluginPort<Settings> {
  #cache: Cache | undefined;
  #model: Model | undefined;

  /** What `use()` is given is released last first, after `deactivate` and also if the rest of this fails. */
  override async initialize(): Promise<void> {
    this.#cache = this.use(new Cache(this.logger));
    this.#model = this.use(await Model.load(this.config.words, this.logger));
  }

  processData(text: string): number {
    if (!this.#model || !this.#cache) throw new Error("The plugin is not initialized");
    const known = this.#cache.get(text) ?? this.#model.count(text);
    this.#cache.set(text, known);
    return known;
  }
}

/** Stands for something large that is read and has to be given back. */
class Model {
  readonly #words: Set<string>;
  readonly #logger: Logger;

  private constructor(words: readonly string[], logger: Logger) {
    this.#words = new Set(words);
    this.#logger = logger;
  }

  static async load(words: readonly string[], logger: Logger): Promise<Model> {
    await Promise.resolve(); // where a real one would be read
    if (words.length === 0) throw new RangeError("A model without words is of no use");
    return new Model(words, logger);
  }

  count(text: string): number {
    return text.split(/\s+/).filter((word) => this.#words.has(word)).length;
  }

  async close(): Promise<void> {
    await Promise.resolve();
    this.#logger.info("Closed the model");
  }
}

/** Any of the three forms is a resource: `close()`, `cleanup()`, or those of the language. */
class Cache extends Map<string, number> implements Disposable {
  readonly #logger: Logger;

  constructor(logger: Logger) {
    super();
    this.#logger = logger;
  }

  [Symbol.dispose](): void {
    this.clear();
    this.#logger.info("Cleared the cache");
  }
}

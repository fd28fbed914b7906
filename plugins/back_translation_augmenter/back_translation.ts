/**
 * Back translation: texts go to another language and come back in other words that mean the same.
 *
 * The translations are a server's (LibreTranslate), which the plugin reaches through the host, at exactly the
 * address that its manifest names and the user has granted. A training does not end because a translator does:
 * a text that cannot be translated stays as it is, and one warning for each call says how many did and why.
 *
 * Which texts are translated follows from their seeds; what they become, from the server. A run that is to be
 * repeated to the last bit needs the same server in the same health.
 *
 * @see Sennrich et al. 2016, https://arxiv.org/abs/1511.06709; Xie et al. 2020, https://arxiv.org/abs/1904.12848
 * @module
 */
import {
  type AugmentContext,
  type AugmenterConfig,
  AugmenterPort,
  type EventBus,
  inject,
  longestChange,
  Network,
  Random,
  splitWords,
} from "k-bert/sdk";
import { LibreTranslate } from "./libre_translate.ts";
import { LruCache } from "./lru_cache.ts";
import { PatientTranslator, REAL_CLOCK } from "./patient_translator.ts";

/** Settings; see plugin.yaml. */
export interface Settings extends AugmenterConfig {
  readonly source_language: string;
  readonly target_language: string;
  readonly endpoint: string;
  readonly api_key?: string;
  readonly batch_size: number;
  readonly timeout_ms: number;
  readonly budget_ms: number;
  readonly attempts: number;
  readonly base_ms: number;
  readonly longest_wait_ms: number;
  readonly failures_to_pause: number;
  readonly pause_ms: number;
  readonly cache_size: number;
}

/**
 * UTF-16 units of one request, so that even eight times as many, written as JSON, are less than the MiB that the
 * host sends. A longer text stays as it is.
 */
const MOST_UNITS = 2 ** 15;
/** UTF-16 units that are remembered, 32 MiB. */
const MOST_CACHED_UNITS = 2 ** 24;

/** What one call is about. */
interface Work {
  readonly deadline: number;
  readonly signal: AbortSignal | undefined;
  /** Texts that have been there and back. */
  readonly done: Map<string, string>;
}

/** Changes a share of the texts. */
export class BackTranslationAugmenter extends AugmenterPort<Settings> {
  readonly #translator: PatientTranslator;
  readonly #cache: LruCache;
  /** Texts that came without seeds. */
  #unseeded = 0;

  /** @throws {TypeError} if the endpoint is no http or https URL */
  constructor(config: Settings, eventBus?: EventBus, seed?: number, network = inject(Network)) {
    super(config, eventBus, seed);
    const { endpoint, api_key } = config;
    this.#translator = new PatientTranslator(new LibreTranslate(network, { endpoint, apiKey: api_key }), {
      attempts: config.attempts,
      timeoutMs: config.timeout_ms,
      baseMs: config.base_ms,
      longestWaitMs: config.longest_wait_ms,
      failuresToPause: config.failures_to_pause,
      pauseMs: config.pause_ms,
    });
    this.#cache = new LruCache({ size: config.cache_size, units: MOST_CACHED_UNITS });
  }

  /** @throws the signal's reason, and nothing else: texts that could not be translated stay */
  override async augment(texts: readonly string[], context?: AugmentContext): Promise<string[]> {
    const augmenter = this.constructor.name;
    const probability = this.config.augmentation_probability;
    await this.eventBus.emit("augmenter.started", { augmenter, input_count: texts.length, probability });
    const chosen = texts.map((_, index) => this.#random(context?.seeds?.[index]).uniform() < probability);
    const wanted = new Set(texts.filter((text, index) => chosen[index] && splitWords(text).words.length > 0));
    const done = await this.#backTranslate([...wanted], context?.signal);
    const augmented = texts.map((text, index) => chosen[index] ? done.get(text) ?? text : text);
    const augmented_count = augmented.filter((text, index) => text !== texts[index]).length;
    await this.eventBus.emit("augmenter.completed", {
      augmenter,
      output_count: texts.length,
      augmented_count,
    });
    return augmented;
  }

  #random(seed: number | undefined): Random {
    return seed === undefined ? Random.at(this.seed, this.#unseeded++) : new Random(seed);
  }

  /** Each text with what it became; those that stay are not there. */
  async #backTranslate(
    texts: readonly string[],
    signal: AbortSignal | undefined,
  ): Promise<ReadonlyMap<string, string>> {
    const work: Work = { deadline: REAL_CLOCK.now() + this.config.budget_ms, signal, done: new Map() };
    const asked = texts.filter((text) => !this.#recall(text, work));
    let reason: string | undefined;
    for (const batch of batchesOf(asked.filter(isShort), this.config.batch_size)) {
      try {
        await this.#thereAndBack(batch, work);
      } catch (error) {
        signal?.throwIfAborted();
        reason ??= (error as Error).message;
      }
    }
    this.#warn(asked.filter((text) => !work.done.has(text)).length, texts.length, reason);
    return work.done;
  }

  #warn(
    left: number,
    of: number,
    reason = "they or their translations are empty, too long or no Unicode",
  ): void {
    if (left === 0) return;
    const message = `${left} of ${of} texts could not be translated and stay as they are: ${reason}`;
    this.logger.warning(message, { texts: left, server: new URL(this.config.endpoint).host });
  }

  #recall(text: string, { done }: Work): boolean {
    const known = this.#cache.get(text);
    if (known !== undefined) done.set(text, known);
    return known !== undefined;
  }

  async #thereAndBack(texts: readonly string[], { deadline, signal, done }: Work): Promise<void> {
    const { source_language: source, target_language: target } = this.config;
    const options = { deadline, signal };
    const there = await this.#translator.translate(texts, { from: source, to: target, ...options });
    const pairs = texts.map((text, index) => ({ text, there: there[index]! }))
      .filter(({ text, there }) => isUsable(there, text));
    if (pairs.length === 0) return;
    const foreign = pairs.map(({ there }) => there);
    const back = await this.#translator.translate(foreign, { from: target, to: source, ...options });
    for (const [index, { text }] of pairs.entries()) {
      if (!isUsable(back[index]!, text)) continue;
      done.set(text, back[index]!);
      this.#cache.set(text, back[index]!);
    }
  }
}

/** Whether the host would take it in place of the text. */
function isUsable(translated: string, text: string): boolean {
  return translated.trim() !== "" && translated.isWellFormed() &&
    translated.length <= longestChange(text.length, 1);
}

function isShort(text: string): boolean {
  return text.length <= MOST_UNITS;
}

/** In their order, of at most so many texts and {@linkcode MOST_UNITS}. */
function batchesOf(texts: readonly string[], most: number): string[][] {
  const batches: string[][] = [];
  let units = 0;
  for (const text of texts) {
    const last = batches.at(-1);
    units += text.length;
    if (last && last.length < most && units <= MOST_UNITS) {
      last.push(text);
    } else {
      batches.push([text]);
      units = text.length;
    }
  }
  return batches;
}

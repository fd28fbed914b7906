/**
 * The augmenters of a run: texts in, other texts of the same meaning out, one plugin after the other.
 *
 * Seeds follow from the run's seed, the epoch and the example's place in the data, so a text becomes the same
 * whichever batch it is in and however often the run was interrupted.
 *
 * @module
 */
import { hash32 } from "../tensor/random.ts";
import type { WireValue } from "../wall/values.ts";
import { textsOf, type TrainingExample, withTexts } from "./examples.ts";
import type { FailureCounts, RunPlugin } from "./run_plugin.ts";

/** One call is given at most so many texts, so that it ends before its deadline. */
const MAX_CALL_TEXTS = 64;
/** And so many characters: a frame holds eight times as many of JSON, where a character takes six at most. */
const MAX_CALL_CHARACTERS = 2 ** 17;

/** An augmenter, and what becomes of texts that it fails with. */
export interface RunAugmenter {
  readonly plugin: RunPlugin;
  readonly onFailure: "identity" | "abort";
}

/** See the module's text. Owns none of the plugins. */
export class Augmentation {
  readonly #augmenters: readonly RunAugmenter[];
  readonly #seed: number;
  readonly #failures: FailureCounts;
  readonly #note: (line: string) => void;

  constructor(
    augmenters: readonly RunAugmenter[],
    seed: number,
    failures: FailureCounts,
    note: (line: string) => void,
  ) {
    this.#augmenters = augmenters;
    this.#seed = seed;
    this.#failures = failures;
    this.#note = note;
  }

  get isEmpty(): boolean {
    return this.#augmenters.length === 0;
  }

  /**
   * Other forms of examples.
   *
   * @param places of the examples in the data
   * @param round the epoch, or the number of the copy in an evaluation: another one gives other texts
   * @throws what an augmenter throws whose failure ends the run
   */
  async augment(
    examples: readonly TrainingExample[],
    places: readonly number[],
    round: string,
    signal: AbortSignal,
  ): Promise<TrainingExample[]> {
    const own = examples.map(textsOf);
    let texts = own.flat();
    for (const [index, augmenter] of this.#augmenters.entries()) {
      const seeds = examples.flatMap((_, at) =>
        own[at]!.map((_, part) => hash32(`${this.#seed} ${index} ${round} ${places[at]} ${part}`))
      );
      texts = await this.#change(augmenter, texts, seeds, signal);
    }
    let from = 0;
    return examples.map((example, at) => withTexts(example, texts.slice(from, from += own[at]!.length)));
  }

  async #change(
    { plugin, onFailure }: RunAugmenter,
    texts: string[],
    seeds: number[],
    signal: AbortSignal,
  ): Promise<string[]> {
    const changed: string[] = [];
    for (const end of callEnds(texts)) {
      const [from, to] = [changed.length, end];
      changed.push(
        ...await this.#call({ plugin, onFailure }, texts.slice(from, to), seeds.slice(from, to), signal),
      );
    }
    return changed;
  }

  async #call(
    { plugin, onFailure }: RunAugmenter,
    texts: string[],
    seeds: number[],
    signal: AbortSignal,
  ): Promise<string[]> {
    try {
      return await plugin.call("augment", [texts, { seeds }] as WireValue[], { signal }) as string[];
    } catch (error) {
      if (signal.aborted) throw error;
      const kind = this.#failures.count(plugin.name, error);
      if (onFailure === "abort") throw error;
      if (this.#failures.table[plugin.name]![kind] === 1) {
        this.#note(
          `The augmenter ${plugin.name} failed, and its texts stay as they are: ${(error as Error).message}`,
        );
      }
      return texts;
    }
  }
}

/** Where each call's texts end. A text that is too long for a call is alone in it, and fails alone. */
function callEnds(texts: readonly string[]): number[] {
  const ends: number[] = [];
  let [count, characters] = [0, 0];
  for (const [index, { length }] of texts.entries()) {
    if (count > 0 && (count === MAX_CALL_TEXTS || characters + length > MAX_CALL_CHARACTERS)) {
      ends.push(index);
      [count, characters] = [0, 0];
    }
    count++;
    characters += length;
  }
  return texts.length > 0 ? [...ends, texts.length] : [];
}

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
import { type FailureCounts, FailureNotes, type RunPlugin } from "./run_plugin.ts";

/** One call is given at most so many texts, so that it ends before its deadline. */
const MAX_CALL_TEXTS = 64;
/** And so many characters: a frame holds eight times as many of JSON, where a character takes six at most. */
const MAX_CALL_CHARACTERS = 2 ** 17;

/** An augmenter, and what becomes of texts that it fails with. */
export interface RunAugmenter {
  readonly plugin: RunPlugin;
  readonly onFailure: "identity" | "abort";
}

/** What examples are augmented for. */
export interface AugmentRound {
  /** The epoch, or the copy of an evaluation: another one gives other texts. */
  readonly name: string;
  /** Counts the failures that the run lives with. */
  readonly failures: FailureCounts;
  readonly signal: AbortSignal;
}

/** See the module's text. Owns none of the plugins. */
export class Augmentation {
  readonly #augmenters: readonly RunAugmenter[];
  readonly #seed: number;
  readonly #notes: FailureNotes;

  constructor(augmenters: readonly RunAugmenter[], seed: number, note: (line: string) => void) {
    this.#augmenters = augmenters;
    this.#seed = seed;
    this.#notes = new FailureNotes(note);
  }

  get isEmpty(): boolean {
    return this.#augmenters.length === 0;
  }

  /**
   * Other forms of examples.
   *
   * @param places of the examples in the data
   * @throws what an augmenter throws whose failure ends the run
   */
  async augment(
    examples: readonly TrainingExample[],
    places: readonly number[],
    round: AugmentRound,
  ): Promise<TrainingExample[]> {
    const own = examples.map(textsOf);
    let texts = own.flat();
    for (const [index, augmenter] of this.#augmenters.entries()) {
      const seeds = examples.flatMap((_, at) =>
        own[at]!.map((_, part) => hash32(`${this.#seed} ${index} ${round.name} ${places[at]} ${part}`))
      );
      texts = await this.#change(augmenter, texts, seeds, round);
    }
    let from = 0;
    return examples.map((example, at) => withTexts(example, texts.slice(from, from += own[at]!.length)));
  }

  async #change(
    augmenter: RunAugmenter,
    texts: readonly string[],
    seeds: readonly number[],
    round: AugmentRound,
  ): Promise<string[]> {
    const changed: string[] = [];
    for (const end of callEnds(texts)) {
      const [part, own] = [texts.slice(changed.length, end), seeds.slice(changed.length, end)];
      changed.push(...await this.#call(augmenter, part, own, round));
    }
    return changed;
  }

  async #call(
    { plugin, onFailure }: RunAugmenter,
    texts: readonly string[],
    seeds: readonly number[],
    { failures, signal }: AugmentRound,
  ): Promise<readonly string[]> {
    try {
      return await plugin.call("augment", [texts, { seeds }] as WireValue[], { signal }) as string[];
    } catch (error) {
      if (signal.aborted || onFailure === "abort") throw error;
      const kind = failures.count(plugin.name, error);
      const subject = `The augmenter ${plugin.name} failed, and its texts stay as they are`;
      this.#notes.tell(plugin.name, kind, subject, error);
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

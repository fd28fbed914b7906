/**
 * Looks synonyms up, in the capitals of the word that was asked for.
 *
 * Only words in the form of a dictionary are known: "car", not "cars" or "drove". A synonym would need the same
 * ending, and WordNet says neither which nouns have no plural ("luggage" for "bags") nor which verbs are
 * irregular. A wrong form would be a better hint to the label than the word itself.
 *
 * @module
 */

/** How a word is written, and how a synonym is to be: small, with a capital, in capitals. */
const WRITINGS: readonly [form: RegExp, write: (word: string) => string][] = [
  [/^\p{Ll}+$/u, (word) => word],
  [/^\p{Lu}\p{Ll}+$/u, (word) => word[0]!.toUpperCase() + word.slice(1)],
  [/^\p{Lu}{2,}$/u, (word) => word.toUpperCase()],
];

/**
 * Words and their synonyms.
 *
 * @example
 * ```ts
 * import { Thesaurus } from "./thesaurus.ts";
 * import { assertEquals } from "@std/assert";
 *
 * const thesaurus = new Thesaurus("car:auto,automobile", new Set());
 * assertEquals(thesaurus.synonymsOf("Car"), ["Auto", "Automobile"]);
 * ```
 */
export class Thesaurus {
  /** Word → its synonyms with commas between them; made a list when they are asked for, which few ever are. */
  readonly #synonyms = new Map<string, string>();
  readonly #stopWords: ReadonlySet<string>;

  /**
   * @param lines `word:synonym,synonym`, in small letters
   * @param stopWords neither replaced nor put in place of others
   */
  constructor(lines: string, stopWords: ReadonlySet<string>) {
    this.#stopWords = stopWords;
    for (const line of lines.split("\n")) {
      const [word, synonyms] = line.split(":");
      if (synonyms !== undefined && !stopWords.has(word!)) this.#synonyms.set(word!, synonyms);
    }
  }

  /** None for a word that it does not know, or that is written in another way, like "iPhone". */
  synonymsOf(word: string): string[] {
    const write = WRITINGS.find(([form]) => form.test(word))?.[1];
    const synonyms = write && this.#synonyms.get(word.toLowerCase());
    if (!write || synonyms === undefined) return [];
    return synonyms.split(",").filter((synonym) => !this.#stopWords.has(synonym)).map(write);
  }
}

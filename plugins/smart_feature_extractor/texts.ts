/**
 * What is counted in texts: how often a category comes, how long a text is, and how loud.
 *
 * @module
 */

/** Texts of a column, null where one is missing. */
export type Texts = readonly (string | null)[];

/**
 * Whether texts are names of categories: at most so many different ones, each of which comes twice on
 * average. Ten rows with ten different texts are ten texts, however few that is.
 *
 * @example
 * ```ts
 * import { areCategories } from "./texts.ts";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(areCategories(["Dream", "Biscoe", null, "Dream", "Biscoe"], 20), true);
 * assertEquals(areCategories(["You have won a prize", "Lunch at noon?"], 20), false);
 * ```
 */
export function areCategories(texts: Texts, most: number): boolean {
  const different = new Set<string>();
  let present = 0;
  for (const text of texts) {
    if (text === null) continue;
    present++;
    if (different.add(text).size > most) return false;
  }
  return 2 * different.size <= present;
}

/**
 * The share of each text among all that are there, from 0 to 1; null where one is missing.
 *
 * @example
 * ```ts
 * import { shares } from "./texts.ts";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(shares(["a", "b", null, "a", "a"]), [0.75, 0.25, null, 0.75, 0.75]);
 * ```
 */
export function shares(texts: Texts): (number | null)[] {
  const counts = new Map<string, number>();
  let present = 0;
  for (const text of texts) {
    if (text === null) continue;
    counts.set(text, (counts.get(text) ?? 0) + 1);
    present++;
  }
  return texts.map((text) => text === null ? null : counts.get(text)! / present);
}

/** Words between white space. */
export function wordCount(text: string): number {
  return text.match(/\S+/g)?.length ?? 0;
}

/** Share of the letters that are capitals; 0 if there are no letters. */
export function loudness(text: string): number {
  const letters = text.match(/\p{L}/gu)?.length ?? 0;
  return letters === 0 ? 0 : (text.match(/\p{Lu}/gu)?.length ?? 0) / letters;
}

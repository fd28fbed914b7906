/**
 * Splits texts into a training and a test part without letting near-copies of a test text into training.
 *
 * Mail, reviews and forum posts are full of texts that differ in a name or a date. If one copy is trained
 * on and another tested, the score measures memory. Near-copies are found by MinHash over word shingles
 * with locality-sensitive hashing, joined into groups, and a group goes to one side as a whole.
 *
 * @see Broder 1997, "On the resemblance and containment of documents"
 *
 * @module
 */
import { hash32, Random } from "../tensor/random.ts";

/** What is split: a text and the index of its label. */
export interface LabelledText {
  readonly text: string;
  readonly label: number;
}

/** How {@linkcode splitByGroups} divides. */
export interface SplitOptions {
  /** Share of the texts that become test texts, between 0 and 1. @default {0.2} */
  testShare?: number;
  /** Seed of the shuffle: the same seed and texts give the same split. @default {0} */
  seed?: number;
  /**
   * Whether near-copies stay on one side. Rows of a table that a template wrote are all near-copies of each other,
   * and examples of their own: divide those apart.
   * @default {"together"}
   */
  nearCopies?: "together" | "apart";
}

/** The two parts, in a shuffled order. */
export interface Split<Example extends LabelledText> {
  readonly train: Example[];
  readonly test: Example[];
  /** Groups of near-copies with more than one member. */
  readonly nearDuplicateGroups: number;
}

/** Hashes per text; with 4 rows a band, texts that share 60 % of their shingles meet with 94 % chance. */
const HASHES = 80;
const ROWS_PER_BAND = 4;
const WORDS_PER_SHINGLE = 3;

/**
 * A seeded split, stratified by label, that keeps near-duplicates on one side.
 *
 * @example Two copies of a text never end up on different sides
 * ```ts
 * import { splitByGroups } from "./split.ts";
 * import { assertEquals } from "../deps/assert.ts";
 *
 * const texts = ["win a big prize today ann", "win a big prize today ben", "lunch at noon", "see you"];
 * const { train, test } = splitByGroups(texts.map((text) => ({ text, label: 0 })), { testShare: 0.5 });
 * assertEquals(train.length + test.length, 4);
 * assertEquals(new Set(train.map((one) => one.text.includes("prize"))).size, 1);
 * ```
 */
export function splitByGroups<Example extends LabelledText>(
  examples: readonly Example[],
  { testShare = 0.2, seed = 0, nearCopies = "together" }: SplitOptions = {},
): Split<Example> {
  const groups = nearCopies === "together"
    ? groupNearDuplicates(examples.map((one) => one.text))
    : examples.map((_, index) => [index]);
  const wanted = new Map<number, number>();
  for (const { label } of examples) wanted.set(label, (wanted.get(label) ?? 0) + testShare);

  const train: Example[] = [];
  const test: Example[] = [];
  const random = new Random(seed);
  for (const group of random.shuffle([...groups])) {
    const members = group.map((index) => examples[index]!);
    // A group is as large as it is: it is tested only while its own label still lacks that many.
    const label = members[0]!.label;
    const missing = wanted.get(label) ?? 0;
    if (members.length <= Math.round(missing)) {
      wanted.set(label, missing - members.length);
      test.push(...members);
    } else train.push(...members);
  }
  return {
    train: random.shuffle(train),
    test: random.shuffle(test),
    nearDuplicateGroups: groups.filter((group) => group.length > 1).length,
  };
}

/** Indices of the texts, near-copies together; groups and members in order of appearance. */
export function groupNearDuplicates(texts: readonly string[]): number[][] {
  const parent = texts.map((_, index) => index);
  const root = (index: number): number => {
    while (parent[index] !== index) index = parent[index] = parent[parent[index]!]!;
    return index;
  };
  const buckets = new Map<string, number>();
  for (const [index, text] of texts.entries()) {
    const signature = minHash(text);
    for (let band = 0; band < HASHES / ROWS_PER_BAND; band++) {
      const rows = signature.subarray(band * ROWS_PER_BAND, (band + 1) * ROWS_PER_BAND);
      const key = `${band}:${rows.join()}`;
      const other = buckets.get(key);
      if (other === undefined) buckets.set(key, index);
      else parent[root(index)] = root(other);
    }
  }
  return [...Map.groupBy(texts.keys(), root).values()];
}

/** The smallest of {@linkcode HASHES} different hashes over all shingles of a text. */
function minHash(text: string): Uint32Array {
  const words = text.toLowerCase().match(/\p{L}+/gu) ?? [];
  const signature = new Uint32Array(HASHES).fill(0xffffffff);
  const last = Math.max(0, words.length - WORDS_PER_SHINGLE);
  for (let start = 0; start <= last; start++) {
    const base = hash32(words.slice(start, start + WORDS_PER_SHINGLE).join(" "));
    for (let index = 0; index < HASHES; index++) {
      const value = (Math.imul(base, MULTIPLIERS[index]!) + ADDENDS[index]!) >>> 0;
      if (value < signature[index]!) signature[index] = value;
    }
  }
  return signature;
}

// Odd multipliers are bijections on 32 bits, so each pair orders the shingles in its own way.
const MULTIPLIERS = Uint32Array.from({ length: HASHES }, (_, index) => hash32(`multiply ${index}`) | 1);
const ADDENDS = Uint32Array.from({ length: HASHES }, (_, index) => hash32(`add ${index}`));

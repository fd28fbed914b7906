/**
 * Reads the files of a WordNet database: senses by lemma, and what of each sense a synonym needs to know.
 *
 * Part of the build, never of the plugin: the formats are those of WordNet's manual pages wndb(5WN) and
 * senseidx(5WN).
 *
 * @see Miller 1995, "WordNet: A Lexical Database for English"
 * @see https://wordnet.princeton.edu/documentation/wndb5wn
 * @module
 */

/** The files that are read, by their names. */
export const WORDNET_FILES = ["data.noun", "data.verb", "data.adj", "data.adv", "index.sense"] as const;

/** Their texts. */
export type WordNetFiles = Readonly<Record<typeof WORDNET_FILES[number], string>>;

/** The parts of speech. Adjective satellites are adjectives. */
export type PartOfSpeech = "n" | "v" | "a" | "r";

/** One meaning, and the lemmas that have it. */
export interface Synset {
  readonly partOfSpeech: PartOfSpeech;
  /** As WordNet writes them: `_` for blanks, capitals in names. */
  readonly lemmas: readonly string[];
  /** Of its lexicographer's file; 18 holds nouns that denote people. */
  readonly file: number;
  readonly gloss: string;
  /** `;u`: the lemma (all of them for 0) is used in a way that another synset names, such as slang. */
  readonly usages: readonly { readonly lemma: number; readonly synset: string }[];
}

/** One meaning of one lemma. */
export interface Sense {
  readonly synset: Synset;
  /** 1 is the one that WordNet's authors found the most frequent. */
  readonly number: number;
  /** How often the lemma has this meaning in WordNet's tagged texts. */
  readonly tagCount: number;
}

/** What the files say. */
export interface WordNet {
  /** By `n00001740`: part of speech and offset. */
  readonly synsets: ReadonlyMap<string, Synset>;
  /** By lemma in small letters. */
  readonly senses: ReadonlyMap<string, readonly Sense[]>;
}

const DATA_FILES = { "data.noun": "n", "data.verb": "v", "data.adj": "a", "data.adv": "r" } as const;
const SENSE_TYPES: Readonly<Record<string, PartOfSpeech>> = { 1: "n", 2: "v", 3: "a", 4: "r", 5: "a" };

/**
 * Takes about a second for all of WordNet.
 *
 * @throws {Error} for a sense without a synset: then the files do not belong together
 * @example
 * ```ts
 * import { readWordNet } from "./wordnet.ts";
 * import { assertEquals } from "@std/assert";
 *
 * const { senses } = readWordNet({
 *   "data.noun": "00000001 06 n 02 car 0 motor_car 0 000 | a machine on wheels",
 *   ...{ "data.verb": "", "data.adj": "", "data.adv": "" },
 *   "index.sense": "car%1:06:00:: 00000001 1 7",
 * });
 * const [sense] = senses.get("car")!;
 * assertEquals([sense?.tagCount, sense?.synset.lemmas], [7, ["car", "motor_car"]]);
 * ```
 */
export function readWordNet(files: WordNetFiles): WordNet {
  const synsets = new Map<string, Synset>();
  for (const [file, partOfSpeech] of Object.entries(DATA_FILES)) {
    for (const line of files[file as keyof typeof DATA_FILES].split("\n")) {
      if (!/^\d{8} /.test(line)) continue; // the licence
      synsets.set(partOfSpeech + line.slice(0, 8), synsetOf(line, partOfSpeech));
    }
  }
  const senses = new Map<string, Sense[]>();
  for (const line of files["index.sense"].split("\n")) {
    const [, lemma, type, offset, number, tagCount] = /^(.+)%(\d)\S* (\d{8}) (\d+) (\d+)/.exec(line) ?? [];
    if (lemma === undefined) continue;
    const synset = synsets.get(`${SENSE_TYPES[type!]}${offset}`);
    if (synset === undefined) throw new Error(`Cannot find the synset ${offset} of ${lemma}`);
    const sense = { synset, number: Number(number), tagCount: Number(tagCount) };
    senses.set(lemma, [...senses.get(lemma) ?? [], sense]);
  }
  return { synsets, senses };
}

/** `offset file type count (lemma id)… pointers… | gloss`; the count is hexadecimal. */
function synsetOf(line: string, partOfSpeech: PartOfSpeech): Synset {
  const [data, gloss = ""] = line.split(" | ");
  const [, file, , count, ...fields] = data!.split(" ");
  const lemmas = Array.from({ length: parseInt(count!, 16) }, (_, index) => fields[2 * index]!);
  const pointers = fields.slice(2 * lemmas.length).join(" ");
  return {
    partOfSpeech,
    lemmas: lemmas.map((lemma) => lemma.replace(/\(\w+\)$/, "")), // where an adjective may stand
    file: Number(file),
    gloss,
    usages: [...pointers.matchAll(/;u (\d{8}) ([nvar]) ([0-9a-f]{2})/g)].map(([, offset, part, lemma]) => ({
      lemma: parseInt(lemma!, 16),
      synset: part! + offset,
    })),
  };
}

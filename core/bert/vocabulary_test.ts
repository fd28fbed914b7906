import { assert, assertEquals, assertGreater, assertNotEquals } from "../deps/assert.ts";
import { learnVocabulary, SPECIAL_TOKENS, splitWords } from "./vocabulary.ts";

Deno.test("splitWords() is BERT's basic tokenization", async (t) => {
  const cases: [string, string, string[]][] = [
    ["case", "FREE Money", ["free", "money"]],
    ["white space", " a\tb\n\u00a0c ", ["a", "b", "c"]],
    ["punctuation", "you've won $100!!", ["you", "'", "ve", "won", "$", "100", "!", "!"]],
    ["symbols", "a=b+c", ["a", "=", "b", "+", "c"]],
    ["accents", "Café naïve ÅNGSTRÖM", ["cafe", "naive", "angstrom"]],
    ["accents that are composed already or not", "é e\u0301", ["e", "e"]],
    ["other scripts", "Ελλάδα москва", ["ελλαδα", "москва"]],
    ["nothing", "", []],
    ["nothing but blanks", " \n", []],
  ];
  for (const [name, text, words] of cases) {
    await t.step(name, () => assertEquals(splitWords(text), words));
  }
});

Deno.test("learnVocabulary() begins with the special tokens, then the alphabet, then its continuations", () => {
  const vocabulary = learnVocabulary(["bab", "ab"], { size: 20, minFrequency: 99 });

  // b occurs three times, a twice.
  assertEquals(vocabulary, [...SPECIAL_TOKENS, "b", "a", "##b", "##a"]);
});

Deno.test("learnVocabulary() joins the most frequent neighbours first, as worked out by hand", () => {
  // Pairs at first: h ##u 15, ##u ##g 20, ##u ##n 16, p ##u 17, b ##u 4, ##g ##s 5.
  const texts = [repeat("hug", 10), repeat("pug", 5), repeat("pun", 12), repeat("bun", 4), repeat("hugs", 5)];

  const vocabulary = learnVocabulary(texts, { size: 100, minFrequency: 4 });

  const joined = vocabulary.slice(SPECIAL_TOKENS.length + 2 * 7);
  // ##ug 20; then ##un 16; then hug 15; then pun 12; then, with 5 each and in the order of the text: hugs, pug; bun 4.
  assertEquals(joined, ["##ug", "##un", "hug", "pun", "hugs", "pug", "bun"]);
});

Deno.test("learnVocabulary() agrees with a trainer that counts everything anew before each join", async (t) => {
  const random = (seed: number): () => number => () => (seed = seed * 48_271 % 2_147_483_647) / 2_147_483_647;
  for (const seed of [1, 2, 3]) {
    await t.step(`seed ${seed}`, () => {
      const next = random(seed);
      const word = (): string =>
        Array.from({ length: 1 + Math.floor(next() * 7) }, () => "abcd"[Math.floor(next() * 4)]).join("");
      const texts = Array.from({ length: 80 }, () => Array.from({ length: 5 }, word).join(" "));

      const vocabulary = learnVocabulary(texts, { size: 90, minFrequency: 2 });

      assertEquals(vocabulary, slowVocabulary(texts, 90, 2));
    });
  }
});

Deno.test("learnVocabulary() has no more tokens than its size, and no token twice", async (t) => {
  const texts = ["the quick brown fox jumps over the lazy dog ".repeat(9)];
  for (const size of [5, 20, 60, 64, 70, 1_000]) {
    await t.step(`size ${size}`, () => {
      const vocabulary = learnVocabulary(texts, { size, minFrequency: 2 });

      assert(vocabulary.length <= size);
      assertEquals(new Set(vocabulary).size, vocabulary.length);
      assertEquals(vocabulary.slice(0, 5), [...SPECIAL_TOKENS]);
    });
  }
});

Deno.test("learnVocabulary() keeps the most frequent characters only, and joins no word that has others", () => {
  const vocabulary = learnVocabulary([repeat("aab", 9), repeat("aaz", 5)], {
    size: 50,
    minFrequency: 2,
    maxCharacters: 2,
  });

  assert(vocabulary.includes("aab"));
  assertEquals(vocabulary.filter((token) => token.includes("z")), []);
});

Deno.test("learnVocabulary() joins no pair that is rarer than minFrequency", () => {
  const texts = [repeat("ab", 5), repeat("cd", 4)];

  const vocabulary = learnVocabulary(texts, { size: 50, minFrequency: 5 });

  assertEquals([vocabulary.includes("ab"), vocabulary.includes("cd")], [true, false]);
});

Deno.test("learnVocabulary() leaves out words that are no words", () => {
  const long = "x".repeat(41);

  const vocabulary = learnVocabulary([repeat(long, 9), repeat("ab", 9)], { size: 50 });

  assertEquals(vocabulary, [...SPECIAL_TOKENS, "a", "b", "##a", "##b", "ab"]);
});

Deno.test("learnVocabulary() gives the same tokens for the same texts", () => {
  const texts = ["one two three two three three", "four four"];

  const vocabulary = learnVocabulary(texts, { minFrequency: 1 });

  assertEquals(learnVocabulary([...texts], { minFrequency: 1 }), vocabulary);
  assertNotEquals(learnVocabulary(["five"], { minFrequency: 1 }), vocabulary);
  assertGreater(vocabulary.length, 20);
});

Deno.test("learnVocabulary() of nothing is the special tokens", () => {
  assertEquals(learnVocabulary([]), [...SPECIAL_TOKENS]);
  assertEquals(learnVocabulary(["", " \n"]), [...SPECIAL_TOKENS]);
});

function repeat(word: string, times: number): string {
  return `${word} `.repeat(times);
}

/** The same algorithm in the plainest form: no index, no heap. */
function slowVocabulary(texts: readonly string[], size: number, minFrequency: number): string[] {
  const words = texts.flatMap(splitWords).map((word) => [...word]);
  const frequencies = countOf(words.flat());
  const alphabet = [...frequencies.keys()].sort((a, b) =>
    frequencies.get(b)! - frequencies.get(a)! || (a < b ? -1 : 1)
  );
  const tokens = [...SPECIAL_TOKENS, ...alphabet, ...alphabet.map((character) => `##${character}`)];
  const pieces = words.map(([first, ...others]) => [first!, ...others.map((one) => `##${one}`)]);
  while (tokens.length < size) {
    const pairs = countOf(
      pieces.flatMap((word) => word.slice(1).map((one, index) => `${word[index]} ${one}`)),
    );
    const [best] = [...pairs].sort(([a, x], [b, y]) => y - x || (a < b ? -1 : 1));
    if (best === undefined || best[1] < minFrequency) break;
    const [left, right] = best[0].split(" ") as [string, string];
    const joined = left + right.slice(2);
    for (const word of pieces) {
      for (let at = 0; at + 1 < word.length; at++) {
        if (word[at] === left && word[at + 1] === right) word.splice(at, 2, joined);
      }
    }
    if (!tokens.includes(joined)) tokens.push(joined);
  }
  return tokens;
}

function countOf(items: readonly string[]): Map<string, number> {
  const counts = new Map<string, number>();
  for (const item of items) counts.set(item, (counts.get(item) ?? 0) + 1);
  return counts;
}

import { assert, assertAlmostEquals, assertEquals, assertLessOrEqual } from "@std/assert";
import { joinWords, Random, splitWords } from "k-bert/sdk";
import { deleteWords, insertWords, type Operation, swapWords } from "./operations.ts";

const TEXT = "The quick, brown fox 😀 jumps (over) the lazy dog\nand cafe\u0301s!";

function run(operation: Operation, text: string, alpha: number, seed = 1, room = 10_000): string {
  return joinWords(operation(splitWords(text), { alpha, random: new Random(seed), room }));
}

/** What is left of a text without its letters, digits and blanks. */
function signsOf(text: string): string {
  return text.replace(/[\p{L}\p{N}\p{M}\s]/gu, "");
}

Deno.test("swapWords() moves words and leaves what is between them", () => {
  const { words, separators } = splitWords(TEXT);

  for (let seed = 0; seed < 50; seed++) {
    const swapped = splitWords(run(swapWords, TEXT, 0.3, seed));

    assertEquals(swapped.words.toSorted(), words.toSorted());
    assertEquals(swapped.separators, separators);
  }
});

Deno.test("swapWords() of two words exchanges them, and of a small share only two words", () => {
  assertEquals(run(swapWords, "Hello, world!", 0.1), "world, Hello!");
  const { words } = splitWords(TEXT);

  const swapped = splitWords(run(swapWords, TEXT, 0.1, 3)).words;

  assertEquals(swapped.filter((word, index) => word !== words[index]).length, 2);
});

Deno.test("deleteWords() keeps the order, the signs and one blank between words", () => {
  for (let seed = 0; seed < 50; seed++) {
    const left = run(deleteWords, TEXT, 0.4, seed);

    let from = 0;
    for (const word of splitWords(left).words) {
      const at = TEXT.indexOf(word, from);
      assert(at >= 0, left);
      from = at + word.length;
    }
    assertEquals(signsOf(left), signsOf(TEXT));
    assert(!/ {2}|^\s|\s$/.test(left), left);
  }
});

Deno.test("deleteWords() deletes the share of words that it is told", () => {
  const text = Array.from({ length: 2_000 }, (_, index) => `w${index}`).join(" ");

  const left = splitWords(run(deleteWords, text, 0.1)).words.length;

  // 1,800 on average; the deviation of a binomial of 2,000 is 13.4, so this is five of them.
  assertAlmostEquals(left, 1_800, 67);
});

Deno.test("deleteWords() of all words leaves one, each with the same chance", () => {
  const counts = new Map<string, number>();
  for (let seed = 0; seed < 900; seed++) {
    const left = run(deleteWords, "ham, spam eggs!", 1, seed).replace(/\W/g, "");
    counts.set(left, (counts.get(left) ?? 0) + 1);
  }

  assertEquals([...counts.keys()].sort(), ["eggs", "ham", "spam"]);
  // 300 on average, and five deviations of a binomial of 900.
  for (const count of counts.values()) assertAlmostEquals(count, 300, 71);
});

Deno.test("insertWords() adds copies of the text's own words, as many as its share, and nothing else", () => {
  const { words } = splitWords(TEXT);
  for (let seed = 0; seed < 50; seed++) {
    const text = run(insertWords, TEXT, 0.3, seed);

    const now = splitWords(text).words;
    assertEquals(now.length, words.length + 3); // 0.3 of eleven
    assert(new Set(now).isSubsetOf(new Set(words)));
    let found = 0;
    for (const word of now) if (word === words[found]) found++;
    assertEquals(found, words.length, "the words of the text in their order");
    assertEquals(signsOf(text), signsOf(TEXT));
    assert(!/ {2}|^\s|\s$/.test(text), text);
  }
});

Deno.test("insertWords() can come before the first word and after the last, within the text's outer signs", () => {
  const texts = new Set(
    Array.from({ length: 60 }, (_, seed) => run(insertWords, "(ham, eggs)", 0.1, seed)),
  );

  assertEquals(
    texts,
    new Set([
      ...["(ham ham, eggs)", "(eggs ham, eggs)", "(ham, ham eggs)", "(ham, eggs eggs)"],
      ...["(ham, eggs ham)"],
    ]),
  );
});

Deno.test("insertWords() puts no blanks into a script that has none", () => {
  for (let seed = 0; seed < 20; seed++) {
    const text = run(insertWords, "我爱北京。", 0.3, seed);

    assert(!text.includes(" ") && text.length > 5 && text.endsWith("。"), text);
  }
});

Deno.test("insertWords() stops where there is no more room", () => {
  const text = `a b c ${"long".repeat(50)}`;

  for (let seed = 0; seed < 50; seed++) {
    assertLessOrEqual(run(insertWords, text, 1, seed, 100).length, text.length + 100);
  }
});

for (const [name, operation] of Object.entries({ swapWords, deleteWords, insertWords })) {
  Deno.test(`${name}() is the same for the same seed, another for others, and cuts no sign in half`, () => {
    const text = "👩🏽‍🚀 née cafe\u0301 😀😀 naïve 世界 e\u0301te\u0301 😀";
    const made = Array.from({ length: 40 }, (_, seed) => run(operation, text, 0.4, seed));

    assertEquals(made, Array.from({ length: 40 }, (_, seed) => run(operation, text, 0.4, seed)));
    assert(new Set(made).size > 10);
    const graphemes = new Set(graphemesOf(text));
    for (const one of made) assert(new Set(graphemesOf(one)).isSubsetOf(graphemes), one);
  });
}

function graphemesOf(text: string): string[] {
  return [...new Intl.Segmenter("en").segment(text)].map(({ segment }) => segment);
}

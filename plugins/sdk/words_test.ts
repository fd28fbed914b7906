import { assert, assertEquals, assertLessOrEqual } from "../../core/deps/assert.ts";
import { fc } from "../../tests/deps/fast_check.ts";
import { joinWords, longestChange, splitWords } from "./words.ts";

const units = ["grapheme", "binary"] as const;

for (const unit of units) {
  Deno.test(`joinWords() of splitWords() is the same text, of any ${unit} text`, () => {
    fc.assert(
      fc.property(fc.string({ unit, maxLength: 60 }), (text) => {
        const split = splitWords(text);

        assertEquals(joinWords(split), text);
        assertEquals(split.separators.length, split.words.length + 1);
      }),
      { seed: 1, numRuns: 500 },
    );
  });
}

Deno.test("splitWords() gives words that are well-formed, not empty, and hold a letter or a digit", () => {
  const parts = fc.constantFrom(
    "ham",
    "né",
    "e\u0301",
    "😀",
    "👩🏽‍🚀",
    "🇩🇪",
    "1.5",
    "世界",
    "ไทย",
    " ",
    "\n",
    "-",
    "'",
    ",",
  );

  fc.assert(
    fc.property(fc.array(parts, { maxLength: 20 }), (list) => {
      const { words, separators } = splitWords(list.join(""));

      for (const word of words) assert(word.isWellFormed() && /[\p{L}\p{N}]/u.test(word), word);
      for (const separator of separators) assert(!/[\p{L}\p{N}]/u.test(separator), separator);
    }),
    { seed: 1, numRuns: 500 },
  );
});

Deno.test("splitWords() keeps marks with their letters, and leaves emoji whole between words", () => {
  const cases: [text: string, words: string[], separators: string[]][] = [
    ["", [], [""]],
    [" \n", [], [" \n"]],
    ["😀👩🏽‍🚀", [], ["😀👩🏽‍🚀"]],
    ["cafe\u0301 noir", ["cafe\u0301", "noir"], ["", " ", ""]],
    ["great😀day", ["great", "day"], ["", "😀", ""]],
    ["the e-mail (free)", ["the", "e", "mail", "free"], ["", " ", "-", " (", ")"]],
    ["a [MASK]ed [mask]", ["a", "[MASK]", "ed", "mask"], ["", " ", "", " [", "]"]],
    ["我爱北京", ["我", "爱", "北京"], ["", "", "", ""]],
  ];

  for (const [text, words, separators] of cases) assertEquals(splitWords(text), { words, separators });
});

Deno.test("splitWords() finds no words in a text with half a character", () => {
  assertEquals(splitWords("ham \ud83d spam"), { words: [], separators: ["ham \ud83d spam"] });
});

Deno.test("longestChange() lets no number of changes grow a text beyond what the host takes", () => {
  fc.assert(
    fc.property(fc.nat(5_000), fc.integer({ min: 1, max: 40 }), (length, changes) => {
      let grown = length;
      for (let change = 0; change < changes; change++) grown = longestChange(grown, changes);

      assertLessOrEqual(grown, 8 * length + 1_024);
    }),
    { seed: 1 },
  );
});

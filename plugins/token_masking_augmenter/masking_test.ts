import { assert, assertAlmostEquals, assertEquals, assertLessOrEqual } from "@std/assert";
import { Random, splitWords } from "k-bert/sdk";
import { maskWords } from "./masking.ts";

const TEXT = "The quick, brown fox 😀 jumps (over) the lazy dog\nand cafe\u0301s!";

function mask(text: string, maskShare: number, more: Partial<Parameters<typeof maskWords>[1]> = {}): string {
  const always = { maskToken: "[MASK]", maskShare, randomShare: 0, keepShare: 0, room: 10_000 };
  return maskWords(text, { ...always, random: new Random(1), ...more });
}

/** How many masks a text has. */
function masksIn(text: string): number {
  return text.split("[MASK]").length - 1;
}

Deno.test("maskWords() hides the share of the words that it is told, at least one, and never the last", () => {
  // The text has eleven words: a share of 0.3 is 3.3 of them.
  for (const [share, masks] of [[0.01, 1], [0.15, 2], [0.3, 3], [1, 10]] as const) {
    for (let seed = 0; seed < 20; seed++) {
      assertEquals(masksIn(mask(TEXT, share, { random: new Random(seed) })), masks, `share ${share}`);
    }
  }
  assertEquals(["", "ham", " ham!", "[MASK] ham"].map((text) => mask(text, 1)), [
    ...["", "ham", " ham!", "[MASK] ham"],
  ]);
});

Deno.test("maskWords() leaves everything else of the text as it was", () => {
  for (let seed = 0; seed < 50; seed++) {
    const masked = mask(TEXT, 0.4, { random: new Random(seed) });

    // Each mask stands for one word: the text is found by a pattern that has a word for each.
    const pattern = masked.split("[MASK]").map(RegExp.escape).join(String.raw`[\p{L}\p{M}]+`);
    assert(new RegExp(`^${pattern}$`, "u").test(TEXT), masked);
  }
});

Deno.test("maskWords() masks 80 of 100 chosen words, replaces 10 by words of the text and keeps 10", () => {
  const words = Array.from({ length: 10_000 }, (_, index) => `w${index}`);
  const text = words.join(" ");

  const masked = mask(text, 0.15, { randomShare: 0.1, keepShare: 0.1, room: 1e6 }).split(" ");

  const others = masked.filter((word, index) => word !== "[MASK]" && word !== words[index]);
  // Of 1,500 chosen words; five deviations of a binomial are 77 and 58. A word drawn is itself once in 10,000.
  assertAlmostEquals(masked.filter((word) => word === "[MASK]").length, 1_200, 77);
  assertAlmostEquals(others.length, 150, 58);
  assert(new Set(others).isSubsetOf(new Set(words)));
});

Deno.test("maskWords() chooses every word with the same chance", () => {
  const words = ["ham", "spam", "eggs", "soup", "salt"];
  const counts = words.map(() => 0);
  for (let seed = 0; seed < 5_000; seed++) {
    const masked = mask(words.join(" "), 0.2, { random: new Random(seed) }).split(" ");
    counts[masked.indexOf("[MASK]")]!++;
  }

  // 1,000 on average; five deviations of a binomial of 5,000 are 141.
  for (const count of counts) assertAlmostEquals(count, 1_000, 141);
});

Deno.test("maskWords() never masks a mask again, whatever it looks like", () => {
  for (const maskToken of ["[MASK]", "<mask>", "MASK", "_"]) {
    let text = TEXT;
    for (let round = 0; round < 30; round++) {
      text = mask(text, 0.15, { maskToken, random: new Random(round) });
    }

    const rest = text.replaceAll(maskToken, " ");
    assertEquals(splitWords(rest).words.length, 1, text);
    assertEquals(rest.replace(/[\p{L}\p{M}\s]/gu, ""), TEXT.replace(/[\p{L}\p{M}\s]/gu, ""));
  }
});

Deno.test("maskWords() masks no more than there is room for", () => {
  const text = Array(100).fill("a").join(" ");

  const masked = mask(text, 1, { room: 52 });

  assertLessOrEqual(masked.length, text.length + 52);
  assertEquals(masksIn(masked), 10); // each adds five
});

Deno.test("maskWords() cuts no sign in half", () => {
  const text = "👩🏽‍🚀 née cafe\u0301 😀😀 naïve 世界 e\u0301te\u0301";
  const graphemes = new Set(graphemesOf(`${text}[MASK]`));
  for (let seed = 0; seed < 50; seed++) {
    const masked = mask(text, 0.5, { randomShare: 0.5, random: new Random(seed) });

    assert(new Set(graphemesOf(masked)).isSubsetOf(graphemes), masked);
  }
  assertEquals(mask("ham [MASK] \ud83d spam eggs", 0.5), "ham [MASK] \ud83d spam eggs");
});

function graphemesOf(text: string): string[] {
  return [...new Intl.Segmenter("en").segment(text)].map(({ segment }) => segment);
}

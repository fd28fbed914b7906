import { assert, assertAlmostEquals, assertEquals, assertLessOrEqual } from "@std/assert";
import { Random } from "k-bert/sdk";
import { replaceWords } from "./replacement.ts";
import { Thesaurus } from "./thesaurus.ts";

const thesaurus = new Thesaurus("car:auto,machine\nfast:quick\nbig:large\nred:crimson", new Set());

function replace(text: string, share: number, seed = 1, room = 1_000): string {
  return replaceWords(text, { thesaurus, share, random: new Random(seed), room });
}

Deno.test("replaceWords() keeps capitals, signs and whatever it does not know", () => {
  assertEquals(
    replace("The BIG, 'Red' 😀 cafe\u0301…\n(fast!)", 1),
    "The LARGE, 'Crimson' 😀 cafe\u0301…\n(quick!)",
  );
  for (const text of ["", " ", "spoon", "👩🏽‍🚀", "cars faster", "big \ud83d red"]) {
    assertEquals(replace(text, 1), text);
  }
});

Deno.test("replaceWords() replaces the share of all words that it is told, at least one", () => {
  const text = Array(10).fill("red big x y").join(" "); // 40 words, 20 of them with synonyms
  const changed = (share: number): number => {
    const before = text.split(" ");
    return replace(text, share).split(" ").filter((word, index) => word !== before[index]).length;
  };

  assertEquals([0.01, 0.1, 0.25, 0.5, 1].map(changed), [1, 4, 10, 20, 20]);
});

Deno.test("replaceWords() draws words and synonyms with the same chance", () => {
  const counts = new Map<string, number>();
  for (let seed = 0; seed < 1_800; seed++) {
    const text = replace("big red car", 0.1, seed);
    counts.set(text, (counts.get(text) ?? 0) + 1);
  }

  // 600 for a word and 300 for each of two synonyms; five deviations of a binomial of 1,800.
  const expected = {
    "large red car": 600,
    "big crimson car": 600,
    "big red auto": 300,
    "big red machine": 300,
  };
  assertEquals([...counts.keys()].sort(), Object.keys(expected).sort());
  for (const [text, count] of Object.entries(expected)) {
    assertAlmostEquals(counts.get(text)!, count, 100, text);
  }
});

Deno.test("replaceWords() leaves parts of addresses and compounds alone", () => {
  for (const text of ["http://www.big.com/car", "big-hearted", "a red/fast thing", "car@red.org"]) {
    assertEquals(replace(text, 1), text);
  }
  assertEquals(replace("big.", 1), "large.");
});

Deno.test("replaceWords() takes no synonym that does not go with the article before it", () => {
  for (let seed = 0; seed < 30; seed++) {
    assertEquals(replace("A car", 1, seed), "A machine");
    assert(replace("the car", 1, seed) !== "the car");
  }
});

Deno.test("replaceWords() replaces nothing that there is no room for", () => {
  const text = Array(20).fill("red").join(" ");

  const replaced = replace(text, 1, 1, 9);

  assertLessOrEqual(replaced.length, text.length + 9);
  assertEquals(replaced.split("crimson").length - 1, 2); // each adds four
});

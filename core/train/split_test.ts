import { assert, assertAlmostEquals, assertEquals, assertGreater, assertNotEquals } from "../deps/assert.ts";
import { Random } from "../tensor/random.ts";
import { groupNearDuplicates, type LabelledText, splitByGroups } from "./split.ts";

Deno.test("splitByGroups() has every text on exactly one side", () => {
  const examples = corpus(300);

  const { train, test } = splitByGroups(examples, { testShare: 0.3, seed: 4 });

  assertEquals([...train, ...test].map(textOf).sort(), examples.map(textOf).sort());
});

Deno.test("splitByGroups() gives the test part its share of every label", async (t) => {
  // 3 of 4 texts have the label 0: a share of all texts alone could leave out label 1.
  const examples = corpus(1_000, (index) => index % 4 === 0 ? 1 : 0);
  for (const testShare of [0.1, 0.2, 0.5]) {
    for (const seed of [0, 1, 2]) {
      await t.step(`share ${testShare}, seed ${seed}`, () => {
        const { test } = splitByGroups(examples, { testShare, seed });

        for (const label of [0, 1]) {
          const of = (part: readonly LabelledText[]): number =>
            part.filter((one) => one.label === label).length;
          assertAlmostEquals(of(test) / of(examples), testShare, 0.02);
        }
      });
    }
  }
});

Deno.test("splitByGroups() keeps near-copies on one side", async (t) => {
  const random = new Random(2);
  const bodies = corpus(60).map(textOf);
  // Four copies of each of 60 letters, to other people and with another number at the end.
  const examples = bodies.flatMap((body, letter) =>
    ["ann", "ben", "cleo", "dan"].map((name) => ({
      text: `Dear ${name}, ${body} order ${random.below(1e6)}`,
      label: letter % 2,
      letter,
    }))
  );
  for (const seed of [0, 1, 2, 3]) {
    await t.step(`seed ${seed}`, () => {
      const { train, test, nearDuplicateGroups } = splitByGroups(examples, { testShare: 0.25, seed });

      const trained = new Set(train.map(({ letter }) => letter));
      assertEquals(test.filter(({ letter }) => trained.has(letter)), []);
      assertEquals(nearDuplicateGroups, 60);
      assertAlmostEquals(test.length / examples.length, 0.25, 0.02);
    });
  }
});

Deno.test("splitByGroups() is the same for the same seed, and another one for another", () => {
  const examples = corpus(100);

  const one = splitByGroups(examples, { seed: 1 });

  assertEquals(splitByGroups(examples, { seed: 1 }), one);
  assertNotEquals(splitByGroups(examples, { seed: 2 }).test, one.test);
});

Deno.test("splitByGroups() gives the split that a seed has always given", () => {
  const examples = Array.from({ length: 12 }, (_, index) => ({
    text: `${WORDS[index]} ${WORDS[index + 12]} ${WORDS[index + 24]}`,
    label: index % 2,
  }));
  const indexOf = (one: LabelledText): number => examples.findIndex((other) => other.text === one.text);

  // A resumed run finds its texts again only if these never change.
  assertEquals(splitByGroups(examples, { testShare: 0.25, seed: 0 }).test.map(indexOf), [11, 4, 8, 5]);
  assertEquals(splitByGroups(examples, { testShare: 0.25, seed: 1 }).test.map(indexOf), [7, 9, 0, 2]);
});

Deno.test("splitByGroups() hands out the examples themselves, with whatever else they have", () => {
  const examples = corpus(20).map((one, index) => ({ ...one, file: `${index}.eml` }));

  const { train, test } = splitByGroups(examples);

  assert([...train, ...test].every((one) => examples.includes(one)));
});

Deno.test("splitByGroups() takes no texts, and one", () => {
  assertEquals(splitByGroups([]), { train: [], test: [], nearDuplicateGroups: 0 });
  assertEquals(splitByGroups([{ text: "a", label: 0 }]).train.length, 1);
});

Deno.test("groupNearDuplicates() joins what differs in case, numbers and punctuation", () => {
  const texts = ["Win a BIG prize, today!", "lunch at noon with the others", "win 1 a big prize today", ""];

  const groups = groupNearDuplicates(texts);

  assertEquals(groups, [[0, 2], [1], [3]]);
});

Deno.test("groupNearDuplicates() finds texts that share most of their shingles, and few that share none", () => {
  const texts = corpus(400).map(textOf);
  const copies = texts.map((text) => text.split(" ").toSpliced(20, 1, "changed").join(" "));

  const groups = groupNearDuplicates([...texts, ...copies]);

  const pairs = groups.filter((group) => group.length === 2 && group[1] === group[0]! + texts.length);
  assertGreater(pairs.length, 0.98 * texts.length);
});

/** Texts of 40 words that have nothing to do with each other. */
function corpus(count: number, labelOf = (index: number): number => index % 2): LabelledText[] {
  const random = new Random(1);
  return Array.from({ length: count }, (_, index) => ({
    text: Array.from({ length: 40 }, () => WORDS[random.below(WORDS.length)]).join(" "),
    label: labelOf(index),
  }));
}

function textOf({ text }: LabelledText): string {
  return text;
}

/** 676 "words": aax, abx, … */
const WORDS = Array.from(
  { length: 676 },
  (_, index) => String.fromCharCode(97 + Math.floor(index / 26), 97 + index % 26, 120),
);

Deno.test("splitByGroups() divides the rows that a template wrote, if near-copies may go apart", () => {
  const rows = Array.from({ length: 100 }, (_, index) => ({
    text: `island: ${index % 2 === 0 ? "Dream" : "Biscoe"}, bill length: ${index}, body mass: low, sex: male`,
    label: Number(index % 4 === 0),
  }));

  const together = splitByGroups(rows, { testShare: 0.2, seed: 3 });
  const apart = splitByGroups(rows, { testShare: 0.2, seed: 3, nearCopies: "apart" });

  assertEquals([together.test.length, apart.test.length, apart.nearDuplicateGroups], [0, 20, 0]);
  assertEquals(apart.test.filter(({ label }) => label === 1).length, 5); // as many of each label as there are
  assertEquals(new Set([...apart.train, ...apart.test].map(({ text }) => text)).size, 100);
});

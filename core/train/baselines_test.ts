import { assertAlmostEquals, assertEquals, assertThrows } from "../deps/assert.ts";
import { KBertError } from "../wall/errors.ts";
import { majorityBaseline, NaiveBayes, naiveBayesBaseline } from "./baselines.ts";

/** Table 13.1 of Manning, Raghavan and Schütze 2008; label 1 is "about China". */
const BOOK = [
  { text: "Chinese Beijing Chinese", label: 1 },
  { text: "Chinese Chinese Shanghai", label: 1 },
  { text: "Chinese Macao", label: 1 },
  { text: "Tokyo Japan Chinese", label: 0 },
];

Deno.test("NaiveBayes.logProbabilities() gives the numbers of the textbook's example 13.1", () => {
  const model = new NaiveBayes(BOOK, 2);

  const [other, china] = model.logProbabilities("Chinese Chinese Chinese Tokyo Japan").map(Math.exp);

  // P(c|d5) ∝ 3/4 (3/7)^3 1/14 1/14 ≈ 0.0003 and P(not c|d5) ∝ 1/4 (2/9)^3 2/9 2/9 ≈ 0.0001
  assertAlmostEquals(china!, 3 / 4 * (3 / 7) ** 3 / 14 / 14, 1e-15);
  assertAlmostEquals(other!, 1 / 4 * (2 / 9) ** 5, 1e-15);
  assertEquals([china!.toFixed(4), other!.toFixed(4)], ["0.0003", "0.0001"]);
});

Deno.test("NaiveBayes.logProbabilities() skips words that training never saw", () => {
  const model = new NaiveBayes(BOOK, 2);

  assertEquals(model.logProbabilities("Chinese Osaka Kyoto"), model.logProbabilities("Chinese"));
  assertEquals(model.logProbabilities(""), [Math.log(1 / 4), Math.log(3 / 4)]);
});

Deno.test("NaiveBayes takes words with apostrophes whole, and ! $ % as words, whatever the case", () => {
  const model = new NaiveBayes([{ text: "DON'T", label: 0 }, { text: "$100% now!", label: 1 }], 2);

  assertEquals(model.predict("don't"), 0);
  for (const sign of ["!", "$", "%", "100", "NOW"]) assertEquals(model.predict(sign), 1);
  assertEquals(model.logProbabilities("don"), model.logProbabilities("")); // not a part of "don't"
});

Deno.test("NaiveBayes counts a word that is named like a member of every object", () => {
  const model = new NaiveBayes([{ text: "constructor __proto__", label: 1 }, { text: "lunch", label: 0 }], 2);

  assertEquals(model.predict("constructor"), 1);
  assertEquals(model.predict("toString"), 0); // unknown, so only the equal priors speak: the first wins
});

Deno.test("NaiveBayes never predicts a class that it saw no text of", () => {
  const model = new NaiveBayes(BOOK, 3);

  assertEquals(model.logProbabilities("Tokyo")[2], -Infinity);
});

Deno.test("naiveBayesBaseline() scores the predictions for the test texts", () => {
  const test = [{ text: "Chinese Beijing", label: 1 }, { text: "Tokyo Japan", label: 0 }, {
    text: "Japan Tokyo Japan",
    label: 1,
  }];

  const { accuracy, precision, recall, matrix } = naiveBayesBaseline(BOOK, test, 2);

  assertEquals([accuracy, precision, recall], [2 / 3, 1, 1 / 2]);
  assertEquals(matrix, [[1, 0], [1, 1]]);
});

Deno.test("majorityBaseline() always gives the most frequent training label", () => {
  const test = [{ text: "a", label: 0 }, { text: "b", label: 1 }, { text: "c", label: 1 }];

  assertEquals(majorityBaseline(BOOK, test, 2).matrix, [[0, 1], [0, 2]]);
});

Deno.test("majorityBaseline() and NaiveBayes refuse to train on nothing and on a label that is no class", () => {
  for (const train of [[], [{ text: "a", label: 2 }], [{ text: "a", label: -1 }]]) {
    assertEquals(assertThrows(() => majorityBaseline(train, [], 2), KBertError).code, "input/invalid");
    assertEquals(assertThrows(() => new NaiveBayes(train, 2), KBertError).code, "input/invalid");
  }
});

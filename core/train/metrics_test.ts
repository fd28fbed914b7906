import { assertAlmostEquals, assertEquals, assertThrows } from "../deps/assert.ts";
import { KBertError } from "../wall/errors.ts";
import { classificationScores, confusionMatrix, formatConfusionMatrix } from "./metrics.ts";

Deno.test("confusionMatrix() counts the truth in rows and the predictions in columns", () => {
  const labels = [0, 0, 0, 1, 1, 2];
  const predictions = [0, 0, 1, 1, 0, 1];

  assertEquals(confusionMatrix(labels, predictions, 3), [[2, 1, 0], [1, 1, 0], [0, 1, 0]]);
});

Deno.test("confusionMatrix() refuses lists of different lengths", () => {
  const error = assertThrows(() => confusionMatrix([0, 1], [0], 2), KBertError);

  assertEquals(error.code, "input/invalid");
  assertEquals(error.detail, { name: "predictions", limit: 2, value: 1 });
});

Deno.test("confusionMatrix() refuses a prediction that is no class", () => {
  for (const wrong of [2, -1, 0.5, NaN]) {
    const error = assertThrows(() => confusionMatrix([0], [wrong], 2), KBertError, "from 0 to 1");
    assertEquals(error.code, "input/invalid");
  }
});

Deno.test("classificationScores() of two classes are those of the positive class", () => {
  // 100 texts: 90 ham of which 4 were called spam, 10 spam of which 8 were found.
  const matrix = [[86, 4], [2, 8]];

  const { accuracy, precision, recall, f1 } = classificationScores(matrix);

  assertAlmostEquals(accuracy, 94 / 100, 1e-12);
  assertAlmostEquals(precision, 8 / 12, 1e-12);
  assertAlmostEquals(recall, 8 / 10, 1e-12);
  assertAlmostEquals(f1, 8 / 11, 1e-12); // 2 * (2/3 * 4/5) / (2/3 + 4/5) = (16/15) / (22/15)
});

Deno.test("classificationScores() takes another positive class", () => {
  const { precision, recall } = classificationScores([[86, 4], [2, 8]], 0);

  assertAlmostEquals(precision, 86 / 88, 1e-12);
  assertAlmostEquals(recall, 86 / 90, 1e-12);
});

Deno.test("classificationScores() of three classes are means over the classes", () => {
  // Precisions 2/3, 1/3, 0 (never said); recalls 2/3, 1/2, 0; F1 4/6, 2/5, 0.
  const { accuracy, precision, recall, f1 } = classificationScores([[2, 1, 0], [1, 1, 0], [0, 1, 0]]);

  assertAlmostEquals(accuracy, 3 / 6, 1e-12);
  assertAlmostEquals(precision, 1 / 3, 1e-12);
  assertAlmostEquals(recall, 7 / 18, 1e-12);
  assertAlmostEquals(f1, (4 / 6 + 2 / 5) / 3, 1e-12);
});

Deno.test("classificationScores() give 0 where nothing can be divided", () => {
  const neverSaid = classificationScores([[3, 0], [2, 0]]);
  assertEquals([neverSaid.precision, neverSaid.recall, neverSaid.f1], [0, 0, 0]);

  const empty = classificationScores([[0, 0], [0, 0]]);
  assertEquals([empty.accuracy, empty.precision, empty.recall, empty.f1], [0, 0, 0, 0]);
});

Deno.test("classificationScores() refuse a positive class that does not exist", () => {
  assertThrows(() => classificationScores([[1, 0], [0, 1]], 2), KBertError, "positive class of 2");
});

Deno.test("formatConfusionMatrix() lines the columns up and names a nameless class by its number", () => {
  const text = formatConfusionMatrix([[10_000, 2], [3, 4]], ["a label longer than the corner"]);

  assertEquals(text.split("\n"), [
    "is \\ said                       a label longer than the corner  1",
    "a label longer than the corner                           10000  2",
    "1                                                            3  4",
  ]);
});

import { assertAlmostEquals, assertEquals } from "../deps/assert.ts";
import { IGNORED, type Task } from "../manifest/task.ts";
import { Random } from "../tensor/random.ts";
import type { Example } from "./examples.ts";
import { countRight, decisionOf, taskScores } from "./task_scores.ts";

function example(label: Example["label"], tokens = 3): Example {
  return { ids: new Int32Array(tokens), truncated: 0, label };
}

const of = (...numbers: number[]): Float32Array => Float32Array.from(numbers);

Deno.test("decisionOf() reads the logits of each task", () => {
  assertEquals(decisionOf("classification", of(0.1, 2, 0.3), 3), 1);
  assertEquals(decisionOf("ordinal", of(3, 1, -2, -4), 5), 2);
  assertEquals(decisionOf("multilabel", of(3, -1, 0), 3), of(1, 0, 0));
  assertEquals(decisionOf("regression", of(2.5), 1), of(2.5));
  assertEquals([decisionOf("ranking", of(2, 1), 1), decisionOf("ranking", of(1, 1), 1)], [0, 1]);
  assertEquals(decisionOf("tagging", of(0, 1, 5, 2), 2), Int32Array.of(1, 0));
});

Deno.test("countRight() counts words of a tagging, examples of other tasks, and nothing of a regression", () => {
  const count = (task: Task, logits: Float32Array[], examples: Example[], labels: number): number[] =>
    Object.values(countRight(task, logits, examples, labels));

  assertEquals(count("classification", [of(1, 0), of(1, 0)], [example(0), example(1)], 2), [1, 2]);
  assertEquals(count("multilabel", [of(1, -1), of(1, 1)], [example(of(1, 0)), example(of(1, 0))], 2), [1, 2]);
  assertEquals(count("ranking", [of(1, 0), of(0, 1), of(1, 1)], [example(0), example(0), example(0)], 1), [
    1,
    3,
  ]);
  const tags = example(Int32Array.of(IGNORED, 1, 0, IGNORED));
  assertEquals(count("tagging", [of(9, 0, 0, 9, 0, 9, 0, 9)], [tags], 2), [1, 2]);
  assertEquals(count("regression", [of(1)], [example(of(1))], 1), [0, 0]);
});

Deno.test("taskScores() of a multilabel task are those of scikit-learn's formulas, written out", () => {
  const truth = [[1, 0, 1], [0, 1, 0], [1, 1, 0], [0, 0, 0]];
  const said = [[1, 0, 0], [0, 1, 1], [1, 1, 0], [0, 0, 0]];
  const logits = said.map((row) => Float32Array.from(row, (one) => one ? 2 : -2));

  const scores = taskScores("multilabel", logits, truth.map((row) => example(of(...row))), ["a", "b", "c"]);

  // True positives 4 of 5 that are and 5 that were said; per label 2/2/2, 2/2/2, 0/1/1.
  assertAlmostEquals(scores["accuracy"]!, 2 / 4);
  assertAlmostEquals(scores["precision"]!, 4 / 5);
  assertAlmostEquals(scores["recall"]!, 4 / 5);
  assertAlmostEquals(scores["f1"]!, 2 * 4 / (5 + 5));
  assertAlmostEquals(scores["macro_f1"]!, (1 + 1 + 0) / 3);
});

Deno.test("taskScores() of a regression are mean errors and the share of the variance, in float64", () => {
  const random = new Random(4);
  const truth = Array.from({ length: 40 }, () => Math.fround(random.normal() * 3 + 10));
  const said = truth.map((value) => Math.fround(value + random.normal()));

  const scores = taskScores("regression", said.map((one) => of(one)), truth.map((one) => example(of(one))), [
    "stars",
  ]);

  let [absolute, squares, mean] = [0, 0, 0];
  for (const value of truth) mean += value / truth.length;
  for (const [index, value] of truth.entries()) {
    absolute += Math.abs(value - said[index]!) / truth.length;
    squares += (value - said[index]!) ** 2;
  }
  const variance = truth.reduce((sum, value) => sum + (value - mean) ** 2, 0);
  assertAlmostEquals(scores["mae"]!, absolute, 1e-12);
  assertAlmostEquals(scores["rmse"]!, Math.sqrt(squares / truth.length), 1e-12);
  assertAlmostEquals(scores["r2"]!, 1 - squares / variance, 1e-12);
});

Deno.test("taskScores() of several values take the variance of each", () => {
  // Perfect but for the second value, which is always its mean: half of what could be explained is not.
  const truth = [[1, 100], [2, 300]];
  const said = [[1, 200], [2, 200]];
  const scores = taskScores(
    "regression",
    said.map((row) => of(...row)),
    truth.map((row) => example(of(...row))),
    [
      ...["small", "large"],
    ],
  );

  assertAlmostEquals(scores["r2"]!, 1 - 20_000 / (0.5 + 20_000), 1e-12);
});

Deno.test("taskScores() of an ordinal task weigh mistakes by their squares", () => {
  const truth = [0, 1, 2, 3, 3, 0];
  const said = [0, 1, 3, 3, 2, 1];
  const logits = said.map((rank) => of(...[1, 2, 3].map((step) => rank >= step ? 1 : -1)));

  const scores = taskScores("ordinal", logits, truth.map((rank) => example(rank)), ["a", "b", "c", "d"]);

  // Observed: three mistakes by one rank. Expected from the counts (2,1,1,2) and (1,2,1,2), over 6:
  const [are, were] = [[2, 1, 1, 2], [1, 2, 1, 2]];
  let expected = 0;
  are!.forEach((a, i) => were!.forEach((b, j) => expected += a * b / 6 * (i - j) ** 2));
  assertAlmostEquals(scores["accuracy"]!, 3 / 6);
  assertAlmostEquals(scores["mae"]!, 3 / 6);
  assertAlmostEquals(scores["kappa"]!, 1 - 3 / expected, 1e-12);
});

Deno.test("taskScores() of a tagging know spans where the tags are of that form", () => {
  const labels = ["O", "B-PER", "I-PER"];
  const logitsOf = (tags: number[]): Float32Array =>
    of(...tags.flatMap((tag) => labels.map((_, at) => at === tag ? 1 : 0)));
  const truth = example(Int32Array.of(IGNORED, 1, 2, 0, 1, IGNORED));

  const spans = taskScores("tagging", [logitsOf([0, 1, 0, 0, 1, 0])], [truth], labels);
  const plain = taskScores("tagging", [logitsOf([0, 1, 0, 0, 1, 0])], [truth], ["none", "first", "rest"]);

  assertEquals([spans["accuracy"], spans["span_f1"]], [3 / 4, 0.5]);
  assertEquals([plain["accuracy"], plain["span_f1"]], [3 / 4, undefined]);
});

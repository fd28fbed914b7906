import { assert, assertEquals, assertRejects, assertStringIncludes, assertThrows } from "../deps/assert.ts";
import { BertTokenizer } from "../bert/tokenizer.ts";
import { SPECIAL_TOKENS } from "../bert/vocabulary.ts";
import type { Task } from "../manifest/task.ts";
import { KBertError } from "../wall/errors.ts";
import { checkExamples, encodeExample, type Example, tokenize, type TrainingExample } from "./examples.ts";

const LABELS = ["ham", "spam"];

Deno.test("checkExamples() takes texts with labels that there are", () => {
  checkExamples([{ text: "a", label: 0 }, { text: " b", label: 1 }], LABELS, "test");
});

Deno.test("checkExamples() names the first bad text, counted from 1", async (t) => {
  const good = { text: "a", label: 0 };
  const cases: [string, { text: string; label: number }[], string][] = [
    ["none", [], "There are no training texts; give at least one"],
    ["empty", [good, { text: "", label: 0 }], "The training text 2 is empty; leave empty texts out"],
    ["blank", [{ text: "\u00a0\n ", label: 0 }, good], "The training text 1 is empty"],
    [
      "too large",
      [good, good, { text: "a", label: 2 }],
      "text 3 has the label 2, expected 0 to 1 (ham, spam)",
    ],
    ["negative", [{ text: "a", label: -1 }], "text 1 has the label -1, expected 0 to 1"],
    ["not whole", [{ text: "a", label: 0.5 }], "text 1 has the label 0.5, expected 0 to 1"],
    ["NaN", [{ text: "a", label: NaN }], "text 1 has the label NaN, expected 0 to 1"],
  ];
  for (const [name, examples, message] of cases) {
    await t.step(name, () => {
      const error = assertThrows(() => checkExamples(examples, LABELS, "training"), KBertError, message);

      assertEquals(error.code, "input/invalid");
    });
  }
});

Deno.test("tokenize() keeps order and labels and counts the texts that were cut", async () => {
  const tokenizer = new BertTokenizer([...SPECIAL_TOKENS, "a", "b"], { maxLength: 8 });
  const texts = [{ text: "a b", label: 1 }, { text: "a ".repeat(6), label: 0 }, {
    text: "b ".repeat(7),
    label: 1,
  }];

  const { examples, truncated } = await tokenize(texts, tokenizer, new AbortController().signal);

  assertEquals(truncated, 1);
  assertEquals(examples.map(({ label, truncated }) => [label, truncated]), [[1, 0], [0, 0], [1, 1]]);
  assertEquals(examples.map(({ ids }) => [...ids]), [
    [2, 5, 6, 3],
    [2, 5, 5, 5, 5, 5, 5, 3],
    [2, 6, 6, 6, 6, 6, 6, 3],
  ]);
});

Deno.test("tokenize() throws the signal's reason, also when it comes while it is at work", async () => {
  const tokenizer = new BertTokenizer([...SPECIAL_TOKENS, "a"], { maxLength: 8 });
  const texts = Array.from({ length: 2_000 }, () => ({ text: "a", label: 0 }));
  const controller = new AbortController();
  const reason = new Error("enough");

  const working = tokenize(texts, tokenizer, controller.signal);
  const timer = setTimeout(() => controller.abort(reason)); // runs between two turns

  const error = await assertRejects(() => working, Error);
  clearTimeout(timer);
  assert(error === reason);
});

Deno.test("checkExamples() says of each task what is wrong with an example, and which one", async (t) => {
  const cases: [task: Task, example: object, reason: string][] = [
    [
      "classification",
      { words: ["a"], tags: [0] },
      "has no text; for classification each takes text and label",
    ],
    ["multilabel", { text: "a", label: 0 }, "has no labels; for multilabel each takes text and labels"],
    ["multilabel", { text: "a", labels: [0, 2] }, "has the label 2, expected 0 to 1 (ham, spam)"],
    ["regression", { text: "a", values: [1] }, "has the values 1, expected 2 finite ones (ham, spam)"],
    ["regression", { text: "a", values: [1, NaN] }, "has the values 1, NaN, expected 2 finite ones"],
    ["ordinal", { text: "a", label: 2 }, "has the label 2, expected 0 to 1 (ham, spam)"],
    ["ranking", { text: "a" }, "has no lower; for ranking each takes text and lower"],
    ["ranking", { text: "a", lower: " " }, "is empty; leave empty texts out"],
    ["tagging", { words: ["a", "b"], tags: [0] }, "has 1 tags for 2 words; give one for each"],
    ["tagging", { words: ["a", " "], tags: [0, 0] }, "has no words, or an empty one; leave it out"],
    ["tagging", { words: [], tags: [] }, "has no words, or an empty one; leave it out"],
    ["tagging", { words: ["a"], tags: [-1] }, "has the label -1, expected 0 to 1"],
  ];
  for (const [task, example, reason] of cases) {
    await t.step(`${task}: ${reason.split(";")[0]}`, () => {
      const check = (): void => checkExamples([example as TrainingExample], LABELS, "training", task);
      const error = assertThrows(check, KBertError);
      assertEquals(error.code, "input/invalid");
      assertStringIncludes(error.message, `The training text 1 ${reason}`);
    });
  }
});

Deno.test("encodeExample() gives the first token of each word its tag, and leaves out whole words that do not fit", () => {
  const tokenizer = new BertTokenizer([...SPECIAL_TOKENS, "free", "##dom", "now"], {
    maxLength: 8,
    buckets: [8],
  });
  const encode = (words: string[]): Example =>
    encodeExample({ words, tags: words.map((_, index) => index) }, tokenizer, 9);

  const short = encode(["Freedom", "now", "\u200d"]);
  const long = encode(["now", "freedom", "freedom", "freedom", "now"]);

  assertEquals([...short.ids], [2, 5, 6, 7, 1, 3]);
  assertEquals([...short.label as Int32Array], [-1, 0, -1, 1, 2, -1]);
  assertEquals([...long.ids], [2, 7, 5, 6, 5, 6, 3]);
  assertEquals([[...long.label as Int32Array], long.truncated], [[-1, 0, 1, -1, 2, -1, -1], 3]);
});

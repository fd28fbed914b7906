import { assert, assertEquals, assertRejects, assertThrows } from "../deps/assert.ts";
import { BertTokenizer } from "../bert/tokenizer.ts";
import { SPECIAL_TOKENS } from "../bert/vocabulary.ts";
import { KBertError } from "../wall/errors.ts";
import { checkExamples, tokenize } from "./examples.ts";

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

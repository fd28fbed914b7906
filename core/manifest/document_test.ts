import { assert, assertEquals, assertStringIncludes, assertThrows } from "../deps/assert.ts";
import { z } from "../deps/zod.ts";
import { KBertError } from "../wall/errors.ts";
import { DOCUMENT_LIMITS, parseDocument } from "./document.ts";

const SCHEMA = z.strictObject({
  name: z.string().regex(/^\w+$/, "a name of letters"),
  training: z.strictObject({
    epochs: z.int().min(1).default(3),
    learningRate: z.number().gt(0).lt(1).default(1e-3),
    optimizer: z.enum(["adam", "sgd"]).default("adam"),
  }).prefault({}),
  buckets: z.array(z.int()).min(1).optional(),
  tags: z.record(z.string().regex(/^[a-z]+$/, "a key of small letters"), z.string()).optional(),
  seed: z.union([z.int(), z.literal("random")]).optional(),
});

function refusal(text: string): KBertError<"document/invalid"> {
  const error = assertThrows(() => parseDocument(text, "k-bert.yaml", SCHEMA), KBertError);
  assertEquals(error.code, "document/invalid");
  return error as KBertError<"document/invalid">;
}

Deno.test("parseDocument() gives the value with the defaults of its schema", () => {
  const value = parseDocument("name: spam\ntraining:\n  epochs: 5\n", "k-bert.yaml", SCHEMA);

  assertEquals(value, { name: "spam", training: { epochs: 5, learningRate: 1e-3, optimizer: "adam" } });
});

Deno.test("parseDocument() reports all problems at once, in the order of their places", () => {
  const error = refusal([
    "training:",
    "  optimizer: adma",
    "  learning_rate: 0.1 # Python's name",
    "  epochs: 0",
    "buckets: [1, 2.5, x]",
    "colour: red",
    "tags: {A: b, c: 1}",
    "seed: often",
    "",
  ].join("\r\n"));

  assertEquals(error.message.split("\n"), [
    "k-bert.yaml:1:1: name: missing, expected text",
    'k-bert.yaml:2:3: training.optimizer: found "adma", expected one of adam, sgd; did you mean adam?',
    "k-bert.yaml:3:3: training.learning_rate: unknown setting, did you mean learningRate?",
    "k-bert.yaml:4:3: training.epochs: found 0, expected at least 1",
    "k-bert.yaml:5:14: buckets.1: found 2.5, expected a whole number",
    'k-bert.yaml:5:19: buckets.2: found "x", expected a whole number',
    "k-bert.yaml:6:1: colour: unknown setting, expected one of name, training, buckets, tags, seed",
    'k-bert.yaml:7:8: tags.A: found "A", expected a key of small letters',
    "k-bert.yaml:7:14: tags.c: found 1, expected text",
    'k-bert.yaml:8:1: seed: found "often", expected a whole number or random',
  ]);
  assertEquals(error.detail.file, "k-bert.yaml");
  assertEquals(error.detail.problems.length, 10);
  assertEquals(error.detail.problems[2], {
    line: 3,
    column: 3,
    path: "training.learning_rate",
    message: "unknown setting, did you mean learningRate?",
  });
});

for (
  const [what, text, line] of [
    [
      "too small a number",
      "training: {learningRate: 0}",
      "training.learningRate: found 0, expected more than 0",
    ],
    [
      "too large a number",
      "training: {learningRate: 1}",
      "training.learningRate: found 1, expected less than 1",
    ],
    ["an empty list", "buckets: []", "buckets: found a list of 0, expected at least 1 item"],
    ["an empty key", "training:", "training: found nothing, expected a mapping"],
    ["a list for a mapping", "training: [1]", "training: found a list of 1, expected a mapping"],
    ["a date for a text", "tags: {a: 2020-01-01, b: 1}", "tags.b: found 1, expected text"],
    ["a merge key", "x: &x {epochs: 1}\ntraining:\n  <<: *x", 'training."<<": unknown setting'],
    [
      "an infinite number",
      "training: {learningRate: .inf}",
      "learningRate: found Infinity, expected a number",
    ],
  ] as const
) {
  Deno.test(`parseDocument() says what was found and expected for ${what}`, () => {
    assertStringIncludes(refusal(`name: a\n${text}\n`).message, line);
  });
}

for (
  const [what, text, message] of [
    [
      "an open list",
      "a: [1\nb: 2\n",
      ':2:1: found "b: 2", expected YAML: cannot read flow collection: missing comma',
    ],
    [
      "a key given twice",
      "name: a\nname: b\n",
      ":2:1: found a key for the second time, expected each key once",
    ],
    [
      "an open quote",
      "name: 'a",
      ":2:1: found the end of the line, expected YAML: unexpected end of the stream",
    ],
    [
      "two documents",
      "name: a\n---\nname: b\n",
      ':2:1: found "---", expected YAML: found more than 1 document',
    ],
    ["a tag of code", "name: !!js/function x\n", "expected YAML: cannot resolve unknown tag"],
    [
      "a tab as indentation",
      "name: a\ntraining:\n\tepochs: 1\n",
      ":3:1: found a tab as indentation, expected spaces",
    ],
    ["nothing", "# only a comment\n", ":1:1: found nothing, expected a mapping of settings"],
    ["a list", "- a\n", ":1:1: found a list of 1, expected a mapping of settings"],
    ["a text", "just text\n", ':1:1: found "just text", expected a mapping of settings'],
  ] as const
) {
  Deno.test(`parseDocument() refuses ${what} with its place`, () => {
    const error = refusal(text);
    assertStringIncludes(error.message, "k-bert.yaml:");
    assertStringIncludes(error.message, message);
    assertEquals(error.message.split("\n").length, 1);
  });
}

Deno.test("parseDocument() refuses a __proto__ key wherever it stands", () => {
  const error = refusal("name: a\n__proto__: {x: 1}\ntags:\n  - {__proto__: 1}\n");

  assertEquals(error.detail.problems.map(({ line, path }) => `${line} ${path}`), [
    "2 __proto__",
    "4 tags.0.__proto__",
  ]);
});

Deno.test("parseDocument() refuses a text that is too long before it is parsed", () => {
  const error = refusal("[".repeat(DOCUMENT_LIMITS.characters + 1));

  assertStringIncludes(error.message, "found 262145 characters, expected at most 262144");
});

Deno.test("parseDocument() refuses depth, aliases that explode and aliases that contain themselves", () => {
  const bomb = ["a: &a [1, 1, 1, 1, 1, 1, 1, 1]"];
  for (const [from, to] of ["ab", "bc", "cd", "de", "ef", "fg", "gh"]) {
    bomb.push(`${to}: &${to} [${Array(8).fill(`*${from}`).join(", ")}]`);
  }
  assertStringIncludes(refusal(bomb.join("\n")).message, "more than 10000 keys and items");
  assertStringIncludes(refusal("name: a\nb: &b [*b]\n").message, ":2:1: b: found more than 32 levels");
  assertStringIncludes(
    refusal(`name: a\nb: ${"[".repeat(40)}${"]".repeat(40)}\n`).message,
    "more than 32 levels",
  );
  assertStringIncludes(refusal(`b: ${"[".repeat(100_000)}`).message, "more than 32 levels");
});

Deno.test("parseDocument() shows nothing that a terminal obeys, and no endless values", () => {
  const { message } = refusal(`name: "\\e[31m\\u202E${"x".repeat(500)}"\n"\\e[2J": 1\n`);

  assert(!/\p{C}/u.test(message.replaceAll("\n", "")), message);
  assert(message.length < 500, message);
});

Deno.test("parseDocument() shortens a long list of problems and keeps them all in the detail", () => {
  const error = refusal(`name: a\nbuckets: [${Array(50).fill("x").join(", ")}]\n`);

  assertEquals(error.message.split("\n").length, 21);
  assertStringIncludes(error.message, "and 30 more problems");
  assertEquals(error.detail.problems.length, 50);
});

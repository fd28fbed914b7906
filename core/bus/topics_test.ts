import { assert, assertEquals, assertStringIncludes, assertThrows } from "../deps/assert.ts";
import { fc } from "../../tests/deps/fast_check.ts";
import { KBertError } from "../wall/errors.ts";
import {
  checkTopic,
  checkTopicPattern,
  coversTopic,
  isTopic,
  isTopicPattern,
  matchesTopic,
  MAX_TOPIC,
} from "./topics.ts";

// Few words, so that random topics and patterns meet.
const topics = fc.array(fc.constantFrom("a", "b", "c"), { minLength: 1, maxLength: 6 })
  .map((words) => words.join("."));
const patterns = fc.tuple(
  fc.array(fc.constantFrom("a", "b", "*"), { maxLength: 5 }),
  fc.constantFrom("a", "b", "*", ">"),
).map(([words, last]) => [...words, last].join("."));
/** What could be mistaken for a topic: random text of the grammar's own characters, and any text. */
const texts = fc.oneof(
  fc.string({ unit: fc.constantFrom("a", "-", "_", "9", ".", "*", ">", " ", "\n", "é") }),
  fc.string({ unit: "binary", maxLength: 200 }),
);

/** Another way to the same answer: a pattern as a regular expression. */
function naiveMatches(pattern: string, topic: string): boolean {
  const words = pattern.split(".").map((word) => ({ "*": "[^.]+", ">": ".+" })[word] ?? word);
  return new RegExp(`^${words.join("\\.")}$`).test(topic);
}

/** Every text of `least` to `most` of these words. */
function everyTextOf(words: readonly string[], least: number, most: number): string[] {
  let texts = [""];
  const all: string[] = [];
  for (let length = 1; length <= most; length++) {
    texts = texts.flatMap((text) => words.map((word) => text === "" ? word : `${text}.${word}`));
    if (length >= least) all.push(...texts);
  }
  return all;
}

Deno.test("isTopic() takes words with single dots between", () => {
  for (const topic of ["a", "plugin.activated", "a-b_C.9", "-", "a".repeat(MAX_TOPIC)]) {
    assert(isTopic(topic), topic);
  }
});

Deno.test("isTopic() refuses everything else", () => {
  const texts = [
    "",
    ".",
    "a.",
    ".a",
    "a..b",
    "a b",
    "a.*",
    ">",
    "é",
    "a\n",
    "a/b",
    "a".repeat(MAX_TOPIC + 1),
  ];
  for (const text of texts) assert(!isTopic(text), JSON.stringify(text));
});

Deno.test("isTopicPattern() takes topics, * for a word and > at the end", () => {
  for (const pattern of ["a", "*", ">", "*.*", "a.*.b", "a.>", "*.>", `${"*.".repeat(63)}>`]) {
    assert(isTopicPattern(pattern), pattern);
  }
});

Deno.test("isTopicPattern() refuses wildcards that are a part of a word, or > before the end", () => {
  for (
    const text of ["", "a*", "**", ">.a", "a.>.b", "a.>>", "a.*.", ">.", ">\n", "*".repeat(MAX_TOPIC + 1)]
  ) {
    assert(!isTopicPattern(text), JSON.stringify(text));
  }
});

Deno.test("matchesTopic() agrees with a regular expression", () => {
  fc.assert(
    fc.property(patterns, topics, (pattern, topic) => {
      assertEquals(matchesTopic(pattern, topic), naiveMatches(pattern, topic));
    }),
    { seed: 1, numRuns: 3_000 },
  );
});

Deno.test("matchesTopic() finds every topic by itself", () => {
  fc.assert(fc.property(topics, (topic) => assert(matchesTopic(topic, topic))), { seed: 1, numRuns: 300 });
});

Deno.test("matchesTopic() does not take > for nothing", () => {
  assertEquals(matchesTopic("plugin.>", "plugin"), false);
});

Deno.test("matchesTopic() answers no to a pattern in the place of the topic", () => {
  assertEquals(matchesTopic("plugin.*", "plugin.*"), false);
});

Deno.test("coversTopic() agrees with trying every topic, for all short patterns", () => {
  // c is a word that no pattern names; two words more than a pattern has tell > from *.
  const all = everyTextOf(["a", "b", "c"], 1, 5);
  const heads = ["", ...everyTextOf(["a", "b", "*"], 1, 2)];
  const short = heads.flatMap((head) =>
    ["a", "b", "*", ">"].map((last) => head === "" ? last : `${head}.${last}`)
  );
  const heard = new Map(
    short.map((pattern) => [pattern, all.filter((topic) => naiveMatches(pattern, topic))]),
  );

  for (const declared of short) {
    const allowed = new Set(heard.get(declared));
    for (const pattern of short) {
      const expected = heard.get(pattern)!.every((topic) => allowed.has(topic));
      assertEquals(coversTopic(declared, pattern), expected, `${declared} covers ${pattern}`);
    }
  }
});

Deno.test("coversTopic() says yes only if no topic is outside", () => {
  fc.assert(
    fc.property(patterns, patterns, topics, (declared, pattern, topic) => {
      if (!coversTopic(declared, pattern) || !matchesTopic(pattern, topic)) return;
      assert(matchesTopic(declared, topic), `${declared} covers ${pattern} but not ${topic}`);
    }),
    { seed: 1, numRuns: 5_000 },
  );
});

Deno.test("coversTopic() of a topic is matchesTopic()", () => {
  fc.assert(
    fc.property(patterns, topics, (declared, topic) => {
      assertEquals(coversTopic(declared, topic), matchesTopic(declared, topic));
    }),
    { seed: 1, numRuns: 2_000 },
  );
});

Deno.test("Nothing about topics throws, and what is no topic matches nothing", () => {
  fc.assert(
    fc.property(texts, texts, (one, other) => {
      if (!isTopicPattern(one)) assertEquals([coversTopic(one, ">"), coversTopic(">", one)], [false, false]);
      if (!isTopic(one)) assertEquals(matchesTopic(">", one), false);
      if (isTopic(one)) assert(isTopicPattern(one));
      assert(!coversTopic(one, other) || (isTopicPattern(one) && isTopicPattern(other)));
      assert(!matchesTopic(one, other) || (isTopicPattern(one) && isTopic(other)));
    }),
    { seed: 1, numRuns: 3_000 },
  );
});

Deno.test("checkTopic() names the text and the grammar", () => {
  const error = assertThrows(() => checkTopic("plugin..on"), KBertError);

  assertEquals(error.code, "event/topic");
  assertEquals(error.detail, { topic: "plugin..on" });
  assertEquals(
    error.message,
    'Cannot use "plugin..on" as a topic: it takes words of A-Z, a-z, 0-9, _ and -, with single dots between, ' +
      "128 characters in all",
  );
});

Deno.test("checkTopicPattern() does not repeat a text without end", () => {
  const error = assertThrows(() => checkTopicPattern("x".repeat(1_000_000)), KBertError);

  assertStringIncludes(error.message, "(1000000 characters)");
  assert(error.message.length < 300);
});

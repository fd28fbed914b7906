import { assert, assertEquals, assertNotEquals, assertRejects } from "../deps/assert.ts";
import { SPECIAL_TOKENS } from "../bert/vocabulary.ts";
import { BertTokenizer } from "../bert/tokenizer.ts";
import { KBertError } from "../wall/errors.ts";
import type { WireValue } from "../wall/values.ts";
import { fakeRunPlugin } from "../../tests/fixtures/run_plugin.ts";
import { Augmentation, type RunAugmenter } from "./augmentation.ts";
import { type Batch, BatchSource } from "./batch_source.ts";
import { encodeExample, type TrainingExample } from "./examples.ts";

const WORDS = ["one", "two", "three", "four", "five", "six"];
const TOKENIZER = new BertTokenizer([...SPECIAL_TOKENS, ...WORDS], { maxLength: 8, buckets: [8] });
const GIVEN: readonly TrainingExample[] = Array.from({ length: 10 }, (_, index) => ({
  text: WORDS.slice(0, 1 + index % 5).join(" "),
  label: index % 2,
}));

interface Setup {
  readonly source: BatchSource;
  readonly notes: string[];
  /** Seeds of each call. */
  readonly seeds: number[][];
}

/** Batches of 4 of 10 examples in 2 epochs; the augmenter adds the word that its seed decides. */
function setup(
  change: (text: string, seed: number) => string = (text, seed) => `${text} ${WORDS[seed % 6]}`,
  { onFailure = "identity", signal = new AbortController().signal }: {
    onFailure?: RunAugmenter["onFailure"];
    signal?: AbortSignal;
  } = {},
): Setup {
  const [notes, seeds]: [string[], number[][]] = [[], []];
  const plugin = fakeRunPlugin("adder", {
    augment: ([texts, options]) => {
      const { seeds: given } = options as { seeds: number[] };
      seeds.push(given);
      return (texts as string[]).map((text, index) => change(text, given[index]!)) as WireValue;
    },
  });
  const augmentation = new Augmentation([{ plugin, onFailure }], 7, (line) => notes.push(line));
  const source = new BatchSource({
    ...{ given: GIVEN, tokenizer: TOKENIZER, labels: 2, augmentation, seed: 7, batchSize: 4 },
    ...{
      tokenized: GIVEN.map((one) => encodeExample(one, TOKENIZER, 2)),
      accumulationSteps: 1,
      epochs: 2,
      signal,
    },
  });
  return { source, notes, seeds };
}

/** Ids of all examples of each batch. */
async function idsFrom(source: BatchSource, step: number): Promise<string[]> {
  const ids: string[] = [];
  for await (const { epoch, index, examples } of source.from(step)) {
    ids.push(`${epoch}.${index}: ${examples.map((one) => one.ids.join()).join(" ")}`);
  }
  return ids;
}

Deno.test("BatchSource gives each example once in an epoch, and other forms of it in the next", async () => {
  const { source } = setup();
  const batches: Batch[] = [];
  for await (const batch of source.from(0)) batches.push(batch);

  assertEquals(batches.map(({ epoch, index }) => `${epoch}.${index}`), [
    "0.0",
    "0.1",
    "0.2",
    "1.0",
    "1.1",
    "1.2",
  ]);
  const lengths = (epoch: number): number[] =>
    batches.filter((batch) => batch.epoch === epoch).flatMap(({ examples }) =>
      examples.map(({ ids }) => ids.length)
    ).sort();
  // A word was added to each: [CLS], 1 to 5 words, one more, [SEP].
  assertEquals(lengths(0), GIVEN.map((one) => (one as { text: string }).text.split(" ").length + 3).sort());
  assertEquals(lengths(1), lengths(0));
  const last = (epoch: number): number[] =>
    batches.filter((batch) => batch.epoch === epoch).flatMap(({ examples }) =>
      examples.map(({ ids }) => ids.at(-2)!)
    ).sort();
  assertNotEquals(last(0), last(1));
});

Deno.test("BatchSource from a later step gives the very batches that come then", async () => {
  const all = await idsFrom(setup().source, 0);

  for (const step of [1, 2, 3, 5, 6]) assertEquals(await idsFrom(setup().source, step), all.slice(step));
});

Deno.test("BatchSource prepares two batches ahead, and no more", async () => {
  const { source, seeds } = setup();
  const batches = source.from(0);

  await batches.next();
  assertEquals(seeds.length, 4); // the one that was given, two ahead, and the one that follows them
  await batches.next();
  assertEquals(seeds.length, 5);

  await batches.return();
});

Deno.test("BatchSource keeps texts that an augmenter failed with, counts it, and says so once", async () => {
  const failing = (text: string): string => {
    throw new KBertError("call/failed", `no ${text}`, { plugin: "adder", method: "augment" });
  };
  const { source, notes } = setup(failing);

  const batches: Batch[] = [];
  for await (const batch of source.from(0)) batches.push(batch);

  // Each batch has its own: one that is made again after an interruption counts once.
  const expected = { adder: { "call/failed": 1 } };
  assertEquals(batches.map(({ failures }) => failures.table), batches.map(() => expected));
  const tokenized = new Set(GIVEN.map((one) => encodeExample(one, TOKENIZER, 2).ids.join()));
  assert(batches.every(({ examples }) => examples.every(({ ids }) => tokenized.has(ids.join()))));
  assertEquals(batches.length, 6);
  assertEquals(notes.length, 1);
  assert(notes[0]!.startsWith("The augmenter adder failed, and its texts stay as they are: no "), notes[0]);
});

Deno.test("BatchSource ends with the error of an augmenter whose failure ends the run", async () => {
  const { source } = setup(() => {
    throw new Error("broken");
  }, { onFailure: "abort" });

  await assertRejects(() => idsFrom(source, 0), Error, "broken");
});

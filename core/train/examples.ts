/**
 * What a run is given to learn from: one form of example for each task, checked before anything is computed, and
 * tokenized with a count of what was cut off.
 *
 * @module
 */
import type { BertTokenizer, Encoding } from "../bert/tokenizer.ts";
import { IGNORED, type Task } from "../manifest/task.ts";
import { KBertError } from "../wall/errors.ts";
import type { LabelledText } from "./split.ts";

/** A text with several labels, or none: indices into the list of labels. */
export interface MultiLabelText {
  readonly text: string;
  readonly labels: readonly number[];
}

/** A text with a number for each label of the run. */
export interface MeasuredText {
  readonly text: string;
  readonly values: readonly number[];
}

/** Two texts of which the first is to score higher. */
export interface RankedTexts {
  readonly text: string;
  readonly lower: string;
}

/** Words with a label for each. */
export interface TaggedWords {
  readonly words: readonly string[];
  readonly tags: readonly number[];
}

/**
 * What a run learns from. `classification` and `ordinal` take {@linkcode LabelledText}, `multilabel`
 * {@linkcode MultiLabelText}, `regression` {@linkcode MeasuredText}, `ranking` {@linkcode RankedTexts}, `tagging`
 * {@linkcode TaggedWords}.
 */
export type TrainingExample = LabelledText | MultiLabelText | MeasuredText | RankedTexts | TaggedWords;

/** A tokenized example. */
export interface Example extends Encoding {
  /** The label or rank; for `multilabel` and `regression` a number for each label; for `tagging` one for each token. */
  readonly label: number | Float32Array | Int32Array;
  /** For `ranking`: the text that is to score lower. */
  readonly lower?: Encoding;
}

/**
 * Looks at every example of a run.
 *
 * @param part "training" or "test", for the message
 * @throws {KBertError} `input/invalid` for no examples, an empty text, an example of another task, or a label that is
 * not one of the labels
 */
export function checkExamples(
  examples: readonly TrainingExample[],
  labels: readonly string[],
  part: string,
  task: Task = "classification",
): void {
  if (examples.length === 0) {
    const message = `There are no ${part} texts; give at least one`;
    throw new KBertError("input/invalid", message, { name: part, value: 0 });
  }
  for (const [index, example] of examples.entries()) {
    const problem = problemOf(example, labels, task);
    if (problem === undefined) continue;
    const name = `${part} text ${index + 1}`;
    const { what, ...numbers } = problem;
    throw new KBertError("input/invalid", `The ${name} ${what}`, { name, ...numbers });
  }
}

/** What is wrong with an example, as the rest of the sentence "The training text 3 …". */
interface ExampleProblem {
  readonly what: string;
  readonly limit?: number;
  readonly value?: number | string;
}

function problemOf(
  example: TrainingExample,
  labels: readonly string[],
  task: Task,
): ExampleProblem | undefined {
  const needed = FIELDS[task];
  const missing = needed.find((field) => !(field in example));
  if (missing !== undefined) {
    return { what: `has no ${missing}; for ${task} each takes ${needed.join(" and ")}`, value: missing };
  }
  const { text, lower, words } = example as Partial<RankedTexts & TaggedWords>;
  if (text !== undefined && text.trim() === "" || lower !== undefined && lower.trim() === "") {
    return { what: "is empty; leave empty texts out", value: "" };
  }
  if (words !== undefined && (words.length === 0 || words.some((word) => word.trim() === ""))) {
    return { what: "has no words, or an empty one; leave it out", value: "" };
  }
  return problemOfLabels(example, labels, task);
}

const FIELDS: Readonly<Record<Task, readonly string[]>> = {
  classification: ["text", "label"],
  ordinal: ["text", "label"],
  multilabel: ["text", "labels"],
  regression: ["text", "values"],
  ranking: ["text", "lower"],
  tagging: ["words", "tags"],
};

function problemOfLabels(
  example: TrainingExample,
  names: readonly string[],
  task: Task,
): ExampleProblem | undefined {
  const limit = names.length - 1;
  const wrong = (given: readonly number[]): ExampleProblem | undefined => {
    const label = given.find((one) => !Number.isInteger(one) || one < 0 || one > limit);
    if (label === undefined) return undefined;
    return {
      what: `has the label ${label}, expected 0 to ${limit} (${names.join(", ")})`,
      limit,
      value: label,
    };
  };
  switch (task) {
    case "classification":
    case "ordinal":
      return wrong([(example as LabelledText).label]);
    case "multilabel":
      return wrong((example as MultiLabelText).labels);
    case "regression": {
      const { values } = example as MeasuredText;
      if (values.length === names.length && values.every((value) => Number.isFinite(value))) return undefined;
      const what = `has the values ${values.join(", ")}, expected ${names.length} finite ones (${
        names.join(", ")
      })`;
      return { what, limit: names.length, value: values.length };
    }
    case "tagging": {
      const { words, tags } = example as TaggedWords;
      if (words.length === tags.length) return wrong(tags);
      const what = `has ${tags.length} tags for ${words.length} words; give one for each`;
      return { what, limit: words.length, value: tags.length };
    }
    case "ranking":
      return undefined;
  }
}

/** Tokenized examples and how many of them were too long. */
export interface Tokenized {
  readonly examples: Example[];
  readonly truncated: number;
}

/** Texts tokenized between two turns of the event loop, so that Ctrl-C is heard. */
const TURN = 200;

/** Tokenizes all examples; throws the signal's reason when it aborts. */
export async function tokenize(
  examples: readonly TrainingExample[],
  tokenizer: BertTokenizer,
  signal: AbortSignal,
  labels = 0,
): Promise<Tokenized> {
  const tokenized: Example[] = [];
  let truncated = 0;
  for (const [index, example] of examples.entries()) {
    if (index % TURN === 0) {
      await new Promise((resolve) => setTimeout(resolve));
      signal.throwIfAborted();
    }
    const one = encodeExample(example, tokenizer, labels);
    if (one.truncated > 0 || (one.lower?.truncated ?? 0) > 0) truncated++;
    tokenized.push(one);
  }
  return { examples: tokenized, truncated };
}

/** Tokenizes one example. @param labels how many the run has */
export function encodeExample(example: TrainingExample, tokenizer: BertTokenizer, labels: number): Example {
  if ("words" in example) return encodeWords(example, tokenizer);
  const encoding = tokenizer.encode(example.text);
  if ("label" in example) return { ...encoding, label: example.label };
  if ("values" in example) return { ...encoding, label: Float32Array.from(example.values) };
  if ("labels" in example) {
    const label = new Float32Array(labels);
    for (const one of example.labels) label[one] = 1;
    return { ...encoding, label };
  }
  return { ...encoding, label: 0, lower: tokenizer.encode(example.lower) };
}

/** The first token of a word has its tag; the others, [CLS] and [SEP] have none. */
function encodeWords({ words, tags }: TaggedWords, tokenizer: BertTokenizer): Example {
  const { ids, truncated, starts } = encodeWordList(words, tokenizer);
  const label = new Int32Array(ids.length).fill(IGNORED);
  for (const [word, start] of starts.entries()) label[start] = tags[word]!;
  return { ids, truncated, label };
}

/** One sequence of words, with the token that each word begins with; words at the end may not fit. */
export function encodeWordList(
  words: readonly string[],
  tokenizer: BertTokenizer,
): Encoding & { readonly starts: readonly number[] } {
  return tokenizer.join(words.map((word) => {
    const pieces = tokenizer.encode(word).ids.slice(1, -1);
    // A word that the tokenizer makes nothing of (a lone joiner) still has its place.
    return pieces.length > 0 ? pieces : tokenizer.encode("[UNK]").ids.slice(1, -1);
  }));
}

/** The texts of an example that an augmenter may change; none where its labels belong to single words. */
export function textsOf(example: TrainingExample): string[] {
  if ("words" in example) return [];
  return "lower" in example ? [example.text, example.lower] : [example.text];
}

/** The example with other texts. @param texts as many as {@linkcode textsOf} gave */
export function withTexts(example: TrainingExample, texts: readonly string[]): TrainingExample {
  if ("words" in example) return example;
  const [text = example.text, lower] = texts;
  return "lower" in example ? { ...example, text, lower: lower ?? example.lower } : { ...example, text };
}

/**
 * The examples of a run: divided, hashed, checked against the head's task, and tokenized.
 *
 * @module
 */
import type { BertTokenizer } from "../bert/tokenizer.ts";
import type { Task } from "../manifest/task.ts";
import { Random } from "../tensor/random.ts";
import { KBertError } from "../wall/errors.ts";
import { sha256 } from "../wall/sha256.ts";
import type { TrainingConfig } from "./config.ts";
import { checkExamples, type Example, tokenize, type TrainingExample } from "./examples.ts";
import { type LabelledText, splitByGroups } from "./split.ts";

/** Keeps the split for validation apart from the other users of the run's seed. */
const STREAM = 0x7a11da;

/** The examples that a run was given. */
export interface GivenData {
  readonly config: TrainingConfig;
  readonly train: readonly TrainingExample[];
  readonly test: readonly TrainingExample[];
  readonly validation?: readonly TrainingExample[] | undefined;
}

/** See the module's text. */
export interface RunData {
  readonly train: readonly TrainingExample[];
  readonly validation: readonly TrainingExample[];
  readonly test: readonly TrainingExample[];
  /** SHA-256 of all of them. */
  hash(): Promise<string>;
  /**
   * Looks at every example.
   *
   * @throws {KBertError} as {@linkcode checkExamples} does; `input/invalid` for augmenters where labels belong to words
   */
  check(labels: readonly string[], task: Task, isAugmented: boolean): void;
}

/**
 * Divides what was given. A validation part of one's own is taken as it is; otherwise a share of the training
 * examples is, near-copies on one side where the examples are labelled texts.
 */
export function runData({ config, train: given, test, validation }: GivenData): RunData {
  const parts = validation !== undefined
    ? { train: given, validation }
    : config.data.validationShare === 0
    ? { train: given, validation: [] }
    : divide(given, config);
  return {
    ...{ ...parts, test },
    hash: () => hashOf([given, test, ...(validation ? [validation] : [])]),
    check(labels, task, isAugmented): void {
      checkExamples(parts.train, labels, "training", task);
      checkExamples(test, labels, "test", task);
      if (parts.validation.length > 0) checkExamples(parts.validation, labels, "validation", task);
      if (!isAugmented || task !== "tagging") return;
      const message =
        "Augmenters change the words of a text, and in a tagging each word has its label; leave them out";
      throw new KBertError("input/invalid", message, { name: "augmenters", value: task });
    },
  };
}

function divide(
  examples: readonly TrainingExample[],
  { data: { validationShare, nearCopies }, seed }: TrainingConfig,
): { train: readonly TrainingExample[]; validation: readonly TrainingExample[] } {
  if (examples.every((example) => "text" in example && "label" in example)) {
    const options = { testShare: validationShare, seed, nearCopies };
    const { train, test } = splitByGroups(examples as readonly LabelledText[], options);
    if (test.length === 0) throw noValidation(examples.length, validationShare);
    return { train, validation: test };
  }
  const order = Random.at(seed, STREAM).shuffle([...examples]);
  const count = Math.round(examples.length * validationShare);
  if (count === 0) throw noValidation(examples.length, validationShare);
  return { train: order.slice(count), validation: order.slice(0, count) };
}

function noValidation(examples: number, share: number): KBertError {
  const message = `A validationShare of ${share} of ${examples} training examples is none: ` +
    "give more, set it to 0, or set nearCopies to apart if they are written by a template";
  return new KBertError("input/invalid", message, { name: "data.validationShare", value: share });
}

/** The fields that are learned from, in a fixed order: what else an example carries does not count. */
const FIELDS = ["text", "label", "labels", "values", "lower", "words", "tags"] as const;

async function hashOf(parts: readonly (readonly TrainingExample[])[]): Promise<string> {
  const content = parts.map((part) =>
    part.map((example) =>
      FIELDS.map((field) => (example as Partial<Record<typeof field, unknown>>)[field] ?? null)
    )
  );
  return await sha256(JSON.stringify(content));
}

/** All parts tokenized, and how many examples were too long. */
export interface TokenizedData {
  readonly train: readonly Example[];
  readonly validation: readonly Example[];
  readonly test: readonly Example[];
  readonly truncated: number;
}

/** Tokenizes everything; undefined if the signal ended it. */
export async function tokenizeAll(
  { train, validation, test }: RunData,
  { tokenizer, labels, config, signal, note }: {
    readonly tokenizer: BertTokenizer;
    readonly labels: number;
    readonly config: TrainingConfig;
    readonly signal: AbortSignal;
    readonly note: (line: string) => void;
  },
): Promise<TokenizedData | undefined> {
  note(`Tokenizing ${train.length + validation.length + test.length} texts`);
  try {
    const [trained, validated, tested] = [
      await tokenize(train, tokenizer, signal, labels),
      await tokenize(validation, tokenizer, signal, labels),
      await tokenize(test, tokenizer, signal, labels),
    ];
    const truncated = trained.truncated + validated.truncated + tested.truncated;
    if (truncated > 0) {
      const { maxLength, truncation } = config.data;
      const what = truncation === "head" ? "end" : "middle";
      note(`${truncated} of them are longer than ${maxLength} tokens, and their ${what} was left out`);
    }
    return { train: trained.examples, validation: validated.examples, test: tested.examples, truncated };
  } catch (error) {
    if (signal.aborted && error === signal.reason) return undefined;
    throw error;
  }
}

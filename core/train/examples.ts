/**
 * The texts that a run is given: checked before anything is computed, and tokenized with a count of what
 * was cut off.
 *
 * @module
 */
import type { BertTokenizer } from "../bert/tokenizer.ts";
import { KBertError } from "../wall/errors.ts";
import type { LabelledText } from "./split.ts";
import type { Example } from "./trainer.ts";

/**
 * Looks at every example of a run.
 *
 * @param part "training" or "test", for the message
 * @throws {KBertError} `input/invalid` for no examples, an empty text, or a label that is not one of the labels.
 */
export function checkExamples(
  examples: readonly LabelledText[],
  labels: readonly string[],
  part: string,
): void {
  if (examples.length === 0) {
    throw new KBertError("input/invalid", `There are no ${part} texts; give at least one`, {
      name: part,
      value: 0,
    });
  }
  for (const [index, { text, label }] of examples.entries()) {
    const name = `${part} text ${index + 1}`;
    if (text.trim() === "") {
      const message = `The ${name} is empty; leave empty texts out`;
      throw new KBertError("input/invalid", message, { name, value: "" });
    }
    if (!Number.isInteger(label) || label < 0 || label >= labels.length) {
      const message = `The ${name} has the label ${label}, expected 0 to ${labels.length - 1} ` +
        `(${labels.join(", ")})`;
      throw new KBertError("input/invalid", message, { name, limit: labels.length - 1, value: label });
    }
  }
}

/** Tokenized examples and how many of them were too long. */
export interface Tokenized {
  readonly examples: Example[];
  readonly truncated: number;
}

/** Texts tokenized between two turns of the event loop, so that Ctrl-C is heard. */
const TURN = 200;

/** Tokenizes all texts; throws the signal's reason when it aborts. */
export async function tokenize(
  texts: readonly LabelledText[],
  tokenizer: BertTokenizer,
  signal: AbortSignal,
): Promise<Tokenized> {
  const examples: Example[] = [];
  let truncated = 0;
  for (const [index, { text, label }] of texts.entries()) {
    if (index % TURN === 0) {
      await new Promise((resolve) => setTimeout(resolve));
      signal.throwIfAborted();
    }
    const encoding = tokenizer.encode(text);
    if (encoding.truncated > 0) truncated++;
    examples.push({ ...encoding, label });
  }
  return { examples, truncated };
}

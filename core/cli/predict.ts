/**
 * `predict --model runs/<id> "text" …`: the label and its probability for every text.
 *
 * Texts come from the command line, or one per line from standard input. Bytes of the input that are no
 * UTF-8 are read as U+FFFD: a mailbox is full of old encodings, and one of them must not end the rest.
 *
 * @module
 */
import { chunks } from "../train/batches.ts";
import type { Classifier, Prediction } from "../train/classifier.ts";
import { printable } from "../wall/failure.ts";
import { type Command, defineCommand } from "./command.ts";

/** Most lines of standard input that are classified together: enough for speed. */
const LINES = 32;

/** Loads the model in a folder; the command disposes of it. */
export type LoadClassifier = (path: string) => Promise<Pick<Classifier, "predict"> & AsyncDisposable>;

/** The command. Its signal ends it, also while it waits for input; the signal's reason is thrown then. */
export function predictCommand(load: LoadClassifier): Command {
  return defineCommand({
    name: "predict",
    summary: "Prints the label of texts, and how probable it is",
    takes: "[TEXT…]",
    count: [0, Infinity],
    options: {
      model: { kind: "value", required: true, value: "runs/<id>", help: "a finished run, or a model folder" },
      json: { kind: "flag", help: "one line of JSON per text" },
    },
    details:
      "Prints a label and its probability for every text; without texts, for every line of standard input.",
    examples: [
      {
        line: 'predict --model runs/<id> "You have won" "Lunch?"',
        does: "prints a line for each of the two",
      },
      {
        line: "predict --model runs/<id> --json < texts.txt",
        does: "prints a line of JSON for every line of a file",
      },
    ],
    async run(given, { model, json }, { print, input, signal }): Promise<void> {
      await using classifier = await load(model);
      for await (const texts of given.length > 0 ? [given] : lineGroups(input, signal)) {
        signal.throwIfAborted();
        const predictions = await classifier.predict(texts);
        for (const [index, prediction] of predictions.entries()) {
          const text = texts[index]!;
          print(json ? JSON.stringify({ text, ...prediction }) : line(prediction, text));
        }
      }
    },
  });
}

function line({ label, probability, truncated }: Prediction, text: string): string {
  const start = printable([...text.replace(/\s+/g, " ")].slice(0, 60).join(""));
  const note = truncated > 0 ? `  (${truncated} tokens at its end were not read)` : "";
  return `${label}\t${probability?.toFixed(4) ?? "-"}\t${start}${note}`;
}

/** Lines that are not empty, in groups; what has come is not kept waiting for what has not. */
async function* lineGroups(
  input: ReadableStream<Uint8Array>,
  signal: AbortSignal,
): AsyncIterable<string[]> {
  const decoder = new TextDecoder();
  let partial = "";
  for await (const chunk of input.pipeThrough(new TransformStream<Uint8Array, Uint8Array>(), { signal })) {
    const lines = (partial + decoder.decode(chunk, { stream: true })).split(/\r?\n/);
    partial = lines.pop()!;
    yield* chunks(lines.filter((one) => one.trim() !== ""), LINES);
  }
  partial += decoder.decode();
  if (partial.trim() !== "") yield [partial];
}

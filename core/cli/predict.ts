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
import { parseOptions, usage } from "./options.ts";

/** Most lines of standard input that are classified together: enough for speed. */
const LINES = 32;

const HELP = `Usage: predict --model runs/<id> [--json] ["text" …]

Prints a label and its probability for every text; without texts, for every line of standard input.

  --model PATH   the folder of a finished run, or a model folder
  --json         one line of JSON per text
  --help         this text`;

/**
 * The command.
 *
 * @param args the command line after `predict`
 * @param load loads the model of `--model`; the command disposes of it
 * @param print writes one line
 * @param signal ends the command, also while it waits for input; its reason is thrown then
 */
export async function predictCommand(
  args: readonly string[],
  load: (path: string) => Promise<Pick<Classifier, "predict"> & AsyncDisposable>,
  print: (line: string) => void,
  input: ReadableStream<Uint8Array>,
  signal: AbortSignal = new AbortController().signal,
): Promise<void> {
  const { options, rest } = parseOptions(args, { model: "value", json: "flag", help: "flag" });
  if (options.help) return print(HELP);
  if (!options.model) throw usage("--model", "predict needs --model runs/<id>");
  await using classifier = await load(options.model);
  for await (const texts of rest.length > 0 ? [rest] : lineGroups(input, signal)) {
    signal.throwIfAborted();
    const predictions = await classifier.predict(texts);
    for (const [index, prediction] of predictions.entries()) {
      print(
        options.json
          ? JSON.stringify({ text: texts[index], ...prediction })
          : line(prediction, texts[index]!),
      );
    }
  }
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

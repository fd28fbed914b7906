/**
 * `predict --model runs/<id> "text" …`: the label and its probability for every text.
 *
 * Texts come from the command line, or one per line from standard input.
 *
 * @module
 */
import type { Classifier, Prediction } from "../train/classifier.ts";
import { parseOptions, usage } from "./options.ts";

/** Lines of standard input that are classified together: enough for speed, few enough to answer early. */
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
 */
export async function predictCommand(
  args: readonly string[],
  load: (path: string) => Promise<Classifier>,
  print: (line: string) => void,
  input: ReadableStream<Uint8Array>,
): Promise<void> {
  const { options, rest } = parseOptions(args, { model: "value", json: "flag", help: "flag" });
  if (options.help) return print(HELP);
  if (options.model === undefined) throw usage("--model", "predict needs --model runs/<id>");
  using classifier = await load(options.model);
  for await (const texts of rest.length > 0 ? [rest] : lineGroups(input)) {
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
  const start = [...text.replace(/\s+/g, " ")].slice(0, 60).join("");
  const note = truncated > 0 ? `  (${truncated} tokens at its end were not read)` : "";
  return `${label}\t${probability.toFixed(4)}\t${start}${note}`;
}

/** Lines that are not empty, in groups. */
async function* lineGroups(input: ReadableStream<Uint8Array>): AsyncIterable<string[]> {
  const decoder = new TextDecoder();
  let partial = "";
  let group: string[] = [];
  for await (const chunk of input) {
    const lines = (partial + decoder.decode(chunk, { stream: true })).split(/\r?\n/);
    partial = lines.pop()!;
    for (const one of lines) {
      if (one.trim() !== "") group.push(one);
      if (group.length === LINES) {
        yield group;
        group = [];
      }
    }
  }
  if (partial.trim() !== "") group.push(partial);
  if (group.length > 0) yield group;
}

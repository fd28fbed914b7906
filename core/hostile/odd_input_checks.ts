/**
 * Checks with inputs that happen when something else is broken: numbers that are none, and batches of nothing. A
 * plugin may refuse them; it may not hang, and the next calls have to be answered as before.
 *
 * @module
 */
import type { SampleShape } from "../author/sample_calls.ts";
import { KBertError, messageOf } from "../wall/errors.ts";
import type { WireValue } from "../wall/values.ts";
import { compareValues } from "../plugins/value_difference.ts";
import { type HostTensor, isHostTensor } from "../wall/tensor.ts";
import { firstDifference, repeatedAnswers } from "./answers.ts";
import { type Check, Lost, Skipped } from "./check.ts";
import { type Subject, Trial } from "./subject.ts";

/**
 * NaN in, and no NaN out that would be taken for a number. The host refuses what a feature extractor makes of it, and
 * the trainer what a head does (`train/not-finite`); that the texts beside it are predicted as without it, only the
 * head can see to.
 */
export const notANumber: Check = {
  name: "not a number",
  asks:
    "given NaN, fails with a sentence or keeps it to the text that has it, and answers as before afterwards",
  async run(subject): Promise<string> {
    if (subject.port === "augmenter" || subject.port === "plugin") {
      throw new Skipped(`no numbers are given to a plugin of the kind ${subject.port}`);
    }
    const answered = await tryOdd(subject, { notANumber: true }, (name, answer, usual) => {
      if (name !== "predict" || !isHostTensor(answer) || !isHostTensor(usual)) return;
      const difference = compareValues(laterRows(usual), laterRows(answer));
      if (!difference.isWithin) {
        throw new Lost(`NaN in one text changed what is predicted of others: ${difference.problem}`);
      }
    });
    return `given NaN, ${answered}`;
  },
};

/** A batch of no texts, a table of no rows. */
export const emptyBatch: Check = {
  name: "empty batch",
  asks: "given nothing to work on, fails with a sentence or answers, and answers as before afterwards",
  async run(subject): Promise<string> {
    if (subject.port === "plugin") throw new Skipped("a plugin of no particular kind has no batches");
    if (subject.port === "callback") {
      throw new Skipped("a callback is told moments, of which there is no batch");
    }
    return `given an empty batch, ${await tryOdd(subject, { rows: 0 }, () => {})}`;
  },
};

/**
 * Makes the calls whose answers do not depend on each other with odd inputs, between two rounds with usual ones.
 *
 * @returns what became of the odd ones, for people
 */
async function tryOdd(
  subject: Subject,
  shape: Pick<SampleShape, "rows" | "notANumber">,
  examine: (name: string, answer: WireValue, usual: WireValue) => void,
): Promise<string> {
  await using trial = await Trial.start(subject);
  const { plugin } = trial;
  const { answers: before, change } = await repeatedAnswers(trial, true);
  const odd = trial.calls(shape).filter(({ repeats }) => repeats || subject.port === "callback");
  let refused = 0;
  for (const call of odd) {
    try {
      examine(call.name, await call.run(plugin) as WireValue, before.get(call.name));
    } catch (error) {
      if (!isRefusal(error)) throw error instanceof Lost ? error : ended(call.name, error);
      refused++;
    }
  }
  const { answers: after } = await repeatedAnswers(trial, true);
  const difference = firstDifference(before, after, true);
  // What changes from call to call anyway is another check's business.
  if (change === undefined && difference !== undefined) throw new Lost(`after that, ${difference}`);
  return `${odd.length - refused} of ${odd.length} calls were answered and ${refused} failed with a sentence`;
}

/** All rows but the first. */
function laterRows({ data, shape }: HostTensor): number[] {
  return Array.from(data.subarray(data.length / Math.max(shape[0] ?? 1, 1)));
}

/** An error of the plugin's own, or the host's about its answer, that says something. */
function isRefusal(error: unknown): boolean {
  if (!(error instanceof KBertError)) return false;
  const said = error.code === "call/failed" ? messageOf(error.cause ?? "") : error.message;
  return (error.code === "call/failed" || error.code === "plugin/answer") && said.trim() !== "";
}

function ended(name: string, error: unknown): Lost {
  return new Lost(`${name} ended without a sentence of the plugin's: ${messageOf(error)}`, { cause: error });
}

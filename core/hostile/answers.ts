/**
 * Answers of sample calls, and the comparison of two series of them.
 *
 * @module
 */
import type { CalledPlugin, SampleCall } from "../author/sample_calls.ts";
import { compareValues } from "../plugins/value_difference.ts";
import { messageOf } from "../wall/errors.ts";
import type { CallOptions } from "../wall/options.ts";
import type { WireValue } from "../wall/values.ts";
import { Lost } from "./check.ts";

/** By the name of the call. */
export type Answers = ReadonlyMap<string, WireValue>;

/** Makes the calls one after the other. @throws {Lost} with the first that is not answered, and why */
export async function answersOf(calls: readonly SampleCall[], plugin: CalledPlugin): Promise<Answers> {
  const answers = new Map<string, WireValue>();
  for (const call of calls) answers.set(call.name, await answerOf(call, plugin));
  return answers;
}

/**
 * Answers of the calls that promise the same each time, and whether they keep that: they are made twice.
 *
 * @returns with `change`, the end of a sentence, if they do not
 */
export async function repeatedAnswers(
  trial: { calls(): readonly SampleCall[]; readonly plugin: CalledPlugin },
  isExact: boolean,
): Promise<{ readonly answers: Answers; readonly change: string | undefined }> {
  const { plugin } = trial;
  const repeated = trial.calls().filter(({ repeats }) => repeats);
  const answers = await answersOf(repeated, plugin);
  return { answers, change: firstDifference(answers, await answersOf(repeated, plugin), isExact) };
}

/** @param when the beginning of the sentence, for people @throws {Lost} if it is not answered */
export async function answerOf(call: SampleCall, plugin: CalledPlugin, when = ""): Promise<WireValue> {
  try {
    return await call.run(plugin) as WireValue;
  } catch (cause) {
    throw new Lost(`${when}${call.name} was not answered: ${messageOf(causeOf(cause))}`, { cause });
  }
}

/**
 * Where two series differ, as the end of a sentence; undefined if they do not.
 *
 * @param isExact whether each number has to be the same to the last bit; a graphics card does not promise that
 * @example
 * ```ts
 * import { firstDifference } from "./answers.ts";
 * import { assertEquals } from "../deps/assert.ts";
 *
 * const problem = firstDifference(new Map([["predict", [1, 2]]]), new Map([["predict", [1, 3]]]), true);
 * assertEquals(problem, "predict is 3, expected 2, and the tolerance is 0 at [1]");
 * ```
 */
export function firstDifference(expected: Answers, actual: Answers, isExact: boolean): string | undefined {
  for (const [name, value] of expected) {
    const tolerance = isExact ? { absolute: 0, relative: 0 } : {};
    const { isWithin, place, problem } = compareValues(value, actual.get(name), tolerance);
    if (!isWithin) return `${name} is ${problem}${place ? ` at ${place}` : ""}`;
  }
  return undefined;
}

/** Makes calls otherwise: with another deadline, or given up at once. What a head says of itself is asked as usual. */
export function calledWith(plugin: CalledPlugin, optionsOf: () => CallOptions): CalledPlugin {
  return {
    has: (method) => plugin.has(method),
    streams: (method) => plugin.streams(method),
    call: (method, args) => plugin.call(method, args, method === "describe" ? {} : optionsOf()),
    stream: (method, args) => plugin.stream(method, args, optionsOf()),
  };
}

/** The plugin's own error says more than that its call failed. */
function causeOf(error: unknown): unknown {
  const { code, cause } = Object(error) as { code?: unknown; cause?: unknown };
  return code === "call/failed" ? cause ?? error : error;
}

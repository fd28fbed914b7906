/**
 * Asks the person at the terminal.
 *
 * On standard error, because standard output is a program's result; and not by `prompt()`, which stops every
 * timer and message of the process while it waits.
 *
 * @module
 */

/** Shows a text and answers the line that was typed, undefined if there is nobody (any more) to type one. */
export type AskUser = (text: string) => Promise<string | undefined>;

/** Longest line that is taken for an answer, in bytes; a longer one counts as an empty one. */
const MAX_ANSWER = 1_024;

/**
 * The terminal of this process; undefined if standard input or standard error is something else.
 *
 * @example
 * ```ts ignore
 * import { terminalAsk } from "./ask.ts";
 *
 * const ask = terminalAsk();
 * if (ask === undefined) throw new Error("there is nobody to ask");
 * const answer = await ask("Go on? [y/N] ");
 * ```
 */
export function terminalAsk(): AskUser | undefined {
  if (!Deno.stdin.isTerminal() || !Deno.stderr.isTerminal()) return undefined;
  return askOver(Deno.stdin, Deno.stderr);
}

/** What lines are read from. */
interface Input {
  /** Reads some bytes and answers how many, null at the end. */
  read(into: Uint8Array): Promise<number | null>;
}

/**
 * Asks by writing to one thing and reading lines from another.
 *
 * A line that was typed before the question was to be seen is no answer to it: what is waiting is read and
 * forgotten, until nothing comes for `quietMs`.
 *
 * @param quietMs @default {30}
 * @example
 * ```ts
 * import { askOver } from "./ask.ts";
 * import { assertEquals } from "../deps/assert.ts";
 *
 * const shown = Promise.withResolvers<string>();
 * const output = {
 *   writeSync: (bytes: Uint8Array): number => (shown.resolve(new TextDecoder().decode(bytes)), bytes.length),
 * };
 * const input = {
 *   read: async (into: Uint8Array): Promise<number> => {
 *     await shown.promise;
 *     return new TextEncoder().encodeInto("yes\n", into).written;
 *   },
 * };
 * assertEquals([await askOver(input, output)("Sure? "), await shown.promise], ["yes", "Sure? "]);
 * ```
 */
export function askOver(
  input: Input,
  output: { writeSync(bytes: Uint8Array): number },
  quietMs = 30,
): AskUser {
  return async (text) => {
    const buffer = new Uint8Array(MAX_ANSWER);
    let reading = input.read(buffer);
    for (let count = await within(reading, quietMs); count !== "nothing";) {
      if (count === null) return undefined;
      reading = input.read(buffer);
      count = await within(reading, quietMs);
    }
    for (let bytes = new TextEncoder().encode(text); bytes.length > 0;) {
      bytes = bytes.subarray(output.writeSync(bytes));
    }
    return await readLine(input, buffer, reading);
  };
}

async function within<T>(reading: Promise<T>, ms: number): Promise<T | "nothing"> {
  const { promise, resolve } = Promise.withResolvers<"nothing">();
  const timer = setTimeout(resolve, ms, "nothing");
  try {
    return await Promise.race([reading, promise]);
  } finally {
    clearTimeout(timer);
  }
}

/** @param reading the first read into the buffer, which is under way */
async function readLine(
  input: Input,
  buffer: Uint8Array,
  reading: Promise<number | null>,
): Promise<string | undefined> {
  const line: number[] = [];
  for (let count = await reading; count !== null; count = await input.read(buffer)) {
    const end = buffer.subarray(0, count).indexOf(10);
    // What comes after the line answers nothing.
    if (line.length <= MAX_ANSWER) line.push(...buffer.subarray(0, end < 0 ? count : end));
    if (end < 0) continue;
    return line.length > MAX_ANSWER ? "" : new TextDecoder().decode(new Uint8Array(line)).replace(/\r$/, "");
  }
  return undefined;
}

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

/**
 * Asks by writing to one thing and reading lines from another.
 *
 * @example
 * ```ts
 * import { askOver } from "./ask.ts";
 * import { assertEquals } from "../deps/assert.ts";
 *
 * let shown = "";
 * const output = { writeSync: (bytes: Uint8Array) => (shown += new TextDecoder().decode(bytes), bytes.length) };
 * const input = { read: (into: Uint8Array) => Promise.resolve(new TextEncoder().encodeInto("yes\n", into).written) };
 * assertEquals([await askOver(input, output)("Sure? "), shown], ["yes", "Sure? "]);
 * ```
 */
export function askOver(
  input: { read(into: Uint8Array): Promise<number | null> },
  output: { writeSync(bytes: Uint8Array): number },
): AskUser {
  return async (text) => {
    for (let bytes = new TextEncoder().encode(text); bytes.length > 0;) {
      bytes = bytes.subarray(output.writeSync(bytes));
    }
    return await readLine(input);
  };
}

async function readLine(
  input: { read(into: Uint8Array): Promise<number | null> },
): Promise<string | undefined> {
  const line: number[] = [];
  const buffer = new Uint8Array(MAX_ANSWER);
  while (true) {
    const count = await input.read(buffer);
    if (count === null) return undefined;
    const end = buffer.subarray(0, count).indexOf(10);
    // What comes after the line was typed before the next question was seen: it answers nothing.
    if (line.length <= MAX_ANSWER) line.push(...buffer.subarray(0, end < 0 ? count : end));
    if (end < 0) continue;
    return line.length > MAX_ANSWER ? "" : new TextDecoder().decode(new Uint8Array(line)).replace(/\r$/, "");
  }
}

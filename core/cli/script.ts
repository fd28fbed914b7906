/**
 * The frame of a program: one sentence for an error, the right exit code, and a Ctrl-C that is heard.
 *
 * | exit code | when                                                              |
 * | --------- | ----------------------------------------------------------------- |
 * | 0         | it is done                                                        |
 * | 1         | it could not be done: bad input, a full disk, a broken plugin      |
 * | 2         | the command line was wrong                                        |
 * | 130       | Ctrl-C: what was in hand is finished and saved                    |
 *
 * @module
 */
// deno-lint-ignore-file no-console -- this is where a program speaks
import { asFileError } from "../train/durable.ts";
import { KBertError } from "../wall/errors.ts";
import { printable } from "../wall/failure.ts";

/** What a program answers: `"interrupted"` if the signal ended it. */
export type ProgramOutcome = "done" | "interrupted";

/**
 * Runs a program to its end and exits.
 *
 * The first Ctrl-C aborts the signal; the second ends the process at once. A program that throws the signal's
 * reason had nothing to save. An error of k-bert is shown as its sentence; anything else is a bug and is
 * shown with its stack.
 */
export async function runProgram(main: (signal: AbortSignal) => Promise<ProgramOutcome>): Promise<never> {
  const controller = new AbortController();
  const onInterrupt = (): void => {
    if (controller.signal.aborted) Deno.exit(130);
    controller.abort(new Error("Ctrl-C"));
  };
  Deno.addSignalListener("SIGINT", onInterrupt);
  let code: number;
  try {
    code = await main(controller.signal) === "interrupted" ? 130 : 0;
  } catch (error) {
    code = controller.signal.aborted && error === controller.signal.reason ? stopped() : report(error);
  }
  // Not left to the event loop: a plugin's worker that is stuck would keep the process for ever.
  Deno.exit(code);
}

/**
 * Writes a line to standard output. `console.log` would lose it without a word on a full disk.
 *
 * @throws {KBertError} `file/unusable` if it cannot be written; {@linkcode Deno.errors.BrokenPipe} if nobody
 * reads any more, which {@linkcode runProgram} takes for the end.
 */
export function printLine(line: string): void {
  try {
    for (let bytes = new TextEncoder().encode(`${line}\n`); bytes.length > 0;) {
      bytes = bytes.subarray(Deno.stdout.writeSync(bytes));
    }
  } catch (error) {
    throw error instanceof Deno.errors.BrokenPipe ? error : asFileError("write", "standard output", error);
  }
}

function stopped(): number {
  console.error("Stopped; there was nothing to save yet");
  return 130;
}

function report(error: unknown): number {
  if (error instanceof KBertError) {
    console.error(`error: ${printable(error.message)}`);
    return error.code === "usage/invalid" ? 2 : 1;
  }
  if (error instanceof Deno.errors.NotCapable) {
    console.error(`error: ${printable(error.message)}`);
    return 1;
  }
  if (error instanceof Deno.errors.BrokenPipe) return 0; // `predict … | head` has had enough
  console.error("This is a bug in k-bert; please report it with the lines below.");
  console.error(error);
  return 1;
}

/**
 * Shows a run on the terminal: notes and progress on standard error, so that standard output stays a
 * program's.
 *
 * @module
 */
import type { Display } from "../train/fine_tune.ts";
import { createProgress, type Progress } from "../train/progress.ts";

/** A display on standard error: a bar on a terminal, plain lines elsewhere. */
export function terminalDisplay(): Display {
  const encoder = new TextEncoder();
  const isTerminal = Deno.stderr.isTerminal();
  const write = (text: string): void => {
    try {
      for (let bytes = encoder.encode(text); bytes.length > 0;) {
        bytes = bytes.subarray(Deno.stderr.writeSync(bytes));
      }
    } catch (error) {
      // A run goes on when nobody listens any more.
      if (!(error instanceof Deno.errors.BrokenPipe)) throw error;
    }
  };
  return {
    note: (line) => write(`${line}\n`),
    progress: (total): Progress =>
      createProgress({ total, isTerminal, write, columns: columnsOf(isTerminal) }),
  };
}

function columnsOf(isTerminal: boolean): number {
  try {
    return isTerminal && Deno.consoleSize().columns || 80; // some terminals say 0
  } catch {
    return 80;
  }
}

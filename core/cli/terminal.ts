/**
 * The world of a command when the program runs: standard output and error, the terminal, the environment.
 *
 * Of the environment only `TERM` is read, and only if that is allowed already: a program that was started without the
 * right must not ask for it because of a colour. `NO_COLOR` needs none.
 *
 * @module
 */
import { terminalAsk } from "../security/ask.ts";
import type { CommandIo } from "./command.ts";
import { terminalDisplay } from "./display.ts";
import { wantsNoColor } from "./program.ts";
import { printLine } from "./script.ts";
import { wantsColor } from "./style.ts";

/** What commands are handed by the program that runs; the signal is that of its Ctrl-C. */
export function terminalIo(args: readonly string[], signal: AbortSignal): CommandIo {
  return {
    print: printLine,
    note: terminalDisplay().note,
    ask: terminalAsk(),
    color: wantsColor({
      isTerminal: Deno.stdout.isTerminal(),
      isUnwanted: Deno.noColor || wantsNoColor(args),
      term: variable("TERM"),
    }),
    signal,
    /** Made when it is asked for: only one can read the input. */
    get input() {
      return Deno.stdin.readable;
    },
  };
}

function variable(name: string): string | undefined {
  return Deno.permissions.querySync({ name: "env", variable: name }).state === "granted"
    ? Deno.env.get(name)
    : undefined;
}

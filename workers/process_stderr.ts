/**
 * What a plugin's process writes to its standard error: Deno's own words when something goes wrong, since a
 * plugin cannot reach it. Whoever could would find it read to the end, and kept up to a limit.
 *
 * @module
 */
import { printable } from "../core/wall/printable.ts";
import { MEMORY_LINE } from "./process_protocol.ts";

/** Characters that are kept, and handed on, of all that a process writes. */
export const STDERR_CHARACTERS = 2 ** 16;
/** Characters of one line. */
const LINE_CHARACTERS = 1_000;

/** What is known when it has ended. */
export interface StderrSummary {
  /** The last line that begins with `error:`, otherwise the last that is not a place in a stack, or nothing. */
  readonly lastLine: string;
  /** Whether the engine gave up because there were too many objects. */
  readonly outOfHeap: boolean;
  /** How much memory it said that it had used, when that was too much. */
  readonly usedMb: number | undefined;
}

/**
 * Reads to the end, also what is dropped: who writes must not wait for ever.
 *
 * @param log hears each line, printable
 * @example
 * ```ts
 * import { readStderr } from "./process_stderr.ts";
 * import { assertEquals } from "../core/deps/assert.ts";
 *
 * const bytes = new TextEncoder().encode("error: no module\n    at file.ts:1:1\n");
 * const lines: string[] = [];
 * const { lastLine } = await readStderr(ReadableStream.from([bytes]), (line) => lines.push(line));
 * assertEquals([lastLine, lines.length], ["error: no module", 2]);
 * ```
 */
export async function readStderr(
  stream: ReadableStream<Uint8Array<ArrayBuffer>>,
  log: (line: string) => void = () => {},
): Promise<StderrSummary> {
  let lastLine = "";
  let outOfHeap = false;
  let usedMb: number | undefined;
  let room = STDERR_CHARACTERS;
  let rest = "";
  let hasError = false;
  for await (const text of stream.pipeThrough(new TextDecoderStream())) {
    if (room <= 0) continue;
    const lines = (rest + text.slice(0, room)).split("\n");
    room -= text.length;
    rest = lines.pop()!;
    lines.forEach(take);
    if (room <= 0) take(`${rest} … (what follows is left out)`);
  }
  if (room > 0) take(rest);
  return { lastLine, outOfHeap, usedMb };

  function take(line: string): void {
    if (line.trim() === "") return;
    if (line.startsWith(MEMORY_LINE)) return void (usedMb = Number.parseInt(line.slice(MEMORY_LINE.length)));
    const shown = printable(line, LINE_CHARACTERS);
    if (line.includes("JavaScript out of memory")) outOfHeap = true;
    const isError = line.startsWith("error:");
    if (isError || !hasError && !/^\s/.test(line)) lastLine = shown;
    hasError ||= isError;
    log(shown);
  }
}

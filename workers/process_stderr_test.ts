import { assertEquals, assertLessOrEqual } from "../core/deps/assert.ts";
import { readStderr, STDERR_CHARACTERS } from "./process_stderr.ts";

/** What is made of these pieces. */
async function read(
  pieces: Iterable<string>,
): Promise<{ lines: string[]; lastLine: string; outOfHeap: boolean }> {
  const encoder = new TextEncoder();
  const lines: string[] = [];
  const bytes = ReadableStream.from(Iterator.from(pieces).map((piece) => encoder.encode(piece)));
  return { ...await readStderr(bytes, (line) => lines.push(line)), lines };
}

Deno.test("readStderr() hands on whole printable lines, and the last that is not a place in a stack", async () => {
  const { lines, lastLine, outOfHeap } = await read(["err", "or: no\u001b[2J\n", "\n    at file", ".ts:1:1"]);

  assertEquals(lines, ["error: no\\u001b[2J", "    at file.ts:1:1"]);
  assertEquals([lastLine, outOfHeap], ["error: no\\u001b[2J", false]);
});

Deno.test("readStderr() sees that the engine had too many objects", async () => {
  const text = "<--- Last few GCs --->\n\n#\n# Fatal JavaScript out of memory: Reached heap limit\n#\n";

  assertEquals((await read([text])).outOfHeap, true);
});

Deno.test("readStderr() reads a flood to its end and keeps little of it", async () => {
  let sent = 0;
  function* flood(): Iterable<string> {
    for (; sent < 1_000; sent++) yield sent % 2 ? "x".repeat(10_000) : "y\n".repeat(5_000);
  }
  const { lines, lastLine } = await read(flood());

  assertEquals(sent, 1_000);
  const characters = lines.reduce((sum, line) => sum + line.length, 0);
  assertLessOrEqual(characters, STDERR_CHARACTERS + 100);
  assertLessOrEqual(lastLine.length, 1_100);
});

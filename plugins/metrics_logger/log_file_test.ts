import { assertEquals, assertRejects } from "@std/assert";
import { LogFile } from "./log_file.ts";
import type { LogFormat, Moment } from "./log_format.ts";
import { MemoryFiles } from "./memory_files.ts";

/** A moment is as many letters as its step says. */
function lettersFormat(rewrittenUpTo: number): LogFormat {
  return {
    rewrittenUpTo,
    fileName: (_begunMs, part) => `part${part}`,
    header: () => new TextEncoder().encode("#"),
    encode: ({ step }) => new TextEncoder().encode("abcdefghij"[step % 10]!.repeat(step)),
  };
}

function momentOf(step: number): Moment {
  return { name: "batch_end", timeMs: 0, epoch: 0, step, figures: {} };
}

async function textsAfter(
  format: LogFormat,
  steps: readonly (number | "flush")[],
): Promise<{ texts: string[]; writes: string[] }> {
  const files = new MemoryFiles();
  const log = new LogFile(format, { files, folder: "logs", begunMs: 0 });
  for (const step of steps) await (step === "flush" ? log.flush() : log.add(momentOf(step)));
  const texts = files.matching(/^logs\//).map((bytes) => new TextDecoder().decode(bytes));
  return { texts, writes: files.writes };
}

Deno.test("LogFile writes nothing before it is told to", async () => {
  assertEquals(await textsAfter(lettersFormat(100), [1, 2]), { texts: [], writes: [] });
  assertEquals(await textsAfter(lettersFormat(100), ["flush"]), { texts: [], writes: [] });
});

Deno.test("LogFile writes a file again with what came, until it has more than its format allows", async () => {
  const { texts, writes } = await textsAfter(lettersFormat(4), [
    1,
    "flush",
    2,
    "flush",
    3,
    "flush",
    "flush",
    4,
    "flush",
  ]);

  assertEquals(texts, ["#bccddd", "#eeee"]);
  assertEquals(writes, ["logs/part0", "logs/part0", "logs/part0", "logs/part1"]);
});

Deno.test("LogFile begins a file each time if its format allows no writing again", async () => {
  const { texts, writes } = await textsAfter(lettersFormat(0), [1, 2, "flush", 3, "flush"]);

  assertEquals(texts, ["#bcc", "#ddd"]);
  assertEquals(writes, ["logs/part0", "logs/part1"]);
});

Deno.test("LogFile writes without being told to when 64 KiB wait", async () => {
  const { texts } = await textsAfter(lettersFormat(0), [65_535, 1, 2]);

  assertEquals(texts.map(({ length }) => length), [1 + 65_536]);
});

Deno.test("LogFile says what it could not write", async () => {
  const files = new MemoryFiles();
  files.failure = new Error("the disk is full");
  const log = new LogFile(lettersFormat(0), { files, folder: "logs", begunMs: 0 });
  await log.add(momentOf(1));

  await assertRejects(() => log.flush(), Error, "the disk is full");
});

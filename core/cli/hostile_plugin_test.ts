import { assert, assertEquals, assertRejects } from "../deps/assert.ts";
import type { Score } from "../hostile/score.ts";
import { withTempFolder } from "../../tests/fixtures/tiny_run.ts";
import { writePlugin } from "../../tests/fixtures/written_plugin.ts";
import type { CommandIo } from "./command.ts";
import { hostilePluginCommand } from "./hostile_plugin.ts";

/** A world that remembers what is written. */
function recordingIo(
  signal = new AbortController().signal,
): { io: CommandIo; out: string[]; notes: string[] } {
  const [out, notes]: string[][] = [[], []];
  const io: CommandIo = {
    ...{ print: (line) => void out!.push(line), note: (line) => void notes!.push(line) },
    ...{ ask: undefined, color: false, signal, input: new ReadableStream() },
  };
  return { io, out: out!, notes: notes! };
}

Deno.test("plugin hostile --quick --json prints one object with a score, and progress elsewhere", async () => {
  await using folder = await withTempFolder();
  const body = `onEpochEnd(_epoch, logs) { return { log: { doubled: 2 * (logs.loss ?? 0) } }; }`;
  const path = await writePlugin(folder.path, {
    name: "doubler",
    port: "callback",
    base: "CallbackPort",
    body,
  });
  const { io, out, notes } = recordingIo();

  assertEquals(await hostilePluginCommand.run([path, "--quick", "--json"], io), "done");
  assertEquals(out.length, 1);
  const score = JSON.parse(out[0]!) as Score;
  assertEquals([score.plugin, score.version, score.tier, score.isPart], [
    "doubler",
    "1.0.0",
    "process",
    true,
  ]);
  assertEquals([score.attacks.held, score.attacks.of], [10, 10]);
  assertEquals(score.conformance.held, score.conformance.of);
  assertEquals(notes.length, score.attacks.of + score.conformance.rows.length);
  assertEquals([...Deno.readDirSync(folder.path)].map(({ name }) => name), ["doubler"]);
});

Deno.test("plugin hostile ends with a sentence when something is not held, after it has said what", async () => {
  await using folder = await withTempFolder();
  const body = `augment(texts) { return texts.map(() => String(Math.random())); }`;
  const path = await writePlugin(folder.path, {
    name: "dice",
    port: "augmenter",
    base: "AugmenterPort",
    body,
  });
  const { io, out } = recordingIo();

  const run = hostilePluginCommand.run([path, "--only", "same seed"], io);
  await assertRejects(() => run, Error, "1 of 1 were not held");
  assert(out[0]!.startsWith("NOT HELD  augmenter  same seed"), out[0]);
  assert(out.at(-1)!.includes("conformance: 0 of 1 held"), out.at(-1));
});

Deno.test("plugin hostile that is interrupted gives no score", async () => {
  await using folder = await withTempFolder();
  const body = `augment(texts) { return [...texts]; }`;
  const path = await writePlugin(folder.path, {
    name: "same",
    port: "augmenter",
    base: "AugmenterPort",
    body,
  });
  const { io, out } = recordingIo(AbortSignal.abort(new Error("Ctrl-C")));

  assertEquals(await hostilePluginCommand.run([path], io), "interrupted");
  assertEquals(out, []);
});

/**
 * Ctrl-C, as a user has it: a program in a process of its own, with no more rights than it needs.
 *
 * Nothing waits for a clock: the signal is sent when the program has written a certain line.
 *
 * @module
 */
import { assertEquals, assertMatch } from "../core/deps/assert.ts";
import { loadLatestCheckpoint } from "../core/train/checkpoint.ts";
import { pathOf, pathsIn, tinyData, tinyYaml, withTempFolder } from "./fixtures/tiny_run.ts";

Deno.test("Ctrl-C finishes the step in hand, saves it, says how to go on and ends with 130", async () => {
  await using folder = await prepared();

  const first = await program(folder.path, ["--pause-after", "1"], { interruptAt: /^Pausing/ });
  const [run = ""] = runsIn(folder.path);
  const checkpoint = await loadLatestCheckpoint(`${folder.path}/runs/${run}/checkpoints`);

  assertEquals(first.code, 130);
  const taken = stepsOf(first.stderr);
  const said = new RegExp(`^Stopped after step ${taken.length}\\. Go on with: --resume (\\S+/${run})$`, "m");
  assertMatch(first.stderr, said);
  assertEquals(checkpoint?.step, taken.length);

  const resume = said.exec(first.stderr)![1]!;
  const second = await program(folder.path, ["--resume", resume]);

  assertEquals(second.code, 0);
  assertEquals([...taken, ...stepsOf(second.stderr)].length, 12);
  assertEquals(runsIn(folder.path), [run]);
  const result = JSON.parse(await Deno.readTextFile(`${folder.path}/runs/${run}/result.json`));
  assertEquals(result.steps, 12);
});

Deno.test("a run that was interrupted and resumed in other processes has the losses of one that was not", async () => {
  await using folder = await prepared();

  const whole = await program(folder.path, []);
  const [wholeRun = ""] = runsIn(folder.path);
  const first = await program(folder.path, ["--pause-after", "3"], { interruptAt: /^Pausing/ });
  const [run = ""] = runsIn(folder.path).filter((name) => name !== wholeRun);
  const second = await program(folder.path, ["--resume", `${folder.path}/runs/${run}`]);

  assertEquals([whole.code, first.code, second.code], [0, 130, 0]);
  assertEquals([...stepsOf(first.stderr), ...stepsOf(second.stderr)], stepsOf(whole.stderr));
  for (const file of ["model.safetensors", "head.safetensors", "vocab.txt"]) {
    const [one, other] = [wholeRun, run].map((name) =>
      Deno.readFileSync(`${folder.path}/runs/${name}/model/${file}`)
    );
    assertEquals(one, other);
  }
});

Deno.test("Ctrl-C before the first step ends with 130 and leaves no run behind", async () => {
  await using folder = await prepared();

  const { code, stderr } = await program(folder.path, ["--pause-after", "0"], { interruptAt: /^Pausing/ });

  assertEquals(code, 130);
  assertMatch(stderr, /^Stopped; there was nothing to save yet$/m);
  assertEquals(runsIn(folder.path), []);
});

Deno.test("a second Ctrl-C ends at once with 130", async () => {
  await using folder = await prepared();

  const { code, stderr } = await program(folder.path, ["--hang"], { interruptAt: /^Hanging/ });

  assertEquals(code, 130);
  assertEquals(stderr.match(/^Stopped/m), null);
});

/** A folder with the settings and the texts of a run. */
async function prepared(): Promise<Awaited<ReturnType<typeof withTempFolder>>> {
  const folder = await withTempFolder();
  await Deno.writeTextFile(`${folder.path}/k-bert.yaml`, tinyYaml(`${folder.path}/runs`));
  await Deno.writeTextFile(`${folder.path}/texts.json`, JSON.stringify(tinyData()));
  return folder;
}

/** Runs the program to its end; sends it a SIGINT after each line on standard error that `interruptAt` matches. */
async function program(
  folder: string,
  options: readonly string[],
  { interruptAt }: { interruptAt?: RegExp } = {},
): Promise<{ code: number; stderr: string }> {
  const rights = [
    "--no-prompt",
    `--allow-read=${folder},${pathOf("../../")}`,
    `--allow-write=${folder}/runs`,
  ];
  const inputs = ["--config", `${folder}/k-bert.yaml`, "--data", `${folder}/texts.json`];
  await using child = new Deno.Command("deno", {
    args: ["run", "--quiet", "--no-check", ...rights, pathOf("./tiny_train.ts"), ...inputs, ...options],
    stdin: "piped",
    stdout: "null",
    stderr: "piped",
  }).spawn();
  const input = child.stdin.getWriter();
  const lines: string[] = [];
  for await (const line of linesOf(child.stderr)) {
    lines.push(line);
    if (!interruptAt?.test(line)) continue;
    child.kill("SIGINT");
    await input.write(new Uint8Array(1)).catch(() => {}); // ends a pause, unless it is gone already
  }
  await input.close().catch(() => {});
  return { code: (await child.status).code, stderr: lines.join("\n") };
}

async function* linesOf(stream: ReadableStream<Uint8Array<ArrayBuffer>>): AsyncIterable<string> {
  let partial = "";
  for await (const text of stream.pipeThrough(new TextDecoderStream())) {
    const lines = (partial + text).split("\n");
    partial = lines.pop()!;
    yield* lines;
  }
  if (partial !== "") yield partial;
}

/** The lines with steps and their losses. */
function stepsOf(stderr: string): string[] {
  return stderr.split("\n").filter((line) => /^step \d+ loss /.test(line));
}

function runsIn(folder: string): string[] {
  return pathsIn(`${folder}/runs`).filter((path) => !path.includes("/"));
}

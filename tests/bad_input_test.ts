/**
 * Whatever is wrong with what the user gives, the answer is one clear sentence, and nothing half-written is
 * left behind.
 *
 * @module
 */
import { assert, assertEquals, assertMatch, assertRejects } from "../core/deps/assert.ts";
import { diskFileSystem } from "../core/train/durable.ts";
import { createRuntime, type Display, type FineTuneOptions, KBertError, loadTrainingConfig } from "../mod.ts";
import {
  pathOf,
  pathsIn,
  tinyConfig,
  type TinyData,
  tinyData,
  type TinySettings,
  tinyYaml,
  withTempFolder,
  writeHead,
} from "./fixtures/tiny_run.ts";

const DATA = tinyData();
/** A whole head, to be spoilt. */
const FORWARD = "forward(hidden) { return this.classifier.apply(hidden); }";
const LAYERS = `constructor(config, bus, seed) {
  super(config, bus, seed);
  this.classifier = this.layers.linear("classifier", config.hidden_size, config.num_labels);
}`;

Deno.test("loadTrainingConfig() says file, line, column and what was expected", async (t) => {
  await using folder = await withTempFolder();
  const file = `${folder.path}/k-bert.yaml`;
  const cases: [string, string, RegExp][] = [
    ["no YAML", "name: tiny\nhead: {plugin: x", /k-bert\.yaml:3:1: found the end of the line, expected YAML/],
    ["a tab", "name: tiny\nhead:\n\tplugin: x\n", /k-bert\.yaml:3:1: /],
    ["an empty file", "", /k-bert\.yaml:1:1: .*expected a mapping/],
    ["a missing setting", "name: tiny\n", /k-bert\.yaml:1:1: head: missing, expected a mapping/],
    [
      "an unknown setting",
      "name: tiny\nhead: {plugin: x}\ntraining:\n  epoch: 3\n",
      /k-bert\.yaml:4:3: training.epoch: unknown setting, did you mean epochs\?/,
    ],
    [
      "a wrong type",
      "name: tiny\nhead: {plugin: x}\ntraining:\n  epochs: three\n",
      /k-bert\.yaml:4:3: training.epochs: found "three", expected a whole number/,
    ],
    [
      "a value out of range",
      "name: tiny\nseed: -1\nhead: {plugin: x}\n",
      /k-bert\.yaml:2:1: seed: found -1, expected at least 0/,
    ],
    [
      "another word",
      "name: tiny\nhead: {plugin: x}\nbackend: cuda\n",
      /k-bert\.yaml:3:1: backend: found "cuda", expected one of auto, webgpu, wasm, native, cpu/,
    ],
  ];
  for (const [name, text, message] of cases) {
    await t.step(name, async () => {
      await Deno.writeTextFile(file, text);

      const error = await assertRejects(() => loadTrainingConfig(file), KBertError);

      assertEquals(error.code, "document/invalid");
      assertMatch(error.message, message);
      assertIsSentence(error.message);
    });
  }
});

Deno.test("fineTune() refuses bad texts before it makes a folder", async (t) => {
  const [first, ...others] = DATA.train;
  const cases: [string, Partial<TinyData>, RegExp][] = [
    ["no training texts", { train: [] }, /^There are no training texts; give at least one$/],
    ["no test texts", { test: [] }, /^There are no test texts; give at least one$/],
    [
      "an empty text",
      { train: [first!, { text: " \n\t", label: 0 }, ...others] },
      /^The training text 2 is empty; leave/,
    ],
    [
      "a label outside the range",
      { test: [{ text: "a", label: 2 }] },
      /^The test text 1 has the label 2, expected 0 to 1 \(ham, spam\)$/,
    ],
    ["a negative label", { test: [{ text: "a", label: -1 }] }, /has the label -1, expected 0 to 1/],
    ["half a label", { test: [{ text: "a", label: 0.5 }] }, /has the label 0.5, expected 0 to 1/],
    [
      "a label that is no number",
      { test: [{ text: "a", label: NaN }] },
      /has the label NaN, expected 0 to 1/,
    ],
  ];
  for (const [name, data, message] of cases) {
    await t.step(name, async () => {
      await using folder = await withTempFolder();

      const error = await refusal({ config: tinyConfig(folder.path), ...DATA, ...data });

      assertEquals(error.code, "input/invalid");
      assertMatch(error.message, message);
      assertEquals(pathsIn(folder.path), []);
    });
  }
});

Deno.test("fineTune() answers a bad plugin with a sentence and leaves no run behind", async (t) => {
  const cases: [string, string | undefined, TinySettings, KBertError["code"], RegExp][] = [
    [
      "a folder that is missing",
      undefined,
      { plugin: "runs/.tests/no/such_head" },
      "plugin/image",
      /^Cannot read [^\n]*such_head\/plugin.yaml of the plugin such_head: there is no such file$/,
    ],
    [
      "an unknown setting",
      undefined,
      { headSettings: { droput_rate: 0.2 } },
      "document/invalid",
      /droput_rate: unknown setting, did you mean dropout_rate\? \(a setting of custom_classification_head\)/,
    ],
    [
      "a setting out of range",
      undefined,
      { headSettings: { dropout_rate: 2 } },
      "document/invalid",
      /dropout_rate: found 2, expected at most 0.9/,
    ],
    [
      "a width that is not the encoder's",
      undefined,
      { headSettings: { hidden_size: 17 } },
      "input/invalid",
      /^head\.settings\.hidden_size is 17, and it can only be 16 in this run; leave it out$/,
    ],
    [
      "a forbidden import",
      `${LAYERS}\n${FORWARD}\n}\nimport("node:fs");\nclass Other {`,
      {},
      "plugin/image",
      /^Cannot load the plugin bad_head: head.ts:\d+ imports "node:fs"; a plugin may import its own files/,
    ],
    [
      "no TypeScript",
      "forward( {",
      {},
      "plugin/image",
      /^Cannot load the plugin bad_head: Cannot read head.ts/,
    ],
    [
      "a constructor that throws",
      'constructor() { super({}, {}); throw new Error("no weights today"); }\nforward(x) { return x; }',
      {},
      "call/failed",
      /bad_head[^\n]*no weights today/,
    ],
    [
      "a forward that throws",
      `${LAYERS}\nforward() { throw new Error("out of cheese"); }`,
      {},
      "call/failed",
      /bad_head[^\n]*out of cheese/,
    ],
    [
      "NaN",
      `${LAYERS}\nforward(hidden) { return tf.mul(this.classifier.apply(hidden), NaN); }`,
      {},
      "train/not-finite",
      /^The loss of bad_head is NaN at step 1; try a lower learning rate$/,
    ],
    [
      "logits of another shape",
      `${LAYERS}\nforward(hidden) { return tf.concat([1, 2].map(() => this.classifier.apply(hidden)), 1); }`,
      {},
      "plugin/answer",
      /bad_head answered wrongly: the logits is float32 \[8,4\], expected float32 \[8,2\]/,
    ],
    [
      "no logits at all",
      `${LAYERS}\nforward() { return undefined; }`,
      {},
      "call/failed",
      /bad_head/,
    ],
    [
      "hidden states that nobody has",
      `${LAYERS}\nget reads() { return "everything"; }\n${FORWARD}`,
      {},
      "plugin/answer",
      /bad_head answered describe\(\) wrongly: reads: found "everything", expected one of cls, mean, all/,
    ],
    [
      "silence",
      `${LAYERS}\nforward() { return new Promise(() => {}); }`,
      {},
      "call/timeout",
      /bad_head[^\n]*1500 ms/,
    ],
  ];
  for (const [name, body, settings, code, message] of cases) {
    await t.step(name, async () => {
      await using folder = await withTempFolder();
      const plugin = body === undefined ? settings.plugin : await writeHead(folder.path, "bad_head", body);
      const config = tinyConfig(`${folder.path}/runs`, { ...settings, ...(plugin && { plugin }) });
      const callTimeoutMs = code === "call/timeout" ? 1_500 : config.head.callTimeoutMs;

      const error = await refusal({
        ...DATA,
        config: { ...config, head: { ...config.head, callTimeoutMs } },
      });

      assertEquals([error.code, error.message], [code, error.message]);
      assertMatch(error.message, message);
      assertIsSentence(error.message);
      assertEquals(pathsIn(`${folder.path}/runs`), []);
    });
  }
});

Deno.test("fineTune() says in a sentence that it cannot write, and leaves nothing half-written", async (t) => {
  await t.step("a file in the place of the output folder", async () => {
    await using folder = await withTempFolder();
    await Deno.writeTextFile(`${folder.path}/runs`, "");

    const error = await refusal({ config: tinyConfig(`${folder.path}/runs`), ...DATA });

    assertEquals(error.code, "file/unusable");
    assertMatch(
      error.message,
      /^Cannot write [^\n]*runs\/tiny-[^\n]*; a file stands where a folder is needed/,
    );
    assertEquals(pathsIn(folder.path), ["runs"]);
  });

  const untilSteps = ["run.json", "steps.jsonl", "vocab.txt"];
  const cases: [string, RegExp, string[]][] = [
    ["at run.json", /\/\.partial-run\.json$/, []],
    ["at the vocabulary", /\/\.partial-vocab\.txt$/, []],
    ["at the first checkpoint", /step-00000004\/encoder\.safetensors$/, ["checkpoints", ...untilSteps]],
    [
      "at the second checkpoint",
      /step-00000008\/checkpoint\.json$/,
      ["checkpoints", "checkpoints/step-00000004", ...untilSteps],
    ],
    [
      "at the model",
      /\/\.partial-classifier\.json$/,
      ["checkpoints", "checkpoints/step-00000008", "checkpoints/step-00000012", ...untilSteps],
    ],
  ];
  for (const [name, full, left] of cases) {
    await t.step(`a disk that is full ${name}`, async () => {
      await using folder = await withTempFolder();
      using _ = fullDiskAt(full);
      const config = tinyConfig(`${folder.path}/runs`, { training: { checkpointEverySteps: 4 } });

      const error = await refusal({ config, ...DATA });

      assertEquals(error.code, "file/unusable");
      assertMatch(
        error.message,
        /^Cannot write [^\n]*: no space left on device; free some space on that disk/,
      );
      assertIsSentence(error.message);
      const [run = "none"] = pathsIn(`${folder.path}/runs`);
      const paths = pathsIn(`${folder.path}/runs/${run}`).filter((path) => !/step-\d+\//.test(path));
      assertEquals(paths, left);
    });
  }
});

Deno.test("fineTune() goes on where a full disk ended a run, once there is room", async () => {
  await using folder = await withTempFolder();
  const config = tinyConfig(`${folder.path}/runs`, { training: { checkpointEverySteps: 4 } });
  {
    using _ = fullDiskAt(/step-00000008\/head\.safetensors$/);
    await refusal({ config, ...DATA });
  }
  const [run] = pathsIn(`${folder.path}/runs`);
  const steps: number[] = [];

  await using runtime = await createRuntime();
  const outcome = await runtime.fineTune({
    config,
    ...DATA,
    resume: `${folder.path}/runs/${run}`,
    onStep: ({ step }) => steps.push(step),
  });

  assertEquals([outcome.kind, steps[0], steps.at(-1)], ["finished", 5, 12]);
});

Deno.test("fineTune() throws the reason of a signal that came before the first step, and leaves nothing", async () => {
  await using folder = await withTempFolder();
  await using runtime = await createRuntime();
  const controller = new AbortController();
  const reason = new Error("enough");
  const note = (line: string): void => {
    if (line.startsWith("Learned a vocabulary")) controller.abort(reason);
  };

  const thrown = await runtime.fineTune({
    config: tinyConfig(`${folder.path}/runs`),
    ...DATA,
    signal: controller.signal,
    display: { note, progress: noProgress },
  }).catch((error: unknown) => error);

  assertEquals(thrown, reason);
  assertEquals(pathsIn(`${folder.path}/runs`), []);
});

Deno.test("fineTune() counts the texts that are longer than the limit and says so once", async () => {
  await using folder = await withTempFolder();
  await using runtime = await createRuntime();
  const notes: string[] = [];
  const long = { text: "free money ".repeat(40), label: 1 };

  const outcome = await runtime.fineTune({
    config: tinyConfig(folder.path, { training: { maxSteps: 1 } }),
    ...DATA,
    train: [...DATA.train.map(({ label }) => ({ text: "the list", label })), long, long],
    test: [{ text: "the list", label: 0 }, long],
    display: { note: (line) => void notes.push(line), progress: noProgress },
  });

  assert(outcome.kind === "finished");
  assertEquals(outcome.result.examples, { train: 46, test: 2, truncated: 3, validation: 0 });
  const said = notes.filter((line) => line.includes("longer"));
  assertEquals(said, ["3 of them are longer than 16 tokens, and their end was left out"]);
});

Deno.test("a program ends with 1 or 2 and one line that starts with error:", async (t) => {
  await using folder = await withTempFolder();
  const { path } = folder;
  await Deno.writeTextFile(`${path}/k-bert.yaml`, tinyYaml(`${path}/runs`));
  await Deno.writeTextFile(`${path}/spoilt.yaml`, "name: tiny\nhead: {plugin: x}\nmodel:\n  layer: 2\n");
  const wrongHead = tinyYaml(`${path}/runs`, { headSettings: { droput_rate: 0.2 } });
  await Deno.writeTextFile(`${path}/wrong_head.yaml`, wrongHead);
  await Deno.writeTextFile(`${path}/elsewhere.yaml`, tinyYaml(`${path}/elsewhere`));
  await Deno.writeTextFile(`${path}/texts.json`, JSON.stringify(DATA));
  await Deno.mkdir(`${path}/runs/unfinished`, { recursive: true });
  await Deno.writeTextFile(`${path}/runs/unfinished/run.json`, "{}");
  const before = pathsIn(path);

  const train = (...args: string[]): string[] => [
    pathOf("./tiny_train.ts"),
    ...["--config", `${path}/k-bert.yaml`, "--data", `${path}/texts.json`],
    ...args,
  ];
  const cli = (...args: string[]): string[] => [pathOf("../../cli.ts"), ...args];
  const cases: [string, string[], number, RegExp][] = [
    [
      "settings that are missing",
      train("--config", `${path}/none.yaml`),
      1,
      /Cannot read the settings .*none\.yaml: there is no such file/,
    ],
    [
      "an unknown setting",
      train("--config", `${path}/spoilt.yaml`),
      1,
      /spoilt\.yaml:4:3: model\.layer: unknown setting, did you mean layers\?/,
    ],
    [
      "an unknown setting of the head",
      train("--config", `${path}/wrong_head.yaml`),
      1,
      /wrong_head\.yaml:27:7: head\.settings\.droput_rate: unknown setting, did you mean dropout_rate\?/,
    ],
    [
      "settings that may not be read",
      train("--config", pathOf("../../../k-bert.yaml")),
      1,
      /Cannot read the settings .*: Requires read access to /,
    ],
    [
      "a folder that may not be written",
      train("--config", `${path}/elsewhere.yaml`),
      1,
      /Cannot write .*elsewhere.*: requires write access .*; give the path to deno with/,
    ],
    [
      "a run that is none",
      train("--resume", `${path}/runs`),
      1,
      /Cannot resume .*: it has no run\.json; give/,
    ],
    [
      "a seed that is no number",
      train("--seed", "abc"),
      2,
      /the command line: seed: found "abc", expected a whole number/,
    ],
    [
      "a seed that is no YAML",
      train("--seed", "[1"),
      2,
      /the command line: seed: found "\[1", expected a whole/,
    ],
    [
      "another backend",
      train("--backend", "cuda"),
      2,
      /backend: found "cuda", expected one of auto, webgpu, wasm, native, cpu/,
    ],
    ["an unknown option", train("--sed", "1"), 2, /There is no option --sed; did you mean --seed\?/],
    ["an option without a value", train("--resume"), 2, /--resume needs a value after it/],
    ["an unknown command", cli("train"), 2, /There is no command train; there is predict/],
    ["predict without a model", cli("predict", "hello"), 2, /predict needs --model runs\/<id>/],
    ["predict --model --json", cli("predict", "--model", "--json", "x"), 2, /--model needs a value after it/],
    [
      "a model that is missing",
      cli("predict", "--model", `${path}/none`, "hello"),
      1,
      /There is no trained model in .*none; give the folder of a finished run/,
    ],
    [
      "a run without a model",
      cli("predict", "--model", `${path}/runs/unfinished`, "hello"),
      1,
      /The run .*unfinished has no model yet; go on with it first: --resume .*unfinished/,
    ],
    [
      "a model that may not be read",
      cli("predict", "--model", pathOf("../../../models/a"), "hello"),
      1,
      /Cannot read .*: requires read access to .*; give the path to deno with/,
    ],
  ];
  for (const [name, args, code, message] of cases) {
    await t.step(name, async () => {
      const ended = await program(path, args);

      assertMatch(ended.stderr, message);
      assertEquals([ended.code, ended.stdout], [code, ""]);
      assertMatch(ended.stderr, /^(Reading the texts\n)?error: [^\n]*\n$/);
      assertEquals(pathsIn(path), before);
    });
  }
});

Deno.test("predict answers odd input and ends quietly when nobody reads its answers", async (t) => {
  await using folder = await withTempFolder();
  await using runtime = await createRuntime();
  const { run } = await runtime.fineTune({ config: tinyConfig(`${folder.path}/runs`), ...DATA });
  const args = [pathOf("../../cli.ts"), "predict", "--model", run];

  await t.step("bytes that are no UTF-8, empty lines, and a last line without an end", async () => {
    const input = new Uint8Array([
      ...bytesOf("free money\r\n\n  \nna"),
      0xef,
      ...bytesOf("ve list\nlast one"),
    ]);

    const { code, stdout, stderr } = await program(folder.path, args, input);

    assertEquals([code, stderr], [0, ""]);
    assertEquals(stdout.trimEnd().split("\n").map((line) => line.split("\t")[2]), [
      "free money",
      "na\ufffdve list",
      "last one",
    ]);
  });
  await t.step("no input at all", async () => {
    assertEquals(await program(folder.path, args), { code: 0, stdout: "", stderr: "" });
  });
  await t.step("an empty text", async () => {
    const { code, stderr } = await program(folder.path, [...args, ""]);

    assertEquals([code, stderr], [1, "error: Text 1 is empty; give at least one character\n"]);
  });
  await t.step("a closed pipe", async () => {
    const { code, stderr } = await program(folder.path, args, bytesOf("one\n".repeat(99)), { closed: true });

    assertEquals([code, stderr], [0, ""]);
  });
});

/** The error of a run that cannot be. */
async function refusal(options: FineTuneOptions): Promise<KBertError> {
  await using runtime = await createRuntime({ log: () => {} });
  return await assertRejects(() => runtime.fineTune(options), KBertError);
}

function noProgress(): ReturnType<Display["progress"]> {
  const ignore = (): void => {};
  return { update: ignore, note: ignore, finish: ignore };
}

/** One line, and not one of a stack. */
function assertIsSentence(message: string): void {
  assertMatch(message, /^\S[^\n]*[^\s.]$/);
  assert(!message.includes("    at "));
}

/** A disk that takes half of the files that match, and then no more. */
function fullDiskAt(full: RegExp): Disposable {
  const { writeFlushed } = diskFileSystem;
  diskFileSystem.writeFlushed = async (path, bytes) => {
    if (!full.test(path)) return await writeFlushed(path, bytes);
    await Deno.writeFile(path, bytes.subarray(0, bytes.length / 2));
    throw Object.assign(new Error("No space left on device (os error 28)"), { code: "ENOSPC" });
  };
  return { [Symbol.dispose]: () => void (diskFileSystem.writeFlushed = writeFlushed) };
}

/** Runs a program with the rights to a folder and to write its runs. */
async function program(
  folder: string,
  args: readonly string[],
  input: Uint8Array = new Uint8Array(),
  { closed = false } = {},
): Promise<{ code: number; stdout: string; stderr: string }> {
  const rights = [
    "--no-prompt",
    `--allow-read=${folder},${pathOf("../../")}`,
    `--allow-write=${folder}/runs`,
  ];
  await using child = new Deno.Command("deno", {
    args: ["run", "--quiet", "--no-check", ...rights, ...args],
    stdin: "piped",
    stdout: "piped",
    stderr: "piped",
    env: { NO_COLOR: "1", XDG_RUNTIME_DIR: folder }, // without it some graphics drivers write to the console
  }).spawn();
  if (closed) await child.stdout.cancel();
  const writer = child.stdin.getWriter();
  await writer.write(input).then(() => writer.close()).catch(() => {}); // it may be gone already
  const [stdout, stderr] = await Promise.all([closed ? "" : child.stdout.text(), child.stderr.text()]);
  return { code: (await child.status).code, stdout, stderr };
}

function bytesOf(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}

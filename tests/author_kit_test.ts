/**
 * The author's kit as an author has it: `plugin new`, `check`, `test` and `dev` as commands in processes of their own.
 *
 * @module
 */
import { assert, assertEquals, assertMatch, assertStringIncludes } from "../core/deps/assert.ts";
import { PORT_NAMES } from "../core/author/new_plugin.ts";
import { createRuntime } from "../mod.ts";
import { CHECKOUT, serveCheckout } from "./fixtures/checkout_server.ts";
import { kBert } from "./fixtures/k_bert.ts";
import { serveNpmRegistry } from "./fixtures/npm_registry.ts";
import { pathsIn, tinyConfig, tinyData, withTempFolder } from "./fixtures/tiny_run.ts";

Deno.test("a new plugin of every kind passes its own tests and its check, untouched, and a head trains", async (t) => {
  await using folder = await withTempFolder();
  for (const type of PORT_NAMES) {
    const { code, stdout, stderr } = await kBert(folder.path, [
      "plugin",
      "new",
      `my-${type}`,
      "--type",
      type,
    ]);
    assertEquals(code, 0, stderr);
    assertStringIncludes(stdout, `my-${type}/my_${type}_test.ts\n`);
  }

  await t.step("tests, all of them in one go", async () => {
    const { code, stdout, stderr } = await kBert(folder.path, ["plugin", "test", "."]);

    assertEquals(code, 0, stdout + stderr);
    assertMatch(stdout, /\nok \| 14 passed \| 0 failed /);
  });
  for (const type of PORT_NAMES) {
    await t.step(`check of the ${type}`, async () => {
      const { code, stdout, stderr } = await kBert(folder.path, ["plugin", "check", `my-${type}`, "--json"]);

      assertEquals(code, 0, stdout + stderr);
      const { name, problems, findings } = JSON.parse(stdout);
      assertEquals([name, problems, findings], [`my-${type}`, 0, []]);
    });
  }
  await t.step("a training with the head, and a callback and an augmenter beside it", async () => {
    const { train, test, labels } = tinyData();
    const config = {
      ...tinyConfig(`${folder.path}/runs`, { plugin: `${folder.path}/my-head`, training: { epochs: 3 } }),
      callbacks: [{ plugin: `${folder.path}/my-callback`, settings: {} }],
      augmenters: [{ plugin: `${folder.path}/my-augmenter`, settings: {} }],
    };
    const losses: number[] = [];
    await using runtime = await createRuntime({ log: () => {} });

    const outcome = await runtime.fineTune({
      config: config as unknown as ReturnType<typeof tinyConfig>,
      ...{ labels, train, test },
      onStep: ({ loss }) => void losses.push(loss!),
    });

    assertEquals(outcome.kind, "finished");
    assert(losses.every(Number.isFinite) && losses.at(-1)! < losses[0]!, losses.join());
  });
  assertEquals(pathsIn(folder.path).filter((path) => /^my-[a-z]+\/\.(?!gitignore)/.test(path)), []);
});

Deno.test("plugin new refuses a name or a place that is none, with 2 or 1, and writes nothing", async (t) => {
  await using folder = await withTempFolder();
  await Deno.mkdir(`${folder.path}/full`);
  await Deno.writeTextFile(`${folder.path}/full/notes.txt`, "");
  const cases: [string[], number, RegExp][] = [
    [["MyHead", "--type", "head"], 2, /^Cannot call a plugin "MyHead": .*, such as my_head$/],
    [
      ["my_head"],
      2,
      /^plugin new needs --type head\|augmenter\|feature\|callback\|plugin, see plugin new --help$/,
    ],
    [["my_head", "--type", "haed"], 2, /^--type is one of head, augmenter, .*, and haed is none of them$/],
    [
      ["my_head", "--type", "head", "--dir", "full"],
      1,
      /^Cannot make the plugin in full: there is something in it/,
    ],
    [
      ["my_head", "--type", "head", "--dir", "/opt/x/y"],
      1,
      /^Cannot make the plugin in \/opt\/x\/y: .*--allow-write/,
    ],
  ];
  for (const [args, code, message] of cases) {
    await t.step(args.join(" "), async () => {
      const ended = await kBert(folder.path, ["plugin", "new", ...args]);

      assertEquals([ended.code, ended.stdout], [code, ""]);
      assertMatch(ended.error, message);
      assertEquals(pathsIn(folder.path), ["full", "full/notes.txt"]);
    });
  }
});

Deno.test("plugin check and plugin test end with 1 where something is wrong, and say what and where", async (t) => {
  await using folder = await withTempFolder();
  const run = (...args: string[]): ReturnType<typeof kBert> => kBert(folder.path, ["plugin", ...args]);
  await run("new", "words", "--type", "plugin");
  const source = `${folder.path}/words/words.ts`;
  const test = `${folder.path}/words/words_test.ts`;
  const [code, tests] = [await Deno.readTextFile(source), await Deno.readTextFile(test)];

  await t.step("an undeclared topic", async () => {
    await Deno.writeTextFile(source, code.replaceAll('"words.counted"', '"words.found"'));

    const ended = await run("check", "words");

    assertEquals([ended.code, ended.error], [1, "words has a problem, with a warning"]);
    assertMatch(ended.stdout, /^words\/words\.ts:\d+:11 problem topics\/undeclared It emits words\.found, /m);
    assertMatch(ended.stdout, /^words\/plugin\.yaml:\d+:7 warning topics\/unused words\.counted is in /m);
  });
  await t.step("a type error in a test", async () => {
    await Deno.writeTextFile(source, code);
    await Deno.writeTextFile(test, `${tests}\nconst wrong: number = "text";\nvoid wrong;\n`);

    const ended = await run("test", "words");

    assertEquals(ended.code, 1);
    assertMatch(ended.stderr, /TS2322[^]*\nerror: The tests of words did not pass\n$/);
    assertEquals(ended.stdout.includes("running"), false);
  });
  await t.step("a test that fails, and one that is left out", async () => {
    await Deno.writeTextFile(test, tests.replace('the soup"), 3)', 'the soup"), 4)'));

    const all = await run("test", "words");
    const filtered = await run("test", "words", "--", "--filter", "worker");

    assertEquals(all.code, 1);
    assertMatch(all.stderr, /\nerror: The tests of words did not pass\n$/);
    assertMatch(all.stdout, /FAILED \| 1 passed \| 1 failed/);
    assertEquals(filtered.code, 0, filtered.stdout);
    assertMatch(filtered.stdout, /1 passed \| 0 failed \| 1 filtered out/);
  });
  await t.step("a test that wants to read what is not its own", async () => {
    const theft = 'Deno.test("reads", () => void Deno.readTextFileSync("/etc/hostname"));\n';
    await Deno.writeTextFile(test, theft);

    const ended = await run("test", "words");

    assertEquals(ended.code, 1);
    assertMatch(ended.stdout, /NotCapable: Requires read access to /);
  });
  await t.step("no tests at all, and no folder", async () => {
    await Deno.remove(test);

    const [none, nowhere] = [await run("test", "words"), await run("test", "nowhere")];

    assertEquals([none.code, nowhere.code], [1, 1]);
    assertMatch(none.error, /^There are no tests in words; a file such as my_head_test\.ts is one, /);
    assertEquals(nowhere.error, "There is no folder nowhere");
  });
});

Deno.test("plugin dev --once starts a plugin with settings, times its calls, and ends with 1 if one fails", async () => {
  await using folder = await withTempFolder();
  await kBert(folder.path, ["plugin", "new", "my-head", "--type", "head"]);
  await Deno.writeTextFile(`${folder.path}/settings.yaml`, "inner_size: 7\nnum_labels: 2\n");
  const dev = (...args: string[]): ReturnType<typeof kBert> =>
    kBert(folder.path, ["plugin", "dev", "my-head", "--once", ...args]);

  const settings = ["--settings", "settings.yaml", "--settings", "num_labels=4"];
  const { code, stdout, stderr } = await dev(...settings, "--json");
  const wrong = await dev("--settings", "inner_siz=3");
  const file = `${folder.path}/my-head/my_head.ts`;
  const source = await Deno.readTextFile(file);
  await Deno.writeTextFile(
    file,
    source.replace("const inner =", 'throw new Error("out of order");\n    const inner ='),
  );
  const failed = await dev();

  assertEquals(code, 0, stderr);
  const lines = stdout.trim().split("\n").map((line) => JSON.parse(line));
  assertEquals(lines.slice(0, 2).map(({ topic }) => topic), ["plugin.initialized", "plugin.activated"]);
  const { kind, timings, events, memoryMb } = lines.at(-1);
  assertEquals(kind, "timings");
  const names = timings.map(({ name }: { name: string }) => name);
  assertEquals(names, ["describe", "predict", "evaluate", "step", "quietStep", "step and apply"]);
  for (const { samples, medianMs, p95Ms } of timings) {
    assert(samples > 0 && medianMs > 0 && p95Ms >= medianMs);
  }
  assert(events["head.forward_complete"] > 0 && memoryMb > 1);
  assertMatch(wrong.error, /inner_siz: unknown setting, did you mean inner_size\?/);
  assertEquals([wrong.code, failed.code], [1, 1]);
  assertMatch(failed.error, /^The call predict of my-head failed: .*out of order/);
});

Deno.test("plugin dev reloads what is saved, says where a mistake is, and ends with 130 by Ctrl-C", async () => {
  await using folder = await withTempFolder();
  await kBert(folder.path, ["plugin", "new", "words", "--type", "plugin"]);
  const file = `${folder.path}/words/words.ts`;
  const source = await Deno.readTextFile(file);
  const broken = source.replace("total(): number {", "total(: number {");
  await Deno.writeTextFile(file, broken);
  await using child = new Deno.Command("deno", {
    args: [
      ...[
        "run",
        "--no-prompt",
        "--no-check",
        `--lock=${new URL("tests/deno.lock", CHECKOUT).pathname}`,
        "--frozen",
      ],
      ...["--allow-read", "--allow-run=deno", new URL("cli.ts", CHECKOUT).pathname, "plugin", "dev", "words"],
    ],
    ...{ cwd: folder.path, env: { NO_COLOR: "1" }, stdin: "null" },
    ...{ stdout: "piped", stderr: "null" },
  }).spawn();
  const said: string[] = [];

  // What is done when a line is said, in this order; nothing waits for a clock.
  const script: [RegExp, () => void | Promise<void>][] = [
    [/ Waiting for the next save$/, () => Deno.writeTextFile(file, source)],
    [/ {2}total .* 40$/, () => Deno.writeTextFile(file, broken)],
    [
      / words was not reloaded /,
      () => Deno.writeTextFile(file, source.replace("return this.#total;", "return 7;")),
    ],
    [/ {2}total .*%$/, () => child.kill("SIGINT")],
  ];
  for await (const line of linesOf(child.stdout)) {
    said.push(line);
    if (script[0]?.[0].test(line)) await script.shift()![1]();
  }

  assertEquals((await child.status).code, 130, said.join("\n"));
  const text = said.join("\n");
  assertMatch(text, / It does not start \(words\/words\.ts:\d+\): .*Unexpected token/);
  assertMatch(text, / words was not reloaded \(words\/words\.ts:\d+\): .*Unexpected token/);
  assertMatch(text, / words was reloaded in \d+ ms/);
  assertEquals(script.length, 0, text);
});

Deno.test("plugin new, test and check work where k-bert was loaded from a URL", async () => {
  await using server = serveCheckout();
  const graph = [
    "cli.ts",
    "plugins/sdk/testing/mod.ts",
    "workers/process_sandbox.ts",
    "workers/plugin_process.ts",
  ];
  await using registry = await serveNpmRegistry([], graph);
  await using folder = await withTempFolder();
  const host = `127.0.0.1:${server.addr.port}`;
  const run = async (...args: string[]): Promise<{ code: number; stdout: string; stderr: string }> => {
    const { code, stdout, stderr } = await new Deno.Command("deno", {
      args: [
        ...["run", "--no-prompt", "--no-config", "--no-lock", `--allow-import=${host}`],
        ...[
          "--allow-read=.",
          "--allow-write=.",
          "--allow-run=deno",
          "--allow-env=DENO_DIR,NPM_CONFIG_REGISTRY",
        ],
        ...[`http://${host}/cli.ts`, "plugin", ...args],
      ],
      cwd: folder.path,
      env: {
        ...{ DENO_DIR: `${folder.path}/cache`, NO_COLOR: "1" },
        NPM_CONFIG_REGISTRY: `http://127.0.0.1:${registry.addr.port}/`,
      },
    }).output();
    const decoder = new TextDecoder();
    return { code, stdout: decoder.decode(stdout), stderr: decoder.decode(stderr) };
  };

  const made = await run("new", "words", "--type", "plugin");
  const tested = await run("test", "words");
  const checked = await run("check", "words");

  assertEquals(made.code, 0, made.stderr);
  const config = await Deno.readTextFile(`${folder.path}/words/deno.json`);
  assertStringIncludes(config, `"k-bert/sdk": "http://${host}/plugins/sdk/mod.ts"`);
  const manifest = await Deno.readTextFile(`${folder.path}/words/plugin.yaml`);
  assertStringIncludes(manifest, `$schema=http://${host}/plugins/plugin.schema.json`);
  assertEquals(tested.code, 0, tested.stdout + tested.stderr);
  assertMatch(tested.stdout, /ok \| 2 passed/);
  assertEquals([checked.code, checked.stdout], [0, ""], checked.stderr);
  assertMatch(checked.stderr, /words 0\.1\.0 is in order/);
});

async function* linesOf(stream: ReadableStream<Uint8Array<ArrayBuffer>>): AsyncIterable<string> {
  let partial = "";
  for await (const text of stream.pipeThrough(new TextDecoderStream())) {
    const lines = (partial + text).split("\n");
    partial = lines.pop()!;
    yield* lines;
  }
  if (partial !== "") yield partial;
}

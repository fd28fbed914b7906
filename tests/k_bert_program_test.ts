/**
 * The program as a whole: the real list of commands, its help, its exit codes, and what it says where a right of
 * Deno's is missing.
 *
 * @module
 */
import { assert, assertEquals, assertMatch, assertStringIncludes } from "../core/deps/assert.ts";
import { PROGRAM } from "../cli.ts";
import { commandHelp, programHelp } from "../core/cli/help.ts";
import { CHECKOUT } from "./fixtures/checkout_server.ts";
import { withTempFolder } from "./fixtures/tiny_run.ts";

/** Runs the program with these rights, in a folder. */
async function run(
  cwd: string,
  rights: readonly string[],
  ...args: string[]
): Promise<{ code: number; stdout: string; stderr: string }> {
  const { code, stdout, stderr } = await program(cwd, rights, args).output();
  const decoder = new TextDecoder();
  return { code, stdout: decoder.decode(stdout), stderr: decoder.decode(stderr) };
}

function program(cwd: string, rights: readonly string[], args: readonly string[]): Deno.Command {
  const lock = new URL("tests/deno.lock", CHECKOUT).pathname;
  return new Deno.Command("deno", {
    args: [
      ...["run", "--no-prompt", "--no-check", `--lock=${lock}`, "--frozen", ...rights],
      ...[new URL("cli.ts", CHECKOUT).pathname, ...args],
    ],
    ...{ cwd, stdin: "null", stdout: "piped", stderr: "piped" },
    env: { NO_COLOR: "1" },
  });
}

Deno.test("k-bert has a command for each name, and help that fits and shows examples that it would take", () => {
  const names = PROGRAM.commands.map(({ name }) => name);
  assertEquals(names.length, new Set(names).size);
  for (const command of PROGRAM.commands) {
    const { name, summary, options, examples, passesOn } = command;
    const help = commandHelp(PROGRAM, command, false);
    assert(help.split("\n").every((line) => line.length <= 110), help);
    assert(/^[A-Z].*[^.]$/.test(summary) && summary.length <= 100, summary);
    assert(examples.length > 0, `${name} has no example`);
    for (const { line } of examples) {
      assert(line === name || line.startsWith(`${name} `), `${name}: ${line}`);
      const [own = ""] = passesOn === undefined ? [line] : line.split(" -- ");
      for (const [, option = ""] of own.matchAll(/ --([a-z0-9-]+)/g)) {
        assert(option in options, `${name}: ${line}`);
      }
    }
  }
});

Deno.test("k-bert lists for programs, too: every command that lists or shows has --json", () => {
  const silent = new Set(["completion", "plugin test"]); // a script, and what deno test prints
  const without = PROGRAM.commands.filter(({ options, name }) => !("json" in options) && !silent.has(name));

  assertEquals(without.map(({ name }) => name), []);
});

Deno.test("k-bert needs no right to say what there is", async () => {
  await using folder = await withTempFolder();

  const bare = await run(folder.path, []);
  const help = await run(folder.path, [], "plugin", "new", "--help");
  const version = await run(folder.path, [], "--version");
  const script = await run(folder.path, [], "completion", "bash");

  assertEquals([bare.code, help.code, version.code, script.code], [0, 0, 0, 0]);
  assertEquals(bare.stdout, `${programHelp(PROGRAM, false)}\n`);
  assertStringIncludes(help.stdout, "Usage: k-bert plugin new NAME --type");
  assertMatch(version.stdout, /^k-bert \d+\.\d+\.\d+\n$/);
  assertMatch(script.stdout, /\ncomplete -F _k_bert k-bert\n$/);
});

Deno.test("k-bert ends with 2 for a command line that is wrong, and says what it should be", async () => {
  await using folder = await withTempFolder();

  const command = await run(folder.path, [], "plugin", "tset");
  const option = await run(folder.path, [], "plugin", "check", "--jsno");

  assertEquals([command.code, option.code, command.stdout, option.stdout], [2, 2, "", ""]);
  assertEquals(command.stderr, "error: There is no command plugin tset; did you mean plugin test?\n");
  assertEquals(option.stderr, "error: There is no option --jsno; did you mean --json?\n");
});

Deno.test("k-bert says which flag of Deno's is missing, with 1 and without a question", async (t) => {
  await using folder = await withTempFolder();
  await run(folder.path, ["--allow-read=.", "--allow-write=."], "plugin", "new", "words", "--type", "plugin");
  const cases: [what: string, rights: string[], args: string[], error: RegExp][] = [
    ["reading", [], ["plugin", "check", "words"], /^error: .*--allow-read/],
    ["reading for tests", [], ["plugin", "test", "words"], /^error: .*--allow-read/],
    ["writing", ["--allow-read=."], ["plugin", "new", "b", "--type", "head"], /^error: .*--allow-write/],
    [
      "starting Deno",
      ["--allow-read=."],
      ["plugin", "check", "words"],
      /^error: .*run it with --allow-run=deno\n$/,
    ],
    [
      "starting it for tests",
      ["--allow-read=."],
      ["plugin", "test", "words"],
      /run it with --allow-run=deno\n$/,
    ],
    [
      "starting a plugin",
      ["--allow-read=."],
      ["plugin", "dev", "words", "--once"],
      /run it with --allow-run=deno\n$/,
    ],
    ["the folder of grants", [], ["grants", "list"], /^error: .*--allow-env=HOME/],
  ];
  for (const [what, rights, args, error] of cases) {
    await t.step(what, async () => {
      const ended = await run(folder.path, rights, ...args);

      assertMatch(ended.stderr, error);
      assertEquals(ended.code, 1);
      assertEquals(ended.stderr.includes("This is a bug"), false);
    });
  }
});

Deno.test("k-bert takes it for no error that nobody reads its output any more", async () => {
  await using folder = await withTempFolder();
  await using child = program(folder.path, [], ["--help"]).spawn();

  await child.stdout.cancel();
  const [{ code }, errors] = await Promise.all([child.status, new Response(child.stderr).text()]);

  assertEquals([code, errors], [0, ""]);
});

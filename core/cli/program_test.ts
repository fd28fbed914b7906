import { assert, assertEquals, assertMatch, assertRejects, assertStringIncludes } from "../deps/assert.ts";
import { KBertError } from "../wall/errors.ts";
import { type CommandIo, defineCommand } from "./command.ts";
import { runCommandLine } from "./program.ts";

/** A program whose commands say what they were given. */
function program(): {
  run(...args: string[]): Promise<string[]>;
  refusal(...args: string[]): Promise<KBertError>;
} {
  const echo = (name: string, takes = "[PATH]"): ReturnType<typeof defineCommand> =>
    defineCommand({
      name,
      summary: `Does ${name}`,
      takes,
      count: [0, 1],
      passesOn: "MORE",
      options: {
        json: { kind: "flag", help: "JSON" },
        type: { kind: "value", choices: ["head", "callback"], help: "what it is" },
      },
      details: "A long text. ".repeat(40),
      examples: [{ line: `${name} here`, does: "does it here" }],
      run: (args, options, io, passed) =>
        Promise.resolve(io.print(JSON.stringify([name, args, options, io.color, passed]))),
    });
  const commands = [
    echo("predict"),
    echo("plugin new"),
    echo("plugin"),
    echo("plugin check"),
    echo("grants list"),
  ];
  const run = async (...args: string[]): Promise<string[]> => {
    const lines: string[] = [];
    const io: CommandIo = {
      ...{ print: (line) => void lines.push(line), note: () => {}, ask: undefined, color: false },
      ...{ signal: new AbortController().signal, input: new ReadableStream() },
    };
    const described = { name: "k-bert", version: "1.2.3", summary: "tests", commands };
    assertEquals(await runCommandLine(described, args, io), "done");
    return lines;
  };
  return { run, refusal: (...args) => assertRejects(() => run(...args), KBertError) };
}

Deno.test("runCommandLine() runs the command of the most words, with what follows it", async () => {
  const { run } = program();

  assertEquals(await run("plugin", "new", "a", "--json"), ['["plugin new",["a"],{"json":true},false,[]]']);
  assertEquals(await run("plugin", "there"), ['["plugin",["there"],{},false,[]]']);
  assertEquals(await run("predict", "--no-color"), ['["predict",[],{},false,[]]']);
});

Deno.test("runCommandLine() leaves what comes after -- to the command", async () => {
  const { run } = program();

  assertEquals(await run("plugin", "check", "--", "--no-color", "--help", "-x"), [
    '["plugin check",[],{},false,["--no-color","--help","-x"]]',
  ]);
});

Deno.test("runCommandLine() shows all commands, those of a group, or all about one", async () => {
  const { run } = program();
  const [all = ""] = await run();

  assertEquals(await run("--help"), [all]);
  for (
    const word of ["k-bert 1.2.3", "predict [PATH]", "plugin new [PATH]", "Does grants list", "--version"]
  ) {
    assertStringIncludes(all, word);
  }
  const [group = ""] = await run("grants", "--help");
  assertStringIncludes(group, "grants list [PATH]");
  assert(!group.includes("plugin new"));
  const [command = ""] = await run("plugin", "new", "x", "--type", "--help");
  for (
    const word of ["Usage: k-bert plugin new [PATH] [options] [-- MORE]", "--type head|callback", "Examples:"]
  ) {
    assertStringIncludes(command, word);
  }
  assertMatch(command, /Exit codes: 0 .*, 1 .*, 2 .*, 130 /);
  for (const text of [all, group, command]) {
    assert(text.split("\n").every((line) => line.length <= 100), text);
    assertEquals(text.includes("\x1b"), false);
  }
});

Deno.test("runCommandLine() says the nearest word for one that is mistyped", async (t) => {
  const { refusal } = program();
  const cases: [string[], RegExp][] = [
    [["predcit", "x"], /^There is no command predcit; did you mean predict\?$/],
    [["new", "x"], /^There is no command new; did you mean plugin new\?$/],
    [["pulgin"], /^There is no command pulgin; did you mean plugin\?$/],
    [["train"], /^There is no command train; there is predict, plugin and grants, see k-bert --help$/],
    [["grants"], /^grants needs a command; there is list, see k-bert grants --help$/],
    [["grants", "lst"], /^There is no command grants lst; did you mean grants list\?$/],
    [["grants", "constructor"], /^There is no command grants constructor; there is list, see/],
    [["\x1b[31m"], /^There is no command \\u001b\[31m; /],
    [["--verison"], /^--verison is no command, and no option without one; did you mean --version\?$/],
    [["predict", "--jsno"], /^There is no option --jsno; did you mean --json\?$/],
    [["predict", "--type", "heads"], /^--type is one of head, callback, and heads is none of them$/],
    [["predict", "a", "b"], /^predict takes only \[PATH\], and b is more; see predict --help$/],
  ];
  for (const [args, message] of cases) {
    await t.step(args.join(" "), async () => {
      const error = await refusal(...args);

      assertMatch(error.message, message);
      assertEquals(error.code, "usage/invalid");
    });
  }
});

Deno.test("defineCommand() asks for what a command cannot do without", async () => {
  const command = defineCommand({
    ...{ name: "make", summary: "Makes", takes: "NAME", count: [1, 1], examples: [] },
    options: { type: { kind: "value", required: true, choices: ["a", "b"], help: "what" } },
    run: (_args, { type }, io) => Promise.resolve(io.print(type.toUpperCase())), // it is there, says the type
  });
  const described = { name: "k-bert", version: "1.2.3", summary: "tests", commands: [command] };
  const lines: string[] = [];
  const io: CommandIo = {
    ...{ print: (line) => void lines.push(line), note: () => {}, ask: undefined, color: true },
    ...{ signal: new AbortController().signal, input: new ReadableStream() },
  };
  const run = (...args: string[]): Promise<unknown> => runCommandLine(described, ["make", ...args], io);

  await run("x", "--type=a");
  await assertRejects(() => run("x"), KBertError, "make needs --type a|b, see make --help");
  await assertRejects(() => run("--type=a"), KBertError, "make needs NAME, see make --help");
  await run("--help");

  assertEquals(lines[0], "A");
  assertStringIncludes(lines[1]!, "Usage: k-bert make NAME --type a|b [options]");
  assertStringIncludes(lines[1]!, "\x1b[1mOptions\x1b[22m");
});

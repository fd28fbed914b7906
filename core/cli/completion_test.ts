import { assertEquals, assertMatch, assertRejects, assertStringIncludes } from "../deps/assert.ts";
import { KBertError } from "../wall/errors.ts";
import { type Command, defineCommand } from "./command.ts";
import { completionCommand } from "./completion.ts";
import { commandHelp } from "./help.ts";

const NEW = defineCommand({
  name: "plugin new",
  summary: "Makes a plugin's folder, [tested]",
  takes: "NAME",
  count: [1, 1],
  options: {
    type: { kind: "value", required: true, choices: ["head", "augmenter"], help: "what it is: head or so" },
    dir: { kind: "value", value: "DIR", help: "the folder" },
    json: { kind: "flag", help: "JSON" },
  },
  examples: [],
  run: () => Promise.resolve(),
});
const CHECK = defineCommand({
  ...{ name: "plugin check", summary: "Checks", takes: "[PATH]", count: [0, 1], options: {}, examples: [] },
  run: () => Promise.resolve(),
});
const COMMANDS: readonly Command[] = [completionCommand("k-bert", () => COMMANDS), NEW, CHECK];

async function script(shell: string): Promise<string> {
  const lines: string[] = [];
  await COMMANDS[0]!.run([shell], {
    ...{ print: (line) => void lines.push(line), note: () => {}, ask: undefined, color: false },
    ...{ signal: new AbortController().signal, input: new ReadableStream() },
  });
  return lines.join("\n");
}

/** Words of the line → what completes the last of them. */
const CASES: readonly (readonly [words: readonly string[], expected: readonly string[]])[] = [
  [["k-bert", ""], ["plugin", "completion", "--help", "--version", "--no-color"]],
  [["k-bert", "pl"], ["plugin"]],
  [["k-bert", "plugin", ""], ["new", "check", "--help"]],
  [["k-bert", "plugin", "ch"], ["check"]],
  [["k-bert", "plugin", "new", "--"], ["--type", "--dir", "--json", "--help", "--no-color"]],
  [["k-bert", "plugin", "new", "my_head", "--type", "h"], ["head"]],
  [["k-bert", "plugin", "new", "--type", "=", "a"], ["augmenter"]],
  [["k-bert", "plugin", "new", "--type", "="], ["head", "augmenter"]],
  [["k-bert", "plugin", "new", "--dir", "my"], ["my folder"]],
  [["k-bert", "plugin", "check", "my"], ["my folder"]],
  [["k-bert", "plugin", "new", "my"], []],
  [["k-bert", "completion", "z"], ["zsh"]],
  [["k-bert", "nothing", ""], []],
];

Deno.test({
  name: "completion bash completes commands, options, what options may be, and files, in bash itself",
  // The tests of this project may start nothing but Deno unless somebody says so.
  ignore: Deno.permissions.querySync({ name: "run", command: "bash" }).state !== "granted",
  async fn(t): Promise<void> {
    const folder = await Deno.makeTempDir();
    await Deno.mkdir(`${folder}/my folder`);
    const code = await script("bash");
    for (const [words, expected] of CASES) {
      await t.step(words.join(" "), async () => {
        const line = words.map((word) => `'${word}'`).join(" ");
        const test = `COMP_WORDS=(${line}); COMP_CWORD=${words.length - 1}; _k_bert; ` +
          `for word in "\${COMPREPLY[@]}"; do echo "$word"; done; complete -p k-bert`;
        const { stdout, stderr } = await new Deno.Command("bash", {
          args: ["--norc", "--noprofile", "-uc", `${code}\n${test}`],
          cwd: folder,
        }).output();

        assertEquals(new TextDecoder().decode(stderr), "");
        const answered = new TextDecoder().decode(stdout).trim().split("\n");
        assertEquals(answered, [...expected, "complete -F _k_bert k-bert"]);
      });
    }
    await Deno.remove(folder, { recursive: true });
  },
});

Deno.test("completion bash says for every command its options, their values and its arguments", async () => {
  const code = await script("bash");

  assertMatch(code, /"plugin new "\*\)\n.*\n\s+--type\) words="head augmenter" files="" ;;\n/);
  assertMatch(code, /--dir\) words="" files="yes" ;;/);
  assertMatch(code, /words="--type --dir --json --help --no-color"/);
  assertMatch(code, /"plugin check "\*\)[^]*?words="" files="yes"/);
  assertMatch(code, /"plugin "\) words="new check --help"/);
  assertMatch(code, /\ncomplete -F _k_bert k-bert$/);
});

Deno.test("completion zsh quotes what zsh would take for more than a text", async () => {
  const code = await script("zsh");

  assertMatch(code, /^#compdef k-bert\n/);
  assertStringIncludes(code, `'new:Makes a plugin'\\''s folder, [tested]'`);
  assertStringIncludes(code, "'--type=[what it is: head or so]:head|augmenter:(head augmenter)'");
  assertStringIncludes(code, "'--dir=[the folder]:DIR:_files'");
  assertStringIncludes(code, "'*:NAME: '");
});

Deno.test("completion fish says when a command, an option and a file are possible", async () => {
  const code = await script("fish");

  assertStringIncludes(code, "-n '__k_bert_at plugin' -a new -d 'Makes a plugin\\'s folder, [tested]'");
  assertStringIncludes(code, "-n '__k_bert_is plugin new' -l type -x -a 'head augmenter'");
  assertStringIncludes(code, "-n '__k_bert_is plugin new' -l dir -r -F");
  assertStringIncludes(code, "-n '__k_bert_is plugin check' -F");
});

Deno.test("completion names the shells that there are in its help", () => {
  const program = { name: "k-bert", version: "1.0.0", summary: "", commands: COMMANDS };

  assertStringIncludes(commandHelp(program, COMMANDS[0]!, false), "Usage: k-bert completion bash|zsh|fish");
});

Deno.test("completion says for which shells there is a script", async () => {
  const io = {
    ...{ print: () => {}, note: () => {}, ask: undefined, color: false },
    ...{ signal: new AbortController().signal, input: new ReadableStream<Uint8Array>() },
  };

  const run = (): Promise<unknown> => completionCommand("k-bert", () => []).run(["tcsh"], io);

  await assertRejects(run, KBertError, "There is no completion for tcsh; there is one for bash, zsh, fish");
});

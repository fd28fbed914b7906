import { assertEquals, assertRejects } from "../deps/assert.ts";
import { withTempFolder } from "../../tests/fixtures/tiny_run.ts";
import { runProgram } from "./program.ts";

const signal = new AbortController().signal;
const script = (code: string, ...rights: string[]): string[] => [
  ...["run", "--no-prompt", "--no-config", "--no-lock", ...rights],
  `data:text/javascript,${encodeURIComponent(code)}`,
];

Deno.test("runProgram hands input over and gives back what was written, and whether it ended well", async () => {
  const echo =
    "await Deno.stdin.readable.pipeTo(Deno.stdout.writable); console.error('word'); Deno.exit(INPUT);";
  const input = new TextEncoder().encode("hello");
  const ends = await Promise.all(
    ["0", "3"].map((code) =>
      runProgram("deno", { source: "a", args: script(echo.replace("INPUT", code)), input, signal })
    ),
  );

  assertEquals(ends.map(({ isSuccess }) => isSuccess), [true, false]);
  assertEquals(ends.map(({ stdout, stderr }) => [new TextDecoder().decode(stdout), stderr]), [
    ["hello", "word\n"],
    ["hello", "word\n"],
  ]);
});

Deno.test("runProgram ends a program that writes more than it may, and keeps no more than that", async () => {
  const code = "const chunk = new Uint8Array(65536); for (;;) await Deno.stdout.write(chunk);";

  const end = await runProgram("deno", { source: "a", args: script(code), signal, maxOutputBytes: 100_000 });

  assertEquals([end.isSuccess, end.exceeded, end.stdout.length], [false, "output", 100_000]);
});

Deno.test("runProgram ends a program that fills its folder, also if that was done between two looks", async () => {
  await using folder = await withTempFolder();
  const watched = { folder: folder.path, maxBytes: 1_000_000 };
  const name = JSON.stringify(`${folder.path}/file`);
  const more = `Deno.writeFileSync(${name} + index, new Uint8Array(100_000));`;
  const forever =
    `for (let index = 0;; index++) { ${more} await new Promise((resume) => setTimeout(resume, 10)); }`;
  const atOnce = `for (let index = 0; index < 20; index++) ${more}`;
  const right = `--allow-write=${folder.path}`;

  const stopped = await runProgram("deno", { source: "a", args: script(forever, right), signal, watched });
  for (const { name } of Deno.readDirSync(folder.path)) Deno.removeSync(`${folder.path}/${name}`);
  const late = await runProgram("deno", { source: "a", args: script(atOnce, right), signal, watched });

  assertEquals([stopped.isSuccess, stopped.exceeded], [false, "folder"]);
  assertEquals([late.isSuccess, late.exceeded], [false, "folder"]);
});

Deno.test("runProgram ends with the reason of its signal, also if a child of the program holds its output open", async () => {
  await using folder = await withTempFolder();
  const file = (name: string): string => JSON.stringify(`${folder.path}/${name}`);
  // Until it is told to stop, or for 20 s.
  const grandchild = `Deno.writeTextFileSync(${file("started")}, "");
    for (let turn = 0; turn < 1_000; turn++) {
      if ([...Deno.readDirSync(${file("")})].some(({ name }) => name === "stop")) break;
      await new Promise((resume) => setTimeout(resume, 20));
    }
    Deno.writeTextFileSync(${file("ended")}, "");`;
  const rights = [`--allow-read=${folder.path}`, `--allow-write=${folder.path}`];
  const child = `await new Deno.Command("deno", { args: ${
    JSON.stringify(script(grandchild, ...rights))
  } }).spawn().status;`;
  const giveUp = new AbortController();
  const running = runProgram("deno", {
    source: "a",
    args: script(child, "--allow-run=deno"),
    signal: giveUp.signal,
  });
  const there = (name: string): boolean =>
    [...Deno.readDirSync(folder.path)].some((entry) => entry.name === name);
  while (!there("started")) await new Promise((resume) => setTimeout(resume, 10));

  giveUp.abort(new Error("Ctrl-C"));
  await assertRejects(() => running, Error, "Ctrl-C");
  assertEquals(there("ended"), false);

  await Deno.writeTextFile(`${folder.path}/stop`, "");
  while (!there("ended")) await new Promise((resume) => setTimeout(resume, 10));
  await assertRejects(
    () => runProgram("deno", { source: "a", args: [], signal: giveUp.signal }),
    Error,
    "Ctrl-C",
  );
});

import { assertEquals } from "../../core/deps/assert.ts";
import { taskProblems } from "./tasks.ts";

Deno.test("taskProblems() finds none in this repository", async () => {
  const text = await Deno.readTextFile(new URL("../../deno.json", import.meta.url));

  assertEquals(taskProblems(JSON.parse(text)), []);
});

Deno.test("taskProblems() reports every way to give a right without bounds", () => {
  const wrong = {
    a: "deno run -A main.ts",
    b: "deno test --allow-all",
    c: "deno fmt && deno test --allow-read --allow-run",
    d: { description: "an object", command: "deno run -qA main.ts" },
    e: "deno run --allow-write main.ts --allow-net=",
    f: "deno run -W main.ts",
  };

  assertEquals(
    taskProblems({ tasks: wrong, permissions: { x: { all: true }, y: { run: { allow: true } } } }),
    [
      'the task "a" uses -A',
      'the task "b" uses --allow-all',
      'the task "c" uses --allow-read',
      'the task "c" uses --allow-run',
      'the task "d" uses -qA',
      'the task "e" uses --allow-write',
      'the task "e" uses --allow-net=',
      'the task "f" uses -W',
      'the permission set "x" has "all": true',
      'the permission set "y" has "run": true',
    ],
  );
});

Deno.test("taskProblems() accepts bounded rights and tasks without a command", () => {
  const fine = {
    a: "deno test --allow-read=. --allow-run=deno --allow-env=A",
    b: { dependencies: ["a"] },
    c: "deno bench --allow-run=deno -- --all",
  };

  assertEquals(taskProblems({ tasks: fine, permissions: { x: { run: ["deno"], read: true } } }), []);
  assertEquals(taskProblems({}), []);
});

import { assertEquals } from "../../core/deps/assert.ts";
import { taskProblems } from "./tasks.ts";

Deno.test("taskProblems() finds none in this repository", async () => {
  const text = await Deno.readTextFile(new URL("../../deno.json", import.meta.url));

  assertEquals(taskProblems(JSON.parse(text)), []);
});

Deno.test("taskProblems() reports every way to give all rights, or to run any program", () => {
  const wrong = {
    a: "deno run -A main.ts",
    b: "deno test --allow-all",
    c: "deno fmt && deno test --allow-read --allow-run",
    d: { description: "an object", command: "deno run -qA main.ts" },
  };

  assertEquals(
    taskProblems({ tasks: wrong, permissions: { x: { all: true }, y: { run: { allow: true } } } }),
    [
      'the task "a" uses -A',
      'the task "b" uses --allow-all',
      'the task "c" uses --allow-run',
      'the task "d" uses -qA',
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

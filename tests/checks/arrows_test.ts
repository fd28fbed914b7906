import { assertEquals } from "../../core/deps/assert.ts";
import { arrowProblems, type Sources, specifierProblems } from "./arrows.ts";

const ROOT = new URL("../../", import.meta.url);

Deno.test("arrowProblems() finds none in this repository", async () => {
  assertEquals(await arrowProblems(await readSources(ROOT)), []);
});

Deno.test("specifierProblems() finds none in this repository", async () => {
  assertEquals(await specifierProblems(await readSources(ROOT)), []);
});

Deno.test("arrowProblems() reports an import that points up, however it is written", async (t) => {
  const imports: Record<string, string> = {
    "a plain import": `import { a } from "../train/a.ts";`,
    "a type-only import": `import type { A } from "../train/a.ts";`,
    "a type among values": `import { type A, b } from "../train/a.ts";`,
    "a re-export": `export * from "../train/a.ts";`,
    "a re-export of a type": `export type { A } from "../train/a.ts";`,
    "an import for its effects": `import "../train/a.ts";`,
    "a dynamic import": `const a = await import("../train/a.ts");`,
    "a type in the middle": `let a: import("../train/a.ts").A;`,
    "an escaped name": `import "../tr\\u0061in/a.ts";`,
    "a detour": `import "../../core/bert/../train/a.ts";`,
  };
  for (const [name, source] of Object.entries(imports)) {
    await t.step(name, async () => {
      assertEquals(await arrowProblems(new Map([["core/bert/b.ts", source]])), [
        "core/bert/b.ts imports core/train/a.ts, but core/bert may import only " +
        "core/bert, core/tensor, core/wall, core/deps",
      ]);
    });
  }
});

Deno.test("arrowProblems() knows what each part may import", async () => {
  const allowed: [string, string][] = [
    ["tests/a_test.ts", "../cli.ts"],
    ["examples/a.ts", "../mod.ts"],
    ["cli.ts", "./mod.ts"],
    ["cli.ts", "./core/cli/train.ts"],
    ["mod.ts", "./workers/a.ts"],
    ["core/train/a.ts", "../bert/a.ts"],
    ["core/train/deep/a.ts", "../../wall/a.ts"],
    ["core/bert/a_test.ts", "../train/a.ts"],
    ["core/wall/a.ts", "../deps/zod.ts"],
    ["workers/a.ts", "../plugins/sdk/mod.ts"],
    ["plugins/sdk/a.ts", "../../core/tensor/a.ts"],
    ["plugins/head/head.ts", "./layers/a.ts"],
    ["plugins/head/head.ts", "k-bert/sdk"],
    ["plugins/head/head_test.ts", "k-bert/sdk/testing"],
    ["plugins/head/head_test.ts", "@std/assert"],
    ["plugins/head/head_test.ts", "k-bert"],
    ["plugins/head/head_test.ts", "../../tests/fixtures/tiny_run.ts"],
  ];
  const forbidden: [string, string][] = [
    ["cli.ts", "./tests/a.ts"],
    ["mod.ts", "./plugins/head/head.ts"],
    ["mod.ts", "./cli.ts"],
    ["core/train/a.ts", "../plugins/a.ts"],
    ["core/cli/a.ts", "../../mod.ts"],
    ["core/tensor/a.ts", "../bert/a.ts"],
    ["core/bert/a_test.ts", "../../mod.ts"],
    ["core/wall/a.ts", "../bus/a.ts"],
    ["core/deps/a.ts", "../wall/a.ts"],
    ["core/walled/a.ts", "./b.ts"], // not core/wall, and nothing else either
    ["workers/a.ts", "../core/plugins/a.ts"],
    ["plugins/sdk/a.ts", "../head/head.ts"],
    ["plugins/head/head.ts", "../sdk/mod.ts"],
    ["plugins/head/head.ts", "../other/other.ts"],
    ["plugins/head/head.ts", "@std/assert"],
    ["plugins/head/head.ts", "npm:zod@4.6.7"],
    ["plugins/head/head.ts", "node:fs"],
    ["plugins/head/head_test.ts", "../../core/wall/errors.ts"],
    ["core/bert/a.ts", "../../../outside.ts"],
  ];
  for (const [from, specifier] of allowed) {
    assertEquals(await arrowProblems(oneImport(from, specifier)), [], `${from} -> ${specifier}`);
  }
  for (const [from, specifier] of forbidden) {
    assertEquals((await arrowProblems(oneImport(from, specifier))).length, 1, `${from} -> ${specifier}`);
  }
});

Deno.test("arrowProblems() prints a cycle as the way it takes, types included", async () => {
  const sources = new Map([
    ["core/bert/start.ts", `import "./a.ts";`],
    ["core/bert/a.ts", `import { b } from "./b.ts";`],
    ["core/bert/b.ts", `import type { C } from "./c.ts";`],
    ["core/bert/c.ts", `export { a } from "./a.ts";`],
  ]);

  assertEquals(await arrowProblems(sources), [
    "a cycle of imports: core/bert/a.ts -> core/bert/b.ts -> core/bert/c.ts -> core/bert/a.ts",
  ]);
});

Deno.test("arrowProblems() is not misled by imports in comments and strings", async () => {
  const source =
    `// import "../train/a.ts";\nexport const text = \`import "../train/a.ts"\`; /* import "./a.ts" */`;

  assertEquals(await arrowProblems(new Map([["core/bert/a.ts", source]])), []);
});

Deno.test("arrowProblems() reports a core file that names a plugin's folder", async () => {
  const sources = new Map([
    ["plugins/head/head.ts", ""],
    ["core/train/a.ts", `export const entry = "plugins/head/head.ts";`],
  ]);

  assertEquals(await arrowProblems(sources), [
    "core/train/a.ts names plugins/head, but the core must not know any plugin",
  ]);
});

Deno.test("specifierProblems() wants exact npm: versions, in core/deps, and no import map", async () => {
  const fine: [string, string][] = [
    ["core/deps/zod.ts", "npm:zod@4.6.7"],
    ["core/deps/assert.ts", "npm:@scope/name@1.4.0/assert/mod.js"],
    ["core/deps/next.ts", "npm:next@1.0.0-rc.1"],
    ["core/security/a.ts", "node:module"],
    ["core/wall/a.ts", "../deps/zod.ts"],
    ["tests/a_test.ts", "@std/assert"],
    ["tests/deps/onnx.ts", "npm:onnx-proto@8.0.1"],
  ];
  const wrong: [string, string][] = [
    ["core/deps/zod.ts", "npm:zod"],
    ["core/deps/zod.ts", "npm:zod@^4.6.7"],
    ["core/deps/zod.ts", "npm:zod@4"],
    ["core/deps/zod.ts", "npm:@scope/name"],
    ["core/deps/zod.ts", "zod"],
    ["core/deps/zod.ts", "jsr:@std/assert@1.0.0"],
    ["core/deps/zod.ts", "https://example.org/mod.ts"],
    ["core/wall/a.ts", "npm:zod@4.6.7"],
    ["mod.ts", "k-bert/sdk"],
    ["plugins/sdk/a.ts", "@std/assert"],
    ["tests/deps/onnx.ts", "npm:onnx-proto"],
  ];
  for (const [from, specifier] of fine) {
    assertEquals(await specifierProblems(oneImport(from, specifier)), [], `${from} -> ${specifier}`);
  }
  for (const [from, specifier] of wrong) {
    assertEquals((await specifierProblems(oneImport(from, specifier))).length, 1, `${from} -> ${specifier}`);
  }
});

function oneImport(from: string, specifier: string): Sources {
  return new Map([[from, `import "${specifier}";`]]);
}

/** All TypeScript files of the repository. */
async function readSources(root: URL, prefix = ""): Promise<Map<string, string>> {
  const sources = new Map<string, string>();
  for await (const { name, isDirectory, isFile } of Deno.readDir(new URL(prefix, root))) {
    const path = prefix + name;
    if (isDirectory && !name.startsWith(".") && name !== "node_modules" && path !== "runs") {
      for (const [inner, source] of await readSources(root, `${path}/`)) sources.set(inner, source);
    } else if (isFile && name.endsWith(".ts") && !name.endsWith(".d.ts")) {
      sources.set(path, await Deno.readTextFile(new URL(path, root)));
    }
  }
  return sources;
}

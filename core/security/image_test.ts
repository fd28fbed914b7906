import { withTempFolder } from "../../tests/fixtures/tiny_run.ts";
import {
  assert,
  assertEquals,
  assertMatch,
  assertNotEquals,
  assertRejects,
  assertStringIncludes,
} from "../deps/assert.ts";
import { KBertError } from "../wall/errors.ts";
import { buildImage, IMAGE_LIMITS, packagesOf, type PluginImage, sealImage } from "./image.ts";
import { type PluginSource, pluginSource } from "./source.ts";

const MANIFEST = "name: sample\nversion: 1.0.0\nentry_points:\n  head: main:Main\n";
const encoder = new TextEncoder();

/** A plugin in memory. Files are texts, or bytes. */
function sourceOf(files: Record<string, string | Uint8Array>, manifest = MANIFEST): PluginSource {
  const all: Record<string, string | Uint8Array> = { "plugin.yaml": manifest, ...files };
  return {
    name: "sample",
    location: "memory",
    read(file, maxBytes): Promise<Uint8Array> {
      const content = Object.hasOwn(all, file) ? all[file] : undefined;
      if (content === undefined) {
        return Promise.reject(new KBertError("plugin/image", `no ${file}`, { plugin: "sample", file }));
      }
      const bytes = typeof content === "string" ? encoder.encode(content) : content;
      return Promise.resolve(bytes.slice(0, maxBytes + 1));
    },
  };
}

async function refusalOf(
  files: Record<string, string | Uint8Array>,
  manifest = MANIFEST,
): Promise<KBertError> {
  const error = await assertRejects(() => buildImage(sourceOf(files, manifest)), KBertError);
  assertEquals(error.code, "plugin/image");
  return error;
}

Deno.test("buildImage() follows imports and keeps JavaScript by URL, in the order of the URLs", async () => {
  const image = await buildImage(sourceOf({
    "main.ts": `import { b } from "./lib/b.ts";\nexport class Main { readonly b: number = b }\n`,
    "lib/b.ts": `export * from "../a.js";\nexport const b: number = 1;\n`,
    "a.js": `export const a = 1;\n`,
    "never_imported.ts": `import "node:fs";`,
  }));

  assertEquals([...image.modules.keys()], ["plugin:///a.js", "plugin:///lib/b.ts", "plugin:///main.ts"]);
  assertEquals(
    image.modules.get("plugin:///main.ts"),
    `import { b } from "./lib/b.ts";\nexport class Main {          b         = b }\n`,
  );
  assertEquals([image.manifest.name, image.kit], ["sample", "plain"]);
});

const WITH_PACKAGE = `${MANIFEST}dependencies: ["npm:@a/stats@1.2.3"]\n`;

Deno.test("buildImage() takes packages that are declared and installed, and hashes them too", async () => {
  const files = (sum: string): Record<string, string> => ({
    "main.ts": `import { sum } from "npm:@a/stats@1.2.3"; export class Main { sum = sum }`,
    "vendor/npm/@a/stats@1.2.3/index.js":
      `import { add } from "../../../chunk-A1.js"; export { add as sum };`,
    "vendor/chunk-A1.js": sum,
  });

  const image = await buildImage(sourceOf(files("export const add = f(a<b,c>(1));"), WITH_PACKAGE));
  const other = await buildImage(sourceOf(files("export const add = f(a<b,c>(2));"), WITH_PACKAGE));

  assertEquals([...image.modules.keys()], [
    ...["plugin:///main.ts", "plugin:///vendor/chunk-A1.js"],
    "plugin:///vendor/npm/@a/stats@1.2.3/index.js",
  ]);
  // In TypeScript, that were a call with type arguments.
  assertEquals(image.modules.get("plugin:///vendor/chunk-A1.js"), "export const add = f(a<b,c>(1));");
  assertNotEquals(image.sha256, other.sha256);
  const { manifestText, modules } = image;
  const without = new Map([...modules].filter(([url]) => !url.endsWith("index.js")));
  await assertRejects(
    () => sealImage(manifestText, without, "sample"),
    KBertError,
    "main.ts:1 imports npm:@a/stats@1.2.3, which is not part of it",
  );
});

Deno.test("buildImage() refuses packages that are not declared, not exact, or not installed", async (t) => {
  const cases: Record<string, [specifier: string, manifest: string, reason: string]> = {
    "not declared": ["npm:@a/stats@1.2.3", MANIFEST, "which its manifest does not declare"],
    "another version": ["npm:@a/stats@1.2.4", WITH_PACKAGE, "which its manifest does not declare"],
    "without a version": ["npm:@a/stats", WITH_PACKAGE, 'packages with exact versions ("npm:name@1.2.3")'],
    "a range": ["npm:@a/stats@^1.2.3", WITH_PACKAGE, "packages with exact versions"],
    "a way out of it": ["npm:@a/stats@1.2.3/../../../main.ts", WITH_PACKAGE, "packages with exact versions"],
    "another registry": ["jsr:@a/stats@1.2.3", WITH_PACKAGE, "packages with exact versions"],
  };
  for (const [what, [specifier, manifest, reason]] of Object.entries(cases)) {
    await t.step(what, async () => {
      const { message } = await refusalOf({ "main.ts": `import "${specifier}";` }, manifest);
      assertStringIncludes(message, `main.ts:1 imports "${specifier}"`);
      assertStringIncludes(message, reason);
    });
  }

  await t.step("not installed", async () => {
    await using folder = await withTempFolder();
    await Deno.writeTextFile(`${folder.path}/plugin.yaml`, WITH_PACKAGE);
    await Deno.writeTextFile(`${folder.path}/main.ts`, `import "npm:@a/stats@1.2.3";`);

    const error = await assertRejects(() => buildImage(pluginSource(folder.path)), KBertError);

    const { message, detail } = error;
    assertStringIncludes(
      message,
      "main.ts:1 imports npm:@a/stats@1.2.3, which is not installed in its folder",
    );
    assertMatch(message, /run: deno run .*--allow-run=deno .*cli\.ts plugin install \S+$/);
    assertEquals(detail, { plugin: "sample", file: "vendor/npm/@a/stats@1.2.3/index.js" });
  });
});

Deno.test("packagesOf() answers what is imported, and looks neither at what is declared nor at what is installed", async () => {
  const manifest = `${MANIFEST}dependencies: ["npm:a@1.0.0", "npm:b@1.0.0", "npm:c@1.0.0"]\n`;

  const packages = await packagesOf(sourceOf({
    "main.ts": `import "npm:b@1.0.0/x"; import "npm:a@1.0.0"; import "./more.ts"; import "k-bert/sdk";`,
    "more.ts": `import "npm:a@1.0.0";`,
  }, manifest));

  assertEquals(packages, ["npm:a@1.0.0", "npm:b@1.0.0/x"]);
});

Deno.test("buildImage() notices which parts of the SDK are used, types aside", async () => {
  const kitOf = async (main: string): Promise<string> =>
    (await buildImage(sourceOf({ "main.ts": main }))).kit;

  assertEquals(await kitOf(`import { PluginPort } from "k-bert/sdk"; PluginPort;`), "plain");
  assertEquals(await kitOf(`import { tf } from "k-bert/sdk/tensors"; tf;`), "tensors");
  assertEquals(await kitOf(`import { aq } from "k-bert/sdk/tables"; aq;`), "tables");
  assertEquals(await kitOf(`import "k-bert/sdk/tables"; import "k-bert/sdk/tensors";`), "all");
  assertEquals(await kitOf(`import type { tf } from "k-bert/sdk/tensors"; export {};`), "plain");
});

Deno.test("buildImage() reads a file once that two entry points name", async () => {
  const manifest = "name: sample\nversion: 1.0.0\nentry_points:\n  head: main:A\n  callback: ./main.ts:B\n";

  const image = await buildImage(sourceOf({ "main.ts": "export class A {}\nexport class B {}" }, manifest));

  assertEquals([...image.modules.keys()], ["plugin:///main.ts"]);
});

Deno.test("buildImage() accepts modules that import each other", async () => {
  const image = await buildImage(sourceOf({ "main.ts": `import "./b.ts";`, "b.ts": `import "./main.ts";` }));

  assertEquals(image.modules.size, 2);
});

Deno.test("buildImage() rewrites what is more than types: enums and parameter properties", async () => {
  const image = await buildImage(sourceOf({
    "main.ts": "enum Kind { A }\nexport class Main { constructor(readonly kind: Kind = Kind.A) {} }",
  }));

  const code = image.modules.get("plugin:///main.ts")!;
  assert(code.includes("this.kind = kind"));
});

Deno.test("buildImage() does not hold imports in comments and texts for imports", async () => {
  const code =
    `// import "node:fs"\n/* import("npm:x") */\nexport const a = 'import "y"', b = /import("z")/, c = 'import.meta';`;

  const image = await buildImage(sourceOf({ "main.ts": code }));

  assertEquals(image.modules.size, 1);
});

Deno.test("buildImage() refuses every import but of the plugin's own code and the SDK, with the line", async (t) => {
  const imports: Record<string, string> = {
    "a builtin": `import "node:fs";`,
    "a builtin without its scheme": `import "fs";`,
    "a package": `import { z } from "npm:zod";`,
    "a package of JSR": `import "jsr:@std/fs";`,
    "a bare name": `import "zod";`,
    "a file URL": `import "file:///etc/passwd";`,
    "an absolute path": `import "/etc/passwd";`,
    "an address": `import "http://127.0.0.1/a.ts";`,
    "an address without its scheme": `import "//127.0.0.1/a.ts";`,
    "a data URL": `import "data:text/javascript,export{}";`,
    "a blob": `import "blob:null/1";`,
    "the image's own scheme": `import "plugin:///a.ts";`,
    "a part of the SDK that is not one": `import "k-bert/sdk/../../mod.ts";`,
    "a folder above": `import "../a.ts";`,
    "a folder above, by a detour": `import "./lib/../../a.ts";`,
    "out and in again": `import "../folder/a.ts";`,
    "a percent-encoded path": `import "./%2e%2e/a.ts";`,
    "a backslash": `import "./..\\\\a.ts";`,
    "a query": `import "./a.ts?x";`,
    "a fragment": `import "./a.ts#x";`,
    "a tab that URLs leave out": `import "./.\\t./a.ts";`,
    "a NUL": `import "./a.ts\\0.ts";`,
    "two slashes": `import ".//etc/a.ts";`,
    "the folder itself": `import "./";`,
    "no extension": `import "./a";`,
    "JSON": `import "./a.json";`,
    "JSON with its attribute": `import a from "./a.json" with { type: "json" };`,
    "a module with an attribute": `import a from "./a.ts" with { type: "text" };`,
    "a hexadecimal escape": `import "\\x6eode:fs";`,
    "a Unicode escape": `import "\\u{6e}ode:fs";`,
    "a re-export": `export { a } from "node:fs";`,
    "a re-export of everything": `export * from "node:fs";`,
    "a re-export under a name": `export * as a from "node:fs";`,
    "a namespace": `import * as a from "node:fs"; a;`,
    "no blanks": `import{a}from"node:fs";a;`,
    "comments between": `import/**/a/**/from/**/"node:fs";a;`,
    "a dynamic import": `await import("node:fs");`,
    "a dynamic import with a comment": `await import(/* "./a.ts" */ "node:fs");`,
    "a dynamic import in parentheses": `await import(("node:fs"));`,
    "a dynamic import of a template": "await import(`node:fs`);",
    "a dynamic import with options": `await import("./a.ts", { with: { type: "text" } });`,
    "a dynamic import in a default": `export const f = (a = import("node:fs")) => a;`,
    "a dynamic import in a template": "`${await import('node:fs')}`;",
    "a computed name": `const name = "./a.ts"; await import(name);`,
    "a joined name": `await import("node" + ":fs");`,
    "a template with a hole": "const a = 'a'; await import(`./${a}.ts`);",
    "behind a line separator": `//\u2028import "node:fs";`,
    "behind what looks like a regular expression": `const f = class {} / 1; import "node:fs"; 1 / 1;`,
    "behind a function that is divided": `const f = function () {} / 1; import "node:fs"; 1 / 1;`,
    "behind a labelled block": `label: {} /"/; import "node:fs"; //"`,
    "behind a set in a regular expression": `/[[a]/"]/v; import "node:fs"; //"`,
  };
  for (const [what, line] of Object.entries(imports)) {
    await t.step(what, async () => {
      const error = await refusalOf({ "main.ts": `const first = 1;\n${line}\n`, "a.ts": "", "a.json": "{}" });
      assert(/main\.ts:[23] imports|main\.ts:2: Unexpected/.test(error.message), error.message);
    });
  }
});

Deno.test("buildImage() refuses import.meta, which knows the machine, and takes new.target, which does not", async () => {
  for (
    const code of ["import.meta.resolve('k-bert/sdk');", "const { url } = import.meta;", "f(import . meta)"]
  ) {
    const error = await refusalOf({ "main.ts": `const f = 1;\n${code}\n` });
    assert(/main\.ts:2 uses import\.meta/.test(error.message), error.message);
  }
  const image = await buildImage(
    sourceOf({ "main.ts": "function F() { return new.target; } // import.meta\n" }),
  );
  assertEquals(image.modules.size, 1);
});

Deno.test("buildImage() refuses imports of a phase", async (t) => {
  for (
    const code of [
      `import source a from "./a.ts";`,
      `import defer * as a from "./a.ts";`,
      `import.source("./a.ts")`,
    ]
  ) {
    await t.step(code, async () => {
      await refusalOf({ "main.ts": code, "a.ts": "" });
    });
  }
});

Deno.test("buildImage() says where a file is not TypeScript", async (t) => {
  const files: Record<string, [code: string, line: number]> = {
    "a class without an end": ["export class Main {\n\n", 3],
    "a value that is missing": ["\nconst a = ;", 2],
    "JSX": ["\n\nconst a = <div/>;", 3],
    "a comment of HTML": ["\n<!-- a", 2],
    "with": ["with (a) {}", 1],
  };
  for (const [what, [code, line]] of Object.entries(files)) {
    await t.step(what, async () => {
      const error = await refusalOf({ "main.ts": code });
      assert(error.message.includes(`main.ts:${line}`), error.message);
    });
  }
});

Deno.test("buildImage() survives code that is nested deeper than any parser's stack", async (t) => {
  const deep = 100_000;
  const files: Record<string, string> = {
    parentheses: "(".repeat(deep) + ")".repeat(deep),
    lists: `export const a = ${"[".repeat(deep)}`,
    blocks: "{".repeat(deep),
    functions: `export const a = ${"a=>".repeat(deep)}1`,
    negations: `export const a = ${"!".repeat(deep)}1`,
    conditions: `export const a = ${"a?{}:".repeat(deep)}1`,
    powers: `export const a = 1${"**1".repeat(deep)}`,
    assignments: `${"a=".repeat(deep)}1`,
    templates: "`${".repeat(deep),
    types: `type A = ${"B<".repeat(deep)}C${">".repeat(deep)}`,
    "just over the limit": `export const a = ${"(".repeat(260)}1${")".repeat(260)}`,
  };
  for (const [what, code] of Object.entries(files)) {
    await t.step(what, async () => {
      await refusalOf({ "main.ts": code });
    });
  }
});

Deno.test("buildImage() names the file that is missing", async () => {
  const error = await refusalOf({ "main.ts": `import "./lost.ts";` });

  assertEquals(error.detail, { plugin: "sample", file: "lost.ts" });
});

Deno.test("buildImage() refuses bytes that are not UTF-8, and takes a byte order mark off", async () => {
  await refusalOf({ "main.ts": new Uint8Array([0x2f, 0x2f, 0xff]) });

  const image = await buildImage(sourceOf({ "main.ts": "\ufeffexport const a = 1;" }));

  assertEquals(image.modules.get("plugin:///main.ts"), "export const a = 1;");
});

Deno.test("buildImage() refuses a plugin over each limit, with the limit and the value", async () => {
  const many = Object.fromEntries(
    Array.from({ length: 201 }, (_, index) => [`m${index}.ts`, `import "./m${index + 1}.ts";`]),
  );
  const large = "/".repeat(IMAGE_LIMITS.bytesPerFile);
  const heavy = Object.fromEntries(
    Array.from(
      { length: 5 },
      (_, index) => [`m${index}.ts`, `import "./m${index + 1}.ts";${large.slice(50)}`],
    ),
  );

  const modules = await refusalOf({ "main.ts": `import "./m0.ts";`, ...many });
  const file = await refusalOf({ "main.ts": `${large}/` });
  const bytes = await refusalOf({ "main.ts": `import "./m0.ts";`, ...heavy });

  assertEquals(modules.detail, { plugin: "sample", limit: 200, value: 201 });
  assertEquals(file.detail, { plugin: "sample", limit: 1_000_000, value: 1_000_001 });
  assert((bytes.detail as { value: number }).value > IMAGE_LIMITS.bytes);
});

Deno.test("buildImage() hashes to the same for the same content and to another for any change", async () => {
  const files = { "main.ts": `import "./a.ts";`, "a.ts": "export const a = 1;" };
  const hash = async (files: Record<string, string>, manifest?: string): Promise<string> =>
    (await buildImage(sourceOf(files, manifest))).sha256;

  const first = await hash(files);
  const others = [
    await hash({ ...files, "a.ts": "export const a = 2;" }),
    await hash({ ...files, "a.ts": "export const a = 1;\n" }),
    await hash(files, MANIFEST.replace("1.0.0", "1.0.1")),
    await hash(files, `${MANIFEST}# a comment\n`),
    await hash({ "main.ts": `import "./b.ts";`, "b.ts": files["a.ts"] }),
  ];

  assert(/^[0-9a-f]{64}$/.test(first));
  assertEquals(await hash({ "a.ts": files["a.ts"], "main.ts": files["main.ts"], "unused.ts": "1" }), first);
  assertEquals(new Set([first, ...others]).size, 6);
});

Deno.test("sealImage() makes the same image of the parts of one", async () => {
  const image = await buildImage(sourceOf({ "main.ts": "export class Main {}" }));

  const again = await sealImage(image.manifestText, image.modules, "sample");

  const { location, ...parts } = image;
  assertEquals([again, location], [parts, "memory"]);
});

Deno.test("sealImage() vets what was saved as if it were new", async (t) => {
  const saved: Record<string, [string, string][]> = {
    "an import that was added": [["plugin:///main.ts", `import "node:worker_threads";`]],
    "a computed import that was added": [["plugin:///main.ts", `import(name);`]],
    "a module that was taken away": [["plugin:///main.ts", `import "./gone.ts";`]],
    "a URL that is no module's": [["file:///main.ts", ""]],
    "code that is none": [["plugin:///main.ts", "("]],
  };
  for (const [what, modules] of Object.entries(saved)) {
    await t.step(what, async () => {
      const sealed = (): Promise<PluginImage> => sealImage(MANIFEST, new Map(modules), "sample");
      assertEquals((await assertRejects(sealed, KBertError)).code, "plugin/image");
    });
  }
});

Deno.test("sealImage() cannot be given the same hash by moving text from one part to the next", async () => {
  const of = (modules: [string, string][]): Promise<PluginImage> =>
    sealImage(MANIFEST, new Map(modules), "sample");

  const one = await of([["plugin:///a.ts", "1"], ["plugin:///b.ts", "2"]]);
  const other = await of([["plugin:///a.ts", `1","plugin:///b.ts","2`.replaceAll(/.+/g, "12")], [
    "plugin:///b.ts",
    "",
  ]]);

  assertNotEquals(one.sha256, other.sha256);
});

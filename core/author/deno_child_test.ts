import { assertEquals, assertRejects } from "../deps/assert.ts";
import { KBertError } from "../wall/errors.ts";
import { moduleOptions } from "./deno_child.ts";
import { ownImports } from "./own_modules.ts";

/** A folder with such a deno.json; gone afterwards. */
async function folderWith(config: string | undefined): Promise<{ readonly path: string } & AsyncDisposable> {
  const path = await Deno.realPath(await Deno.makeTempDir());
  if (config !== undefined) await Deno.writeTextFile(`${path}/deno.json`, config);
  return { path, [Symbol.asyncDispose]: () => Deno.remove(path, { recursive: true }) };
}

function importsIn(options: readonly string[]): Record<string, string> {
  const map = options.find((option) => option.startsWith("--import-map="))!;
  return JSON.parse(decodeURIComponent(map.slice("--import-map=data:application/json,".length))).imports;
}

Deno.test("moduleOptions() brings the modules of this k-bert into a folder without a deno.json", async () => {
  await using folder = await folderWith(undefined);

  const options = await moduleOptions(folder.path);

  assertEquals(options.filter((option) => !option.startsWith("--import-map")), ["--no-config", "--no-lock"]);
  assertEquals(importsIn(options), { ...ownImports() });
});

Deno.test("moduleOptions() uses a deno.json that names this k-bert as it is", async () => {
  await using folder = await folderWith(
    JSON.stringify({ imports: { ...ownImports(), more: "npm:x@1.0.0" } }),
  );

  assertEquals(await moduleOptions(folder.path), [`--config=${folder.path}/deno.json`, "--no-lock"]);
});

Deno.test("moduleOptions() takes imports of its own from a deno.json that names another k-bert", async () => {
  const imports = {
    "k-bert/sdk": "https://example.com/sdk/mod.ts",
    "lib": "./lib/mod.ts",
    "x": "npm:x@1.0.0",
  };
  await using folder = await folderWith(JSON.stringify({ imports }));

  const merged = importsIn(await moduleOptions(folder.path, { "npm:y@1.0.0": "file:///y.js" }));

  assertEquals(merged, {
    ...ownImports(),
    ...{ "lib": `file://${folder.path}/lib/mod.ts`, "x": "npm:x@1.0.0", "npm:y@1.0.0": "file:///y.js" },
  });
});

Deno.test("moduleOptions() says so where a deno.json is no JSON", async () => {
  await using folder = await folderWith('{ "imports": {} // mine\n}');

  const error = await assertRejects(
    () => moduleOptions(folder.path),
    KBertError,
    "comments are not understood here",
  );
  assertEquals(error.code, "document/invalid");
});

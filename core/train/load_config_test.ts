import { assert, assertEquals, assertMatch, assertRejects } from "../deps/assert.ts";
import { KBertError } from "../wall/errors.ts";
import { loadTrainingConfig } from "./load_config.ts";

const YAML = "name: spam\nseed: 3\nmodel: {from: ../models/a b}\nhead:\n  plugin: ./heads/über\n";

Deno.test("loadTrainingConfig() takes paths relative to the file, however the file is named", async (t) => {
  await using folder = await folderWith({ "k-bert.yaml": YAML });
  const file = `${folder.path}/k-bert.yaml`;
  const parent = folder.path.slice(0, folder.path.lastIndexOf("/"));
  const names = { "a path": file, "a URL": new URL(`file://${file}`), "the text of a URL": `file://${file}` };
  for (const [name, location] of Object.entries(names)) {
    await t.step(name, async () => {
      const { head, model, output } = await loadTrainingConfig(location);

      assertEquals(head.plugin, `${folder.path}/heads/über`);
      assertEquals(model.from, `${parent}/models/a b`);
      assertEquals(output, "runs"); // to the current folder
    });
  }
});

Deno.test("loadTrainingConfig() reads a file whose path has letters that mean something in a URL", async () => {
  await using folder = await folderWith({});
  const odd = `${folder.path}/100% #1? é`;
  await Deno.mkdir(odd);
  await Deno.writeTextFile(`${odd}/k-bert.yaml`, "name: spam\nhead: {plugin: head}\n");

  const { head } = await loadTrainingConfig(`${odd}/k-bert.yaml`);

  assertEquals(head.plugin, `${odd}/head`);
});

Deno.test("loadTrainingConfig() leaves absolute paths and URLs as they are", async () => {
  await using folder = await folderWith({
    "a.yaml": "name: spam\nhead: {plugin: /plugins/head}\n",
    "b.yaml": "name: spam\nhead: {plugin: https://example.com/head/}\n",
  });

  const [a, b] = await Promise.all(
    ["a", "b"].map((name) => loadTrainingConfig(`${folder.path}/${name}.yaml`)),
  );

  assertEquals(a?.head.plugin, "/plugins/head");
  assertEquals(b?.head.plugin, "https://example.com/head/");
});

Deno.test("loadTrainingConfig() lets overrides go before the file's settings", async () => {
  await using folder = await folderWith({ "k-bert.yaml": YAML });

  const config = await loadTrainingConfig(`${folder.path}/k-bert.yaml`, {
    seed: "5",
    backend: undefined,
    "training.epochs": "7",
    "data.buckets": "[16, 32]",
    "head.settings.dropout_rate": "0.3",
  });

  assertEquals([config.seed, config.backend, config.training.epochs], [5, "auto", 7]);
  assertEquals(config.data.buckets, [16, 32, 128]);
  assertEquals(config.head.settings, { dropout_rate: 0.3 });
});

Deno.test("loadTrainingConfig() takes a wrong override for wrong usage", async (t) => {
  await using folder = await folderWith({ "k-bert.yaml": YAML });
  const cases: [string, Record<string, string>, RegExp][] = [
    ["no number", { seed: "abc" }, /^the command line: seed: found "abc", expected a whole number$/],
    ["empty", { seed: "" }, /^the command line: seed: found nothing, expected a whole number$/],
    ["no YAML", { seed: "[1" }, /^the command line: seed: found "\[1", expected a whole number$/],
    ["out of range", { seed: "-1" }, /^the command line: seed: found -1, expected at least 0$/],
    ["another word", { backend: "cuda" }, /^the command line: backend: found "cuda", expected one of auto, /],
    ["an unknown key", { sede: "1" }, /^the command line: sede: unknown setting, did you mean seed\?$/],
  ];
  for (const [name, overrides, message] of cases) {
    await t.step(name, async () => {
      const error = await assertRejects(
        () => loadTrainingConfig(`${folder.path}/k-bert.yaml`, overrides),
        KBertError,
      );

      assertEquals(error.code, "usage/invalid");
      assertMatch(error.message, message);
    });
  }
});

Deno.test("loadTrainingConfig() says where a problem is", async () => {
  await using folder = await folderWith({ "k-bert.yaml": "name: spam\nhead: {plugin: x}\nsede: 1\n" });

  const error = await assertRejects(() => loadTrainingConfig(`${folder.path}/k-bert.yaml`), KBertError);

  assertEquals(error.code, "document/invalid");
  assertMatch(error.message, /\/k-bert\.yaml:3:1: sede: unknown setting, did you mean seed\?$/);
});

Deno.test("loadTrainingConfig() says why a file cannot be read", async (t) => {
  await using folder = await folderWith({});
  const cases: [string, string, RegExp][] = [
    ["missing", `${folder.path}/none.yaml`, /none\.yaml: there is no such file$/],
    ["a missing URL", `file://${folder.path}/none.yaml`, /\/none\.yaml: there is no such file$/],
    ["a folder", folder.path, /^Cannot read the settings [^\n]*: Is a directory/],
  ];
  for (const [name, location, message] of cases) {
    await t.step(name, async () => {
      const error = await assertRejects(() => loadTrainingConfig(location), KBertError);

      assertEquals(error.code, "file/unusable");
      assertMatch(error.message, message);
    });
  }
});

Deno.test("loadTrainingConfig() reads a file on a web server, and paths relative to it", async () => {
  await using server = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen: () => {} },
    (request) =>
      request.url.endsWith("/conf/k-bert.yaml")
        ? new Response("name: spam\nhead: {plugin: ../heads/spam}\n")
        : new Response("no", { status: 404 }),
  );
  const base = `http://127.0.0.1:${server.addr.port}`;

  const config = await loadTrainingConfig(`${base}/conf/k-bert.yaml`);
  const error = await assertRejects(() => loadTrainingConfig(new URL(`${base}/none.yaml`)), KBertError);

  assertEquals(config.head.plugin, `${base}/heads/spam`);
  assertMatch(error.message, /none\.yaml: the server answers 404$/);
  assert(!error.message.includes("\n"));
});

async function folderWith(
  files: Record<string, string>,
): Promise<{ readonly path: string } & AsyncDisposable> {
  const path = await Deno.realPath(await Deno.makeTempDir({ prefix: "k-bert-" }));
  for (const [name, text] of Object.entries(files)) await Deno.writeTextFile(`${path}/${name}`, text);
  return { path, [Symbol.asyncDispose]: () => Deno.remove(path, { recursive: true }) };
}

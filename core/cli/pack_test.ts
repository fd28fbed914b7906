import { assertEquals, assertMatch, assertRejects } from "../deps/assert.ts";
import { pathsIn, withTempFolder } from "../../tests/fixtures/tiny_run.ts";
import { writePlugin } from "../../tests/fixtures/written_plugin.ts";
import { sha256 } from "../wall/sha256.ts";
import type { Command } from "./command.ts";
import { pluginKey } from "./key.ts";
import { pluginPack } from "./pack.ts";

async function run(command: Command, ...args: string[]): Promise<string[]> {
  const lines: string[] = [];
  const world = {
    ask: undefined,
    color: false,
    signal: new AbortController().signal,
    input: new ReadableStream(),
  };
  await command.run(args, { ...world, print: (line) => void lines.push(line), note: () => {} });
  return lines;
}

function writeMood(folder: string): Promise<string> {
  return writePlugin(folder, { name: "mood", port: "plugin", base: "PluginPort", body: "mood = 1;" });
}

Deno.test("plugin pack writes the archive and says what is in it, for people and for programs", async () => {
  await using folder = await withTempFolder();
  const path = await writeMood(folder.path);
  const out = `${folder.path}/out.tgz`;

  const lines = await run(pluginPack, path, "--out", out);
  const [json] = await run(pluginPack, path, "--out", out, "--json");

  const bytes = await Deno.readFile(out);
  const { imageSha256, ...told } = JSON.parse(json!);
  assertEquals(told, {
    ...{ name: "mood", version: "1.0.0", file: out, bytes: bytes.length, archiveSha256: await sha256(bytes) },
    files: told.files,
  });
  assertEquals(told.files.map(({ path }: { path: string }) => path), [
    "main.ts",
    "package.json",
    "plugin.yaml",
  ]);
  assertEquals(lines.slice(0, 3), [
    `${out}  ${bytes.length} bytes`,
    `archive  sha256 ${told.archiveSha256}`,
    `image    sha256 ${imageSha256}`,
  ]);
  assertMatch(
    lines.slice(3).join("\n"),
    /^ {2}main\.ts {2}\d+ bytes\n {2}package\.json .*\n {2}plugin\.yaml .*$/,
  );
  assertEquals(pathsIn(folder.path), ["mood", "mood/main.ts", "mood/plugin.yaml", "out.tgz"]);
});

Deno.test("plugin pack --sign leaves the signature in the folder, where the next pack finds it", async () => {
  await using folder = await withTempFolder();
  const path = await writeMood(folder.path);
  const key = `${folder.path}/key.pem`;
  const [publicKey] = await run(pluginKey, key);

  const [signed] = await run(pluginPack, path, "--out", `${folder.path}/a.tgz`, "--sign", key, "--json");
  const [again] = await run(pluginPack, path, "--out", `${folder.path}/b.tgz`, "--json");

  const [first, second] = [JSON.parse(signed!), JSON.parse(again!)];
  assertEquals([first.key, second.key], [publicKey, publicKey]);
  assertEquals(first.archiveSha256, second.archiveSha256);
  assertEquals(pathsIn(path), ["main.ts", "plugin.yaml", "signature.json"]);
  await Deno.writeTextFile(`${path}/main.ts`, "export class Main {}\n");
  await assertRejects(
    () => run(pluginPack, path, "--out", `${folder.path}/c.tgz`),
    Error,
    "is not of this code",
  );
  assertEquals(pathsIn(folder.path).includes("c.tgz"), false);
});

Deno.test("plugin key prints the public key, and writes over nothing", async () => {
  await using folder = await withTempFolder();
  const file = `${folder.path}/key.pem`;

  const [json] = await run(pluginKey, file, "--json");

  assertEquals(JSON.parse(json!).file, file);
  assertMatch(JSON.parse(json!).key, /^[A-Za-z0-9+/]{43}=$/);
  await assertRejects(() => run(pluginKey, file), Error, "a key is never written over");
});

import { assertEquals, assertMatch, assertNotEquals, assertRejects } from "../deps/assert.ts";
import { buildImage } from "../security/image.ts";
import { pluginSource } from "../security/source.ts";
import { sha256 } from "../wall/sha256.ts";
import { FetchPlace } from "../../tests/fixtures/fetching.ts";
import { pathsIn, withTempFolder } from "../../tests/fixtures/tiny_run.ts";
import { readArchive } from "./archive.ts";
import { pack } from "./pack.ts";
import { makeSigningKey, sign, verifySignature } from "./signature.ts";

const FILES: Readonly<Record<string, string>> = {
  "plugin.yaml":
    "name: mood\nversion: 1.2.0\ndescription: What mood a text is in\nauthor: Ada\nlicense: MIT\n" +
    'dependencies: ["npm:tone@1.0.0"]\nentry_points: { plugin: "src/main:Main" }\n',
  "src/main.ts": `import { PluginPort } from "k-bert/sdk";\nimport { low } from "./low.js";\n` +
    `import { tone } from "npm:tone@1.0.0";\nexport class Main extends PluginPort { low = low + tone; }\n`,
  "src/low.js": "export const low = 1;\n",
  "vendor/npm/tone@1.0.0/index.js": "export const tone = 2;\n",
  "vendor/packages.json": "{}\n",
  "README.md": "# mood\n",
  "CHANGELOG.md": "# 1.2.0\n",
  "LICENSE": "MIT\n",
};
const OTHER: Readonly<Record<string, string>> = {
  ...{ "src/main_test.ts": "Deno.test('a', () => {});\n", "src/unused.ts": "export {};\n", "notes.md": "x" },
  ...{ "data.csv": "x", ".env": "SECRET=1", "node_modules/a/index.js": "x", "deno.json": "{}" },
};

async function write(folder: string, files: Readonly<Record<string, string>>): Promise<string> {
  for (const [path, text] of Object.entries(files)) {
    await Deno.mkdir(`${folder}/${path}`.replace(/\/[^/]*$/, ""), { recursive: true });
    await Deno.writeTextFile(`${folder}/${path}`, text);
  }
  return folder;
}

Deno.test("pack() takes the modules of the image, what was installed, the texts, and nothing else", async () => {
  await using folder = await withTempFolder();
  const path = await write(folder.path, { ...FILES, ...OTHER });

  const { bytes, archiveSha256, image, files } = await pack(path);

  const expected = [...Object.keys(FILES), "package.json"].sort();
  assertEquals(files.map(({ path }) => path), expected);
  assertEquals(archiveSha256, await sha256(bytes));
  assertEquals(image.sha256, (await buildImage(pluginSource(path))).sha256);
  const { kept } = await readArchive("mood.tgz", bytes);
  const texts = Object.fromEntries(
    [...kept].map(([path, content]) => [path, new TextDecoder().decode(content)]),
  );
  assertEquals(texts, FILES);
});

Deno.test("pack() gives the same bytes whatever the order, times, modes and place of the files", async () => {
  await using folder = await withTempFolder();
  const first = await write(`${folder.path}/a`, { ...FILES, ...OTHER });
  const turned = Object.fromEntries(Object.entries(FILES).reverse());
  const second = await write(`${folder.path}/elsewhere/B`, turned);
  for (const path of pathsIn(second)) {
    await Deno.utime(`${second}/${path}`, 1e9, 1e9);
    if (/\.\w+$/.test(path)) await Deno.chmod(`${second}/${path}`, 0o755);
  }

  const packed = [await pack(first), await pack(second), await pack(`${second}/`)];

  assertEquals(new Set(packed.map(({ archiveSha256 }) => archiveSha256)).size, 1);
  await Deno.writeTextFile(`${second}/README.md`, "# Mood\n");
  const other = await pack(second);
  assertNotEquals(other.archiveSha256, packed[0]!.archiveSha256);
  assertEquals(other.image.sha256, packed[0]!.image.sha256);
});

Deno.test("pack() writes an archive whose every header is fixed, and which other programs read", async () => {
  await using folder = await withTempFolder();
  const { bytes, files } = await pack(await write(folder.path, FILES));

  assertEquals([...bytes.subarray(0, 10)], [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255]); // RFC 1952: no name, no time
  const tar = await new Response(new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip")))
    .bytes();
  const read = (at: number, length: number): string =>
    new TextDecoder().decode(tar.subarray(at, at + length)).replace(/\0.*$/s, "").trim();
  let at = 0;
  for (const { path, bytes } of files) { // POSIX.1-1988, ustar
    assertEquals(read(at, 100), `package/${path}`);
    assertEquals([100, 108, 116].map((field) => parseInt(read(at + field, 8), 8)), [0o644, 0, 0]);
    assertEquals([124, 136].map((field) => parseInt(read(at + field, 12), 8)), [bytes, 0]);
    assertEquals([read(at + 156, 1), read(at + 257, 5), read(at + 265, 64)], ["0", "ustar", ""]);
    at += 512 + Math.ceil(bytes / 512) * 512;
  }
  assertEquals(tar.length, at + 1_024);
});

Deno.test("a plugin that was packed, fetched and packed again is the same to the byte", async () => {
  await using place = await FetchPlace.make();
  const path = await write(`${place.path}/mood`, { ...FILES, ...OTHER });
  const { privateKey } = await makeSigningKey();
  const first = await pack(path, { signingKey: privateKey });
  await Deno.writeFile(`${place.path}/mood.tgz`, first.bytes);
  const { files } = await place.fetch({ source: "local", path: `${place.path}/mood.tgz` });
  const again = await pack(await write(`${place.path}/again`, files!));

  assertEquals(again.archiveSha256, first.archiveSha256);
  assertEquals(again.signature, first.signature);
});

Deno.test("pack() gives a package.json that names the plugin, with what the author's own one says of the project", async () => {
  await using folder = await withTempFolder();
  const own = {
    ...{
      name: "@ada/mood",
      version: "0.0.1",
      homepage: "https://example.com",
      scripts: { postinstall: "evil" },
    },
    ...{ dependencies: { evil: "*" }, publishConfig: { access: "public" } },
  };
  const path = await write(folder.path, { ...FILES, "package.json": JSON.stringify(own) });

  const { bytes } = await pack(path);

  assertEquals(JSON.parse(await textIn(bytes, "package/package.json")), {
    ...{
      name: "@ada/mood",
      version: "1.2.0",
      description: "What mood a text is in",
      author: "Ada",
      license: "MIT",
    },
    ...{ keywords: ["k-bert-plugin"], type: "module", homepage: "https://example.com" },
    publishConfig: { access: "public" },
  });
  await Deno.writeTextFile(`${path}/package.json`, "{");
  await assertRejects(() => pack(path), Error, "its package.json is not JSON; mend it or remove it");
  await Deno.writeTextFile(`${path}/package.json`, `{"name":"../mood"}`);
  await assertRejects(() => pack(path), Error, "its package.json has no name that a registry takes");
});

Deno.test("pack() refuses what cannot be loaded or travel, in a sentence", async (t) => {
  const cases: [what: string, files: Record<string, string>, message: RegExp][] = [
    ["a forbidden import", { "src/low.js": `import "node:fs"; export const low = 1;` }, /imports "node:fs"/],
    ["a missing module", { "src/low.js": `export { low } from "./lower.js";` }, /there is no such file/],
    ["a name for a device", { "vendor/aux.js": "" }, /has a name that Windows keeps for a device$/],
    ["two names alike", { "src/LOW.js": "" }, /are the same file on some systems$/],
    ["a signature of nothing", { "signature.json": "{}" }, /its signature\.json is no signature of format 1/],
  ];
  for (const [what, files, message] of cases) {
    await t.step(what, async () => {
      await using folder = await withTempFolder();
      const path = await write(folder.path, { ...FILES, ...files });
      const error = await assertRejects(() => pack(path), Error);
      assertMatch(error.message, message);
    });
  }
});

Deno.test("pack() refuses a signature of other code, and signs anew when it has the key", async () => {
  await using folder = await withTempFolder();
  const path = await write(folder.path, FILES);
  const { privateKey, publicKey } = await makeSigningKey();
  const before = { manifest: { name: "mood", version: "1.1.0" }, sha256: "0".repeat(64) };
  await Deno.writeTextFile(`${path}/signature.json`, JSON.stringify(await sign(before, privateKey)));

  await assertRejects(() => pack(path), Error, "its signature is not of this code");
  const { bytes, image, signature } = await pack(path, { signingKey: privateKey });

  assertEquals(signature!.key, publicKey);
  const { kept } = await readArchive("mood.tgz", bytes);
  assertEquals(await verifySignature(kept.get("signature.json")!, image), { key: publicKey });
});

/** A file in an archive; no plugin consists of it, so readArchive leaves it out. */
async function textIn(bytes: Uint8Array<ArrayBuffer>, path: string): Promise<string> {
  const tar = await new Response(new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip")))
    .text();
  const at = tar.indexOf(`${path}\0`);
  return tar.slice(at + 512).replace(/\0.*$/s, "");
}

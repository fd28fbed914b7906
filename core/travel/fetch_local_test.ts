import { assertEquals, assertMatch, assertRejects } from "../deps/assert.ts";
import { sha256 } from "../wall/sha256.ts";
import { FetchPlace } from "../../tests/fixtures/fetching.ts";
import { archiveOf, GOOD_ENTRIES } from "../../tests/fixtures/hostile_archive.ts";
import { pathsIn } from "../../tests/fixtures/tiny_run.ts";
import { fetchPlugin } from "./fetch.ts";

const FILES = Object.fromEntries(GOOD_ENTRIES.map(({ name, content }) => [name, String(content)]));
const signal = new AbortController().signal;

async function write(folder: string, files: Readonly<Record<string, string | Uint8Array>>): Promise<void> {
  for (const [path, content] of Object.entries(files)) {
    await Deno.mkdir(`${folder}/${path}`.replace(/\/[^/]*$/, ""), { recursive: true });
    await Deno.writeFile(
      `${folder}/${path}`,
      typeof content === "string" ? new TextEncoder().encode(content) : content,
    );
  }
}

Deno.test("fetchPlugin copies a folder, without what no plugin consists of", async () => {
  await using place = await FetchPlace.make();
  const path = `${place.path}/mood`;
  const more = { "src/a.ts": "a", "main_test.ts": "t", "LICENSE": "MIT", "vendor/packages.json": "{}" };
  const other = { "logo.png": "x", "package.json": "{}", ".git/config": "x", "node_modules/a/index.js": "x" };
  await write(path, { ...FILES, ...more, ...other });

  const end = await place.fetch({ source: "local", path });

  assertEquals(end, { files: { ...FILES, ...more }, resolved: { source: "local", path }, leftOut: 2 });
});

Deno.test("fetchPlugin unpacks an archive on this machine, with the hash that it is to have", async () => {
  await using place = await FetchPlace.make();
  const path = `${place.path}/mood.tgz`;
  const archive = await archiveOf(GOOD_ENTRIES);
  await Deno.writeFile(path, archive);
  const resolved = { source: "local", path, archiveSha256: await sha256(archive) } as const;

  const end = await place.fetch({ source: "local", path }, { locked: resolved });
  await Deno.writeFile(path, await archiveOf([...GOOD_ENTRIES, { name: "evil.ts", content: "export {};" }]));
  const swapped = await place.fetch({ source: "local", path }, { locked: resolved });

  assertEquals(end, { files: FILES, resolved, leftOut: 0 });
  assertEquals(swapped.code, "source/refused");
  assertMatch(
    swapped.message!,
    new RegExp(`the archive has the hash \\w{64}, and k-bert\\.lock says ${resolved.archiveSha256};`),
  );
});

Deno.test("fetchPlugin says in a sentence what is wrong with a path, and leaves nothing", async (t) => {
  await using place = await FetchPlace.make();
  const at = (path: string): string => `${place.path}/${path}`;
  await write(place.path, {
    "mood.zip": "PK",
    "page.tgz": "<html>",
    "empty/README.md": "x",
    ...Object.fromEntries(
      ["large", "aux"].flatMap((name) => Object.entries(FILES).map(([f, c]) => [`${name}/${f}`, c])),
    ),
    "large/big.ts": new Uint8Array(1_000_001),
    "aux/src/aux.ts": "x",
    "up.tar.gz": await archiveOf([...GOOD_ENTRIES, { name: "../up.ts" }]),
  });
  const cases: [path: string, code: string, message: RegExp][] = [
    ["nowhere", "source/unreachable", /there is no such file or folder; correct the path$/],
    [
      "mood.zip",
      "source/refused",
      /it is a file, and archives end with \.tgz or \.tar\.gz; name one, or a folder$/,
    ],
    ["page.tgz", "source/refused", /it is no gzip archive/],
    ["up.tar.gz", "source/refused", /"\.\.\/up\.ts" leads out of the plugin's folder$/],
    [
      "empty",
      "source/refused",
      /it has no plugin\.yaml; name a source that has a plugin's folder at its top$/,
    ],
    ["large", "source/refused", /it has 1000001 bytes in "big\.ts", and the limit is 1000000$/],
    ["aux", "source/refused", /has a name that Windows keeps for a device$/],
  ];
  for (const [path, code, message] of cases) {
    await t.step(path, async () => {
      const end = await place.fetch({ source: "local", path: at(path) });
      assertEquals(end.code, code, end.message);
      assertMatch(end.message!, message);
    });
  }
  assertEquals(pathsIn(place.path).filter((path) => path.endsWith("up.ts")), []);
});

Deno.test("fetchPlugin refuses a lock of another source, before it asks that one", async () => {
  await using place = await FetchPlace.make();
  const locked = { source: "git", url: "https://example.com/mood.git", commit: "0".repeat(40) } as const;

  const end = await place.fetch({ source: "local", path: "plugins" }, { locked });

  assertEquals(end.code, "source/refused");
  assertMatch(
    end.message!,
    /k-bert\.lock has it from https:\/\/example\.com\/mood\.git; update the plugin if it is meant/,
  );
});

Deno.test("fetchPlugin hands over a folder that can be moved into its place, and then has nothing to remove", async () => {
  await using place = await FetchPlace.make();
  {
    await using fetched = await fetchPlugin({ source: "local", path: "examples/plugins/robust" }, {
      scratch: place.scratch,
      signal,
      minimumAgeMinutes: 0,
    });
    await Deno.rename(fetched.folder, `${place.path}/robust`);
  }

  assertEquals(pathsIn(`${place.path}/robust`), ["plugin.yaml", "robust.ts", "robust_test.ts"]);
  assertEquals(pathsIn(place.scratch), []);
});

Deno.test("fetchPlugin says so when it has no folder to work in", async () => {
  await using place = await FetchPlace.make();
  await Deno.writeTextFile(place.scratch, "a file");
  const options = { scratch: place.scratch, signal, minimumAgeMinutes: 0 };

  const fetching = (): Promise<unknown> =>
    fetchPlugin({ source: "local", path: "examples/plugins/robust" }, options);

  await assertRejects(fetching, Error, `Cannot fetch a plugin into ${place.scratch}: `);
});

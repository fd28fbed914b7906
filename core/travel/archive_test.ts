import { assert, assertEquals, assertRejects } from "../deps/assert.ts";
import { KBertError } from "../wall/errors.ts";
import {
  archiveOf,
  fileBomb,
  GOOD_ENTRIES,
  gzipBomb,
  gzipOf,
  type HostileEntry,
  paxRecords,
  tarOf,
} from "../../tests/fixtures/hostile_archive.ts";
import { readArchive } from "./archive.ts";
import { ARCHIVE_LIMITS } from "./archive_limits.ts";

const decode = (bytes: Uint8Array | undefined): string => new TextDecoder().decode(bytes);

async function pathsOf(entries: readonly HostileEntry[]): Promise<{ paths: string[]; leftOut: number }> {
  const { kept, leftOut } = await readArchive("a.tgz", await archiveOf(entries));
  return { paths: [...kept.keys()], leftOut };
}

async function refusal(packed: Uint8Array<ArrayBuffer>): Promise<string> {
  const error = await assertRejects(() => readArchive("a.tgz", packed), KBertError);
  assertEquals(error.code, "source/refused");
  return error.message.replace(/^Cannot take a plugin from a\.tgz: /, "");
}

Deno.test("readArchive finds a plugin at the top, in npm's folder, and in a folder of any name", async () => {
  for (const top of ["", "package/", "mood-1.0.0/", "./"]) {
    const entries = GOOD_ENTRIES.map((entry) => ({ ...entry, name: top + entry.name }));
    const folder = top === "" ? [] : [{ name: top, flag: "5" }];

    const { kept } = await readArchive("a.tgz", await archiveOf([...folder, ...entries]));

    assertEquals([...kept.keys()], ["plugin.yaml", "main.ts"], top);
    assertEquals(decode(kept.get("main.ts")), GOOD_ENTRIES[1]!.content, top);
  }
});

Deno.test("readArchive reads what tar and git write: long names, empty files, words about all entries", async () => {
  const long = `${"folder/".repeat(20)}module.ts`;
  const entries: HostileEntry[] = [
    {
      name: "pax_global_header",
      flag: "g",
      content: paxRecords({ comment: "b88ef081589dd27536904b4ed96e7193f112957a" }),
    },
    ...GOOD_ENTRIES,
    { name: "PaxHeader/x", flag: "x", content: paxRecords({ path: long, mtime: "1.5" }) },
    { name: "cut off", content: "export {};" },
    { name: "././@LongLink", flag: "L", content: `${long.replace("module", "other")}\0` },
    { name: "cut off too", content: "export {};" },
    { name: "empty.ts" },
  ];

  const { kept } = await readArchive("a.tgz", await archiveOf(entries));

  assertEquals([...kept.keys()], [
    "plugin.yaml",
    "main.ts",
    long,
    long.replace("module", "other"),
    "empty.ts",
  ]);
  assertEquals(decode(kept.get(long)), "export {};");
  assertEquals(kept.get("empty.ts")!.length, 0);
});

Deno.test("readArchive keeps what a plugin may consist of, and counts what it leaves out", async () => {
  const more = [
    "README.md",
    "LICENSE",
    "CHANGELOG.md",
    "signature.json",
    "src/a.js",
    "vendor/npm/a@1.0.0/index.js",
  ];
  const other = [
    "logo.png",
    "package.json",
    ".github/workflow.ts",
    "node_modules/a/index.js",
    "sub/plugin.yaml",
  ];
  const entries = [...more, ...other].map((name) => ({ name, content: "x" }));

  assertEquals(await pathsOf([...GOOD_ENTRIES, ...entries]), {
    paths: ["plugin.yaml", "main.ts", ...more],
    leftOut: other.length,
  });
});

/** Name of the hostile entry, or the entry → what is said about it. */
const HOSTILE: [entry: HostileEntry | HostileEntry[], message: RegExp][] = [
  [{ name: "../main.ts" }, /^"\.\.\/main\.ts" leads out of the plugin's folder$/],
  [{ name: "src/../../main.ts" }, /leads out of the plugin's folder$/],
  [{ name: "logos/../../x.png" }, /leads out of the plugin's folder$/], // also among what is left out
  [{ name: "/etc/main.ts" }, /is an absolute path$/],
  [{ name: "src\\main.ts" }, /has a backslash, which divides folders on Windows$/],
  [{ name: "C:/main.ts" }, /begins with a drive letter$/],
  [{ name: "main.ts:stream" }, /has a colon/],
  [{ name: "ma\u001bin.ts" }, /^"ma\\\\u001bin\.ts" has characters that cannot be seen$/],
  [{ name: "ma\u202ein.ts" }, /has characters that cannot be seen$/],
  [{ name: "src//main.ts" }, /has an empty part$/],
  [{ name: "src/./main.ts" }, /has an empty part$/],
  [{ name: "main.ts." }, /ends with a dot or a blank/],
  [{ name: "src /main.ts" }, /ends with a dot or a blank/],
  [{ name: "src/aux.ts" }, /has a name that Windows keeps for a device$/],
  [{ name: "COM1" }, /has a name that Windows keeps for a device$/],
  [{ name: "what?.ts" }, /has a character that Windows does not allow in names$/],
  [{ name: "main.ts" }, /^"main\.ts" is in it twice$/],
  [{ name: "MAIN.ts" }, /^"main\.ts" and "MAIN\.ts" are the same file on some systems$/],
  [[{ name: "caf\u00e9.ts" }, { name: "cafe\u0301.ts" }], /are the same file on some systems$/],
  [[{ name: "src/a.ts" }, { name: "SRC/b.ts" }], /^"src" and "SRC" are the same file on some systems$/],
  [{ name: "main.ts/inner.ts" }, /^"main\.ts" is a file and a folder$/],
  [
    { name: "link.ts", flag: "2", link: "/etc/passwd" },
    /^"link\.ts" is a link, and a plugin consists of files$/,
  ],
  [{ name: "link.png", flag: "1", link: "main.ts" }, /is a link/],
  [{ name: "null", flag: "3" }, /^"null" is a device/],
  [{ name: "disk", flag: "4" }, /is a device/],
  [{ name: "pipe", flag: "6" }, /is a pipe/],
  [{ name: "sparse.ts", flag: "S", content: "x" }, /is of a kind that not all programs read alike$/],
  [{ name: "more.ts", flag: "7", content: "x" }, /is of a kind that not all programs read alike$/],
  [{ name: "folder/", content: "x" }, /is of a kind that not all programs read alike$/],
  [
    [{ name: "x", flag: "x", content: paxRecords({ size: "1" }) }, { name: "a.ts", content: "xyz" }],
    /is of a kind that not all programs read alike$|damaged one/,
  ],
  [
    [{ name: "x", flag: "x", content: paxRecords({ path: "../a.ts" }) }, { name: "a.ts", content: "x" }],
    /leads out of the plugin's folder$/,
  ],
  [[{ name: "x", flag: "L", content: "../a.ts\0" }, { name: "a.ts" }], /leads out of the plugin's folder$/],
  [{ name: "a.ts", content: "x", checksum: 1 }, /a damaged one \(Invalid tar header checksum/],
  [{ name: "a.ts", content: "x", size: 1_000_000 }, /a damaged one \(Tar archive is truncated/],
  [
    { name: "a.ts", content: "x", sizeBytes: Uint8Array.of(0x80, 0, 0, 0, 0, 0x10, 0, 0, 0, 0, 0, 0) },
    /a damaged one \(Tar archive is truncated/,
  ],
  [{ name: "a.ts", content: "x", sizeBytes: new TextEncoder().encode("999999999999") }, /a damaged one/],
  [{ name: "x".repeat(90) + "/".repeat(5) + "a.ts" }, /has an empty part$/],
  [
    [{ name: "x", flag: "L", content: `${"long/".repeat(60)}a.ts\0` }, { name: "a.ts" }],
    /has 304 bytes in its path, and the limit is 200$/,
  ],
  [
    { name: "big.ts", content: new Uint8Array(1_000_001) },
    /^it has 1000001 bytes in "big\.ts", and the limit is 1000000$/,
  ],
  [
    Array.from({ length: 9 }, (_, index) => ({ name: `${index}.ts`, content: new Uint8Array(950_000) })),
    /^it has \d+ bytes of files, and the limit is 8000000$/,
  ],
  [
    Array.from({ length: 5_000 }, (_, index) => ({ name: `${index}.png` })),
    /^it has 5001 files and folders, and the limit is 5000$/,
  ],
];

Deno.test("readArchive refuses names, kinds and sizes that may not be, each with a sentence", async (t) => {
  for (const [entry, message] of HOSTILE) {
    const entries = [entry].flat();
    await t.step(
      `${entries[0]!.flag ?? "0"} ${JSON.stringify(entries.at(-1)!.name.slice(0, 40))}`,
      async () => {
        const said = await refusal(await archiveOf([...GOOD_ENTRIES, ...entries]));
        assert(message.test(said), said);
      },
    );
  }
});

Deno.test("readArchive refuses what is cut off, damaged or followed by something, wherever that is", async (t) => {
  const tar = tarOf(GOOD_ENTRIES);
  const packed = await gzipOf(tar);
  const cases: [what: string, packed: Uint8Array<ArrayBuffer>, message: RegExp][] = [
    ["nothing", new Uint8Array(), /^it is no gzip archive/],
    ["a text", new TextEncoder().encode("<html>not found</html>"), /^it is no gzip archive/],
    ["no tar archive", await gzipOf(new TextEncoder().encode("hello".repeat(500))), /^it is no tar archive/],
    ["gzip that is cut off", packed.slice(0, -5), /^its compressed data is cut off, damaged/],
    ["gzip that is damaged", packed.with(40, packed[40]! ^ 1), /^its compressed data is cut off, damaged/],
    ["something after gzip", new Uint8Array([...packed, 1, 2, 3]), /followed by something else/],
    ["a second gzip", new Uint8Array([...packed, ...packed]), /followed by something else/],
    ["tar without its end", await gzipOf(tar.slice(0, -1_024)), /^it is no tar archive, or a damaged one/],
    ["tar with half of its end", await gzipOf(tar.slice(0, -512)), /^it is no tar archive, or a damaged one/],
    ["tar within a file", await gzipOf(tar.slice(0, 600)), /^it is no tar archive, or a damaged one/],
    [
      "something after tar",
      await gzipOf(new Uint8Array([...tar, ...tar])),
      /^it is no tar archive, or a damaged one/,
    ],
  ];
  for (const [what, bytes, message] of cases) {
    await t.step(what, async () => {
      const said = await refusal(bytes);
      assert(message.test(said), said);
    });
  }
});

Deno.test("readArchive refuses an archive that is too large before it looks into it", async () => {
  const said = await refusal(new Uint8Array(ARCHIVE_LIMITS.packedBytes + 1));

  assertEquals(said, "it has 8000001 bytes, and the limit is 8000000");
});

Deno.test("readArchive stops at its limit within a file that would be left out", async () => {
  const said = await refusal(await fileBomb(64, "logo.png"));

  assertEquals(said, "unpacked it has more than 16000000 bytes, which is the limit");
});

Deno.test("readArchive stops a gzip bomb of 1 GiB at its limit, with little more memory than that", async () => {
  // In a process of its own: memory is a process's, and other tests use this one's.
  const bomb = await gzipBomb(1_024);
  await using folder = await temporaryFile(bomb);
  const script = `
    import { readArchive } from ${JSON.stringify(new URL("./archive.ts", import.meta.url).href)};
    const packed = await Deno.readFile(${JSON.stringify(folder.path)});
    const before = Deno.memoryUsage().rss;
    let most = before;
    const watch = setInterval(() => most = Math.max(most, Deno.memoryUsage().rss), 1);
    const said = await readArchive("bomb", packed).catch((error) => error.message);
    clearInterval(watch);
    console.log(JSON.stringify({ said, bytes: Math.max(most, Deno.memoryUsage().rss) - before }));
  `;
  const { stdout, stderr } = await new Deno.Command("deno", {
    args: [
      "run",
      "--no-prompt",
      "--lock=tests/deno.lock",
      `--allow-read=${folder.path}`,
      `data:text/typescript,${encodeURIComponent(script)}`,
    ],
  }).output();
  const { said, bytes } = JSON.parse(decode(stdout) || `{ "said": ${JSON.stringify(decode(stderr))} }`);

  assertEquals(
    said,
    "Cannot take a plugin from bomb: unpacked it has more than 16000000 bytes, which is the limit",
  );
  assert(bytes < 3 * ARCHIVE_LIMITS.unpackedBytes, `it took ${bytes} bytes`);
});

async function temporaryFile(content: Uint8Array): Promise<{ path: string } & AsyncDisposable> {
  const path = await Deno.makeTempFile();
  await Deno.writeFile(path, content);
  return { path, [Symbol.asyncDispose]: () => Deno.remove(path) };
}

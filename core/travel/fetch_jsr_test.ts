import { assertEquals, assertMatch } from "../deps/assert.ts";
import { sha256 } from "../wall/sha256.ts";
import { type FetchEnd, type FetchMore, FetchPlace } from "../../tests/fixtures/fetching.ts";
import { GOOD_ENTRIES } from "../../tests/fixtures/hostile_archive.ts";
import { JsrServer, type JsrVersion } from "../../tests/fixtures/jsr_server.ts";
import { writeBackImports } from "./jsr_imports.ts";

const FILES = Object.fromEntries(GOOD_ENTRIES.map(({ name, content }) => [name, String(content)]));

function versionOf(version: string, more: Partial<JsrVersion> = {}): JsrVersion {
  return { name: "@ada/mood", version, files: FILES, ...more };
}

/** Fetches from a registry. */
class Setup implements AsyncDisposable {
  constructor(readonly place: FetchPlace, readonly server: JsrServer) {}

  static async make(...versions: JsrVersion[]): Promise<Setup> {
    return new Setup(await FetchPlace.make(), new JsrServer(versions));
  }

  fetch(version: string, more: Omit<FetchMore, "signal"> = {}): Promise<FetchEnd> {
    const spec = { source: "jsr", package: "@ada/mood", version } as const;
    return this.place.fetchFrom({ JSR_URL: this.server.url }, spec, more);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.server[Symbol.asyncDispose]();
    await this.place[Symbol.asyncDispose]();
  }
}

Deno.test("fetchPlugin takes the highest version of a range from JSR, with imports of the SDK as authors write them", async () => {
  const main = FILES["main.ts"]!.replace("k-bert/sdk", "jsr:@k-bert/k-bert@^0.1.0/sdk");
  await using setup = await Setup.make(
    versionOf("1.0.0"),
    versionOf("1.10.0", { files: { ...FILES, "main.ts": main, "logo.png": "x", "src/a b.md": "x" } }),
    versionOf("1.9.0"),
    versionOf("1.11.0", { isYanked: true }),
    versionOf("2.0.0"),
  );

  const { files, resolved, leftOut, message } = await setup.fetch(">=1.0.0 <2.0.0");

  assertEquals(message, undefined);
  assertEquals(files, { ...FILES, "src/a b.md": "x" });
  const { manifestSha256, ...rest } = resolved as typeof resolved & { source: "jsr" };
  assertEquals(rest, { source: "jsr", package: "@ada/mood", version: "1.10.0" });
  const list = await (await fetch(`${setup.server.url}/@ada/mood/1.10.0_meta.json`)).text();
  assertEquals(manifestSha256, await sha256(list));
  assertEquals(leftOut, 1);
  // Neither what it imports nor what is left out was asked for.
  assertEquals(setup.server.asked.filter((path) => /k-bert|logo/.test(path)), []);
});

Deno.test("fetchPlugin takes the locked version again, and refuses it when its list of files has changed", async () => {
  await using setup = await Setup.make(versionOf("1.0.0"));
  const first = await setup.fetch("^1.0.0");
  setup.server.versions.push(versionOf("1.1.0"));

  const again = await setup.fetch("^1.0.0", { locked: first.resolved!, minimumAgeMinutes: 1e9 });
  setup.server.versions[0] = versionOf("1.0.0", { files: { ...FILES, "evil.ts": "export {};" } });
  const changed = await setup.fetch("^1.0.0", { locked: first.resolved! });

  assertEquals(again, first);
  assertEquals(changed.code, "source/refused");
  const { manifestSha256 } = first.resolved as { manifestSha256: string };
  assertMatch(
    changed.message!,
    new RegExp(
      `the list of files of version 1\\.0\\.0 has the hash \\w{64}, and k-bert\\.lock says ${manifestSha256};`,
    ),
  );
});

Deno.test("fetchPlugin waits until a version on JSR is old enough; one without a date is as old as anybody likes", async () => {
  const young = new Date(Date.now() - 30 * 60_000).toISOString();
  await using setup = await Setup.make(
    versionOf("1.0.0"),
    versionOf("1.1.0", { createdAt: young }),
    versionOf("2.0.0", { createdAt: null }),
  );

  const before = await setup.fetch("^1.0.0", { minimumAgeMinutes: 60 });
  const none = await setup.fetch("^1.1.0", { minimumAgeMinutes: 60 });
  const undated = await setup.fetch("^2.0.0", { minimumAgeMinutes: 60 });

  assertEquals((before.resolved as { version: string }).version, "1.0.0");
  assertMatch(
    none.message!,
    /its version 1\.1\.0 is younger than 60 minutes; wait until it is older, or set/,
  );
  assertEquals((undated.resolved as { version: string }).version, "2.0.0");
});

Deno.test("fetchPlugin says in a sentence what is wrong with JSR, and leaves nothing", async (t) => {
  const evil = { ...FILES, "main.ts": "evil" };
  const cases: [what: string, version: Partial<JsrVersion>, code: string, message: RegExp][] = [
    ["a changed file", { sent: evil }, "source/refused", /"main\.ts" has the hash sha256-.* do not use it$/],
    [
      "a way up",
      { files: { ...FILES, "../up.ts": "x" } },
      "source/refused",
      /leads out of the plugin's folder$/,
    ],
    [
      "two alike",
      { files: { ...FILES, "Main.ts": "x" } },
      "source/refused",
      /are the same file on some systems$/,
    ],
    [
      "too large",
      { files: { ...FILES, "a.ts": "x".repeat(1_000_001) } },
      "source/refused",
      /it has 1000001 bytes/,
    ],
    [
      "more than it says",
      { sent: { "main.ts": "x".repeat(1_000_001) } },
      "source/refused",
      /sends more than 1000000 bytes/,
    ],
    ["no plugin", { files: { "mod.ts": "export {};" } }, "source/refused", /it has no plugin\.yaml;/],
    [
      "no such version",
      { version: "3.0.0" },
      "source/unreachable",
      /it has no version \^1\.0\.0; it has 3\.0\.0$/,
    ],
    [
      "no such package",
      { name: "@ada/other" },
      "source/unreachable",
      /the registry has no such package; correct the/,
    ],
  ];
  for (const [what, version, code, message] of cases) {
    await t.step(what, async () => {
      await using setup = await Setup.make(versionOf("1.0.0", version));
      const end = await setup.fetch("^1.0.0");
      assertEquals(end.code, code, end.message);
      assertMatch(end.message!, message);
    });
  }
});

Deno.test("fetchPlugin says so when JSR is down, is something else, and when the name of the package is none", async () => {
  await using place = await FetchPlace.make();
  const spec = { source: "jsr", package: "@ada/mood", version: "^1.0.0" } as const;
  await using other = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen: () => {} },
    () => new Response("<html>"),
  );

  const down = await place.fetchFrom({ JSR_URL: "http://127.0.0.1:9" }, spec);
  const html = await place.fetchFrom({ JSR_URL: `http://127.0.0.1:${other.addr.port}` }, spec);
  const name = await place.fetch({ ...spec, package: "mood/../.." });

  assertEquals([down.code, html.code, name.code], ["source/unreachable", "source/refused", "source/refused"]);
  assertMatch(down.message!, /the server cannot be reached, or has broken off/);
  assertMatch(
    html.message!,
    /the registry does not answer as JSR does; look at which one Deno is configured for$/,
  );
  assertMatch(name.message!, /"mood\/\.\.\/\.\." is not the name of a package; correct it$/);
});

Deno.test("writeBackImports changes imports of this project's SDK, and not a byte besides", () => {
  const text = (sdk: (path: string) => string): string =>
    `// jsr:@k-bert/k-bert@1.0.0/sdk 😀\nimport type { A } from "${sdk("/sdk")}";\n` +
    `export * from '${sdk("/sdk/tensors")}';\nexport { b } from "${sdk("/sdk/tables")}";\n` +
    `type C = import("${sdk("/sdk")}").C;\nconst d = await import("${sdk("")}");\n` +
    `const e = "jsr:@k-bert/k-bert@1.0.0/sdk";\nimport "jsr:@k-bert/k-bert-evil@1/sdk";\nimport "npm:a@1.0.0";\n`;

  const published = text((path) => `jsr:@k-bert/k-bert@^1.0.0${path}`);

  assertEquals(writeBackImports(published, "main.ts"), text((path) => `k-bert${path}`));
  const broken = `import "jsr:@k-bert/k-bert@1.0.0/sdk"; (`;
  assertEquals(writeBackImports(broken, "main.ts"), broken);
  assertEquals(
    writeBackImports(`import "jsr:@k-bert/k-bert@1/sdk"; 1 / 2`, "a.js"),
    `import "k-bert/sdk"; 1 / 2`,
  );
});

import { assertEquals, assertMatch } from "../deps/assert.ts";
import { type FetchEnd, type FetchMore, FetchPlace } from "../../tests/fixtures/fetching.ts";
import {
  archiveOf,
  fileBomb,
  GOOD_ENTRIES,
  type HostileEntry,
} from "../../tests/fixtures/hostile_archive.ts";
import {
  integrityOfBytes,
  PackageRegistry,
  type RegisteredVersion,
} from "../../tests/fixtures/npm_registry.ts";
import { pack } from "./pack.ts";

const FILES = Object.fromEntries(GOOD_ENTRIES.map(({ name, content }) => [name, String(content)]));

/** An archive as npm packs it. */
function packageOf(version: string, more: readonly HostileEntry[] = []): Promise<Uint8Array<ArrayBuffer>> {
  const own = { name: "package.json", content: JSON.stringify({ name: "mood", version }) };
  return archiveOf(
    [own, ...GOOD_ENTRIES, ...more].map((entry) => ({ ...entry, name: `package/${entry.name}` })),
  );
}

async function versionOf(version: string, more: Partial<RegisteredVersion> = {}): Promise<RegisteredVersion> {
  return { name: "mood", version, archive: await packageOf(version), ...more };
}

/** Fetches from a registry. */
class Setup implements AsyncDisposable {
  constructor(readonly place: FetchPlace, readonly registry: PackageRegistry) {}

  static async make(...versions: RegisteredVersion[]): Promise<Setup> {
    return new Setup(await FetchPlace.make(), new PackageRegistry(versions));
  }

  fetch(version: string, more: Omit<FetchMore, "signal"> = {}): Promise<FetchEnd> {
    const spec = { source: "npm", package: "mood", version } as const;
    return this.place.fetchFrom({ NPM_CONFIG_REGISTRY: this.registry.url }, spec, more);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.registry[Symbol.asyncDispose]();
    await this.place[Symbol.asyncDispose]();
  }
}

Deno.test("fetchPlugin takes the newest version of a range from a registry, without its scripts and dependencies", async () => {
  const archive = await packageOf("1.1.0", [{ name: "logo.png", content: "x" }]);
  const scripts = { postinstall: "touch evil" };
  await using setup = await Setup.make(
    await versionOf("1.0.0"),
    await versionOf("1.1.0", { archive, scripts, dependencies: { other: "^1.0.0" } }),
    await versionOf("2.0.0"),
    await versionOf("1.0.0", { name: "other" }),
  );

  const { files, resolved, leftOut, message } = await setup.fetch(">=1.0.0 <2.0.0");

  assertEquals(message, undefined);
  assertEquals(files, FILES);
  const integrity = await integrityOfBytes(archive);
  assertEquals(resolved, { source: "npm", package: "mood", version: "1.1.0", integrity });
  assertEquals(leftOut, 2); // with package.json
  assertEquals(setup.registry.asked, ["/mood", "/other", "/mood/-/1.1.0.tgz"]);
});

Deno.test("fetchPlugin takes what plugin pack has made and npm has published, and it is the same plugin", async () => {
  const { bytes, files } = await pack("examples/plugins/robust");
  await using setup = await Setup.make(await versionOf("1.0.0", { archive: bytes }));

  const fetched = await setup.fetch("^1.0.0");

  assertEquals(
    Object.keys(fetched.files!),
    files.map(({ path }) => path).filter((path) => path !== "package.json"),
  );
  assertEquals(fetched.files!["robust.ts"], await Deno.readTextFile("examples/plugins/robust/robust.ts"));
});

Deno.test("fetchPlugin takes the locked version again when there is a newer one, however young it is", async () => {
  await using setup = await Setup.make(await versionOf("1.0.0", { time: new Date() }));
  const first = await setup.fetch("^1.0.0");
  setup.registry.versions.push(await versionOf("1.5.0"));

  const again = await setup.fetch("^1.0.0", { locked: first.resolved!, minimumAgeMinutes: 60 });
  const newest = await setup.fetch("^1.0.0", { minimumAgeMinutes: 60 });

  assertEquals(again, first);
  const integrity = await integrityOfBytes(await packageOf("1.5.0"));
  assertEquals(newest.resolved, { source: "npm", package: "mood", version: "1.5.0", integrity });
});

Deno.test("fetchPlugin refuses a locked version whose archive is another one now, with both hashes", async () => {
  await using setup = await Setup.make(await versionOf("1.0.0"));
  const { resolved } = await setup.fetch("^1.0.0");
  const evil = await packageOf("1.0.0", [{ name: "evil.ts", content: "export {};" }]);
  setup.registry.versions[0] = await versionOf("1.0.0", { archive: evil });

  const { code, message } = await setup.fetch("^1.0.0", { locked: resolved! });

  assertEquals(code, "source/refused");
  const [was, is] = [await integrityOfBytes(await packageOf("1.0.0")), await integrityOfBytes(evil)];
  assertEquals(
    message,
    `Cannot take a plugin from npm:mood@^1.0.0: the archive of version 1.0.0 has the hash ${is}, and k-bert.lock says ` +
      `${was}; somebody has changed it: ask its author, and take the new one only if it is meant to be another`,
  );
});

Deno.test("fetchPlugin waits until a version is old enough, and takes the one before meanwhile", async () => {
  const young = new Date(Date.now() - 30 * 60_000);
  await using setup = await Setup.make(await versionOf("1.0.0"), await versionOf("1.1.0", { time: young }));

  const before = await setup.fetch("^1.0.0", { minimumAgeMinutes: 60 });
  const none = await setup.fetch("^1.1.0", { minimumAgeMinutes: 60 });
  const soon = await setup.fetch("^1.1.0", { minimumAgeMinutes: 20 });

  assertEquals((before.resolved as { version: string }).version, "1.0.0");
  assertEquals(none.code, "source/unreachable");
  assertMatch(
    none.message!,
    /there is one, but it is too new; wait until it is older, or set minimum_age_hours in/,
  );
  assertEquals((soon.resolved as { version: string }).version, "1.1.0");
});

Deno.test("fetchPlugin says in a sentence what is wrong with a registry, and leaves nothing", async (t) => {
  const link = await packageOf("1.0.0", [{ name: "link.ts", flag: "2", link: "/etc/passwd" }]);
  const up = await packageOf("1.0.0", [{ name: "../../../../../up.ts", content: "x" }]);
  const big = await packageOf("1.0.0", [{ name: "big.ts", content: new Uint8Array(1_000_001) }]);
  const twice = await packageOf("1.0.0", [{ name: "Main.ts", content: "x" }]);
  const bomb = await fileBomb(128, "package/logo.png");
  const lie = await integrityOfBytes(new Uint8Array(3));
  const cases: [
    what: string,
    version: Partial<RegisteredVersion>,
    code: string | undefined,
    message: RegExp,
  ][] = [
    [
      "a lie about the hash",
      { integrity: lie },
      "source/refused",
      /checksum.*the registry lies, or was tampered with/,
    ],
    ["no hash", { integrity: null }, "source/refused", /does not say what hash its archive has/],
    [
      "no archive",
      { archive: new Uint8Array(100) },
      "source/unreachable",
      /Failed caching npm package 'mood@1\.0\.0'/,
    ],
    [
      "no such dependency",
      { dependencies: { nowhere: "1" } },
      "source/unreachable",
      /npm package 'nowhere' does not exist/,
    ],
    [
      "no such version",
      { version: "2.0.0" },
      "source/unreachable",
      /Could not find npm package 'mood' matching/,
    ],
    [
      "no such package",
      { name: "other" },
      "source/unreachable",
      /npm package 'mood' does not exist; correct the name/,
    ],
    [
      "a large file",
      { archive: big },
      "source/refused",
      /it has 1000001 bytes in "big\.ts", and the limit is 1000000$/,
    ],
    ["two names alike", { archive: twice }, "source/refused", /are the same file on some systems$/],
    ["a link", { archive: link }, undefined, /^$/], // Deno unpacks files only
    ["a bomb", { archive: bomb }, "source/refused", /it has more than 100000000 bytes, which is the limit$/],
    ["a way up", { archive: up }, "source/unreachable", /Failed caching npm package/],
  ];
  for (const [what, version, code, message] of cases) {
    await t.step(what, async () => {
      await using setup = await Setup.make(await versionOf("1.0.0", version));
      const end = await setup.fetch("^1.0.0");
      assertEquals(end.code, code, end.message);
      assertMatch(end.message ?? "", message);
      if (code === undefined) assertEquals(end.files, FILES);
    });
  }
});

Deno.test("fetchPlugin says so when the registry is down, and when the name of the package is none", async () => {
  await using place = await FetchPlace.make();
  const spec = { source: "npm", package: "mood", version: "^1.0.0" } as const;
  const down = await place.fetchFrom({ NPM_CONFIG_REGISTRY: "http://127.0.0.1:9/" }, spec);
  const name = await place.fetch({ ...spec, package: "../mood" });

  assertEquals(down.code, "source/unreachable");
  assertMatch(
    down.message!,
    /Failed loading .*\(Connection refused.*\); correct the name or version, or try again later$/,
  );
  assertEquals(name.code, "source/refused");
  assertMatch(name.message!, /"\.\.\/mood" is not the name of a package; correct it$/);
});

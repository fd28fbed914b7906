import { assert, assertEquals, assertMatch, assertRejects, assertStringIncludes } from "../deps/assert.ts";
import { KBertError } from "../wall/errors.ts";
import { type Grant, GRANT_LIMITS, grantsPath, GrantStore } from "./grants.ts";
import { NO_PERMISSIONS } from "./permissions.ts";

type Folder = AsyncDisposable & { readonly path: string; readonly file: string };

async function temporaryFolder(): Promise<Folder> {
  const path = await Deno.realPath(await Deno.makeTempDir());
  return {
    path,
    file: `${path}/home/grants.json`,
    [Symbol.asyncDispose]: () => Deno.remove(path, { recursive: true }),
  };
}

/** A grant of the code whose hash is this number. */
function grantOf(name: string, code: number, more: Partial<Grant> = {}): Omit<Grant, "time"> {
  const sha256 = code.toString(16).padStart(64, "0");
  return {
    ...{ name, version: "1.0.0", sha256, permissions: { ...NO_PERMISSIONS, net: ["a.com:443"] } },
    ...{ textAndNetwork: false },
    ...more,
  };
}

async function fileWith(folder: Folder, content: string | Uint8Array, mode = 0o600): Promise<void> {
  await Deno.mkdir(`${folder.path}/home`, { recursive: true });
  const bytes = typeof content === "string" ? new TextEncoder().encode(content) : content;
  await Deno.writeFile(folder.file, bytes, { mode });
  await Deno.chmod(folder.file, mode);
}

const hash = (code: number): string => grantOf("", code).sha256;

Deno.test("GrantStore.open() of a file that is missing has no grants and makes nothing", async () => {
  await using folder = await temporaryFolder();

  const store = await GrantStore.open(folder.file);

  assertEquals([store.list(), store.latest("a"), store.find("a", hash(1))], [[], undefined, undefined]);
  assertEquals([...Deno.readDirSync(folder.path)], []);
});

Deno.test("GrantStore.grant() is found again by name and hash, by this store and by another", async () => {
  await using folder = await temporaryFolder();
  const store = await GrantStore.open(folder.file);

  const first = await store.grant(grantOf("a", 1));
  const second = await store.grant(grantOf("a", 2, { version: "2.0.0", textAndNetwork: true }));

  for (const one of [store, await GrantStore.open(folder.file)]) {
    assertEquals(one.find("a", hash(1)), first);
    assertEquals(one.latest("a"), second);
    assertEquals([one.find("b", hash(1)), one.find("a", hash(3)), one.latest("b")], Array(3).fill(undefined));
    assertEquals(one.list(), [first, second]);
  }
  assertMatch(first.time, /^\d{4}-\d\d-\d\dT[\d:.]+Z$/);
});

Deno.test("GrantStore.grant() of the same code takes the place of what was granted to it", async () => {
  await using folder = await temporaryFolder();
  const store = await GrantStore.open(folder.file);
  await store.grant(grantOf("a", 1));

  const less = await store.grant(grantOf("a", 1, { permissions: NO_PERMISSIONS }));

  assertEquals((await GrantStore.open(folder.file)).list(), [less]);
});

Deno.test("GrantStore.grant() keeps no services: they need no consent", async () => {
  await using folder = await temporaryFolder();
  const store = await GrantStore.open(folder.file);

  await store.grant(grantOf("a", 1, { permissions: { ...NO_PERMISSIONS, gpu: true, services: ["words"] } }));

  assertEquals(store.find("a", hash(1))?.permissions, { ...NO_PERMISSIONS, gpu: true });
});

Deno.test("GrantStore.grant() forgets the oldest grant of a plugin that has too many, and no other", async () => {
  await using folder = await temporaryFolder();
  const store = await GrantStore.open(folder.file);
  await store.grant(grantOf("b", 1));

  for (let code = 0; code <= GRANT_LIMITS.perPlugin; code++) await store.grant(grantOf("a", code));

  assertEquals(store.find("a", hash(0)), undefined);
  assert(
    store.find("a", hash(1)) && store.find("a", hash(GRANT_LIMITS.perPlugin)) && store.find("b", hash(1)),
  );
});

Deno.test("GrantStore.grant() writes nothing that it could not read again", async (t) => {
  await using folder = await temporaryFolder();
  const store = await GrantStore.open(folder.file);
  const wrong: Record<string, Partial<Grant>> = {
    "a host with a wildcard": { permissions: { ...NO_PERMISSIONS, net: ["*.com"] } },
    "a path with a line break": { permissions: { ...NO_PERMISSIONS, read: ["a\nb"] } },
    "half a hash": { sha256: "00" },
    "a name with a path": { name: "../a" },
    "no version": { version: "new" },
  };
  for (const [what, more] of Object.entries(wrong)) {
    await t.step(what, async () => {
      const error = await assertRejects(() => store.grant(grantOf("a", 1, more)), KBertError);
      assertEquals(error.code, "document/invalid");
    });
  }
  assertEquals([...Deno.readDirSync(folder.path)], []);
});

Deno.test("GrantStore.revoke() forgets every grant of one plugin and answers them", async () => {
  await using folder = await temporaryFolder();
  const store = await GrantStore.open(folder.file);
  const [one, two] = [await store.grant(grantOf("a", 1)), await store.grant(grantOf("a", 2))];
  const other = await store.grant(grantOf("b", 1));

  const revoked = await store.revoke("a");

  assertEquals(revoked, [one, two]);
  assertEquals((await GrantStore.open(folder.file)).list(), [other]);
  assertEquals(await store.revoke("a"), []);
});

Deno.test({
  name: "GrantStore.grant() makes files that only their user may read or write",
  ignore: Deno.build.os === "windows",
  async fn(): Promise<void> {
    await using folder = await temporaryFolder();
    const store = await GrantStore.open(folder.file);
    await fileWith(folder, '{"format":"k-bert grants","version":1,"grants":[]}', 0o644);
    await Deno.writeTextFile(`${folder.file}.partial`, "half of it", { mode: 0o666 }); // of a killed process

    await store.grant(grantOf("a", 1));

    const modes = [...Deno.readDirSync(`${folder.path}/home`)].map(({ name }) => [
      name,
      (Deno.statSync(`${folder.path}/home/${name}`).mode! & 0o777).toString(8),
    ]);
    assertEquals(modes.sort(), [["grants.json", "600"], ["grants.json.lock", "600"]]);
  },
});

Deno.test({
  name: "GrantStore.grant() makes a folder that only its user may enter",
  ignore: Deno.build.os === "windows",
  async fn(): Promise<void> {
    await using folder = await temporaryFolder();

    await (await GrantStore.open(folder.file)).grant(grantOf("a", 1));

    assertEquals((await Deno.stat(`${folder.path}/home`)).mode! & 0o777, 0o700);
  },
});

Deno.test("GrantStore.open() takes a file that it does not understand for an error that names it", async (t) => {
  const grant = { ...grantOf("a", 1), time: "2026-01-31T12:00:00.000Z" };
  const file = (grants: unknown, more = {}): string =>
    JSON.stringify({ format: "k-bert grants", version: 1, grants, ...more });
  const rights = (more: object): string =>
    file([{ ...grant, permissions: { ...grant.permissions, ...more } }]);
  const cases: [string, string | Uint8Array, RegExp][] = [
    ["an empty one", "", /it is damaged/],
    ["half of one", file([grant]).slice(0, 100), /it is damaged/],
    ["no UTF-8", new Uint8Array([0xff, 0xfe]), /it is not UTF-8 text/],
    ["a list", "[]", /found a list of 0, expected a mapping/],
    ["null", "null", /found nothing, expected a mapping/],
    ["a foreign one", '{"permissions":{"all":true}}', /permissions: unknown setting/],
    ["a later format", file([], { version: 2 }), /version: found 2, expected 1/],
    ["grants that are no list", file({ all: grant }), /grants: found a mapping, expected a list/],
    ["a grant without a hash", file([{ ...grant, sha256: undefined }]), /sha256: missing/],
    ["a hash that fits everything", file([{ ...grant, sha256: "*" }]), /grants\.0\.sha256: found "\*"/],
    ["an unknown right", rights({ run: ["sh"] }), /permissions\.run: unknown setting/],
    ["all hosts", rights({ net: true }), /permissions\.net: found true, expected a list/],
    ["a wildcard", rights({ net: ["*"] }), /permissions\.net\.0: found "\*"/],
    ["too much", file([], { x: "x".repeat(GRANT_LIMITS.bytes) }), /bytes, and the limit is 1000000/],
  ];
  for (const [what, content, message] of cases) {
    await t.step(what, async () => {
      await using folder = await temporaryFolder();
      const store = await GrantStore.open(folder.file);
      await fileWith(folder, content);

      const opened = await assertRejects(() => GrantStore.open(folder.file), KBertError);
      const granted = await assertRejects(() => store.grant(grantOf("b", 2)), KBertError);
      await assertRejects(() => store.revoke("a"), KBertError);

      for (const { message: text } of [opened, granted]) {
        assertMatch(text, message);
        assertStringIncludes(text, folder.file);
      }
      const bytes = typeof content === "string" ? new TextEncoder().encode(content) : content;
      assertEquals(await Deno.readFile(folder.file), bytes);
    });
  }
});

Deno.test({
  name: "GrantStore.open() does not believe a file that other users may write",
  ignore: Deno.build.os === "windows",
  async fn(): Promise<void> {
    await using folder = await temporaryFolder();
    await fileWith(folder, '{"format":"k-bert grants","version":1,"grants":[]}', 0o620);

    const error = await assertRejects(() => GrantStore.open(folder.file), KBertError, "chmod 600");

    assertEquals([error.code, error.detail], ["file/unusable", { path: folder.file }]);
  },
});

Deno.test("GrantStore.open() refuses a folder in the place of the file", async () => {
  await using folder = await temporaryFolder();
  await Deno.mkdir(folder.file, { recursive: true });

  await assertRejects(() => GrantStore.open(folder.file), KBertError, "it is not a file");
});

Deno.test("GrantStore says which flag of Deno is missing", async (t) => {
  await t.step("to read", async () => {
    const error = await assertRejects(() => GrantStore.open("/no/right/grants.json"), KBertError);

    assertEquals(error.detail, { path: "/no/right/grants.json" });
    assert(error.message.endsWith("give deno --allow-read=/no/right/grants.json"), error.message);
  });

  await t.step("to write", async () => {
    const store = await GrantStore.open("core/security/grants.json");

    assertEquals(store.isWritable, false);
    const error = await assertRejects(() => store.grant(grantOf("a", 1)), KBertError);
    assert(error.message.endsWith("give deno --allow-write=core/security"), error.message);
  });

  await t.step("to know the home folder", async () => {
    const error = await assertRejects(() => GrantStore.open(), KBertError);

    assertMatch(error.message, /give deno --allow-env=(\w+) --allow-read=\$\1\/\.k-bert$/);
    let message = "";
    try {
      grantsPath();
    } catch (error) {
      message = (error as Error).message;
    }
    assertEquals(message, error.message);
  });
});

Deno.test("GrantStore.grant() by stores of one process loses nothing", async () => {
  await using folder = await temporaryFolder();
  const stores = await Promise.all(Array.from({ length: 8 }, () => GrantStore.open(folder.file)));

  await Promise.all(stores.map((store, code) => store.grant(grantOf(`plugin_${code % 3}`, code))));

  const { length } = (await GrantStore.open(folder.file)).list();
  assertEquals(length, 8);
});

Deno.test("GrantStore.grant() and revoke() by several processes at once lose nothing", async () => {
  await using folder = await temporaryFolder();
  await (await GrantStore.open(folder.file)).grant(grantOf("old", 1));
  const module = new URL("./grants.ts", import.meta.url).href;
  const program = (name: string): string => `
    const { GrantStore } = await import(${JSON.stringify(module)});
    const store = await GrantStore.open(${JSON.stringify(folder.file)});
    const permissions = { net: [], read: [], write: [], env: [], gpu: true, services: [] };
    for (let code = 0; code < 10; code++) {
      const sha256 = String(code).padStart(64, "0");
      await store.grant({ name: "${name}", version: "1.0.0", sha256, permissions, textAndNetwork: false });
      if (code === 5) await store.revoke("old");
    }`;

  const ended = await Promise.all(["a", "b", "c"].map((name) => deno(folder, program(name))));

  assertEquals(ended, Array(3).fill({ code: 0, stderr: "" }));
  const counts = Map.groupBy((await GrantStore.open(folder.file)).list(), ({ name }) => name);
  assertEquals([...counts].map(([name, { length }]) => [name, length]).sort(), [["a", 10], ["b", 10], [
    "c",
    10,
  ]]);
});

Deno.test("GrantStore.grant() is not kept waiting by a process that was killed while it wrote", async () => {
  await using folder = await temporaryFolder();
  await (await GrantStore.open(folder.file)).grant(grantOf("a", 1));
  const module = new URL("./private_file.ts", import.meta.url).href;
  const program = `
    const { lockedFile } = await import(${JSON.stringify(module)});
    await lockedFile(${JSON.stringify(`${folder.file}.lock`)});
    Deno.writeTextFileSync(${JSON.stringify(`${folder.file}.partial`)}, "{");
    Deno.kill(Deno.pid, "SIGKILL");`;
  await deno(folder, program, "--allow-run");

  const store = await GrantStore.open(folder.file);
  await store.grant(grantOf("b", 1));

  assertEquals(store.list().map(({ name }) => name), ["a", "b"]);
});

/** Runs a program that may read and write the folder. */
async function deno(
  { path }: Folder,
  program: string,
  ...flags: string[]
): Promise<{ code: number; stderr: string }> {
  const main = `${path}/${crypto.randomUUID()}.ts`;
  await Deno.writeTextFile(main, program);
  const rights = [`--allow-read=${path}`, `--allow-write=${path}`, ...flags];
  const { code, stderr } = await new Deno.Command("deno", {
    args: ["run", "--no-prompt", "--no-check", ...rights, main],
  }).output();
  return { code, stderr: new TextDecoder().decode(stderr) };
}

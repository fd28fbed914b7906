import { symlink } from "../../tests/fixtures/symlink.ts";
import { assert, assertEquals, assertRejects, assertStringIncludes } from "../deps/assert.ts";
import { KBertError } from "../wall/errors.ts";
import { buildImage } from "./image.ts";
import { LOCK_FILE, type LockEntry, readLock, writeLock } from "./lock_file.ts";
import { fileHashes, lockedImage } from "./locked_image.ts";
import { pluginSource } from "./source.ts";

/** A place with a plugin in it, gone at the end of the block. */
class Place implements AsyncDisposable {
  private constructor(readonly path: string) {}

  static async make(): Promise<Place> {
    const place = new Place(await Deno.realPath(await Deno.makeTempDir()));
    await place.write("spam_head");
    return place;
  }

  async write(folder: string, { name = folder, code = "1" } = {}): Promise<void> {
    await Deno.mkdir(`${this.path}/${folder}`, { recursive: true });
    const manifest = `name: ${name}\nversion: 1.0.0\nentry_points: { plugin: main:Main }\n`;
    await Deno.writeTextFile(`${this.path}/${folder}/plugin.yaml`, manifest);
    const main =
      `import { PluginPort } from "k-bert/sdk";\nexport class Main extends PluginPort { run(): number { return ${code}; } }\n`;
    await Deno.writeTextFile(`${this.path}/${folder}/main.ts`, main);
  }

  async lock(folder = "spam_head"): Promise<LockEntry> {
    const image = await buildImage(pluginSource(`${this.path}/${folder}`));
    const entry: LockEntry = {
      version: image.manifest.version,
      source: { source: "local", path: "elsewhere" },
      sha256: image.sha256,
      files: await fileHashes(image),
      packages: {},
    };
    await writeLock(this.path, new Map([[folder, entry]]));
    return entry;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return Deno.remove(this.path, { recursive: true });
  }
}

const refusal = async (location: string): Promise<KBertError<"plugin/locked">> => {
  const error = await assertRejects(() => lockedImage(location), KBertError);
  assertEquals(error.code, "plugin/locked", error.message);
  return error as KBertError<"plugin/locked">;
};

Deno.test("lockedImage() loads what the lock says, and what no lock names", async () => {
  await using place = await Place.make();
  assertEquals((await lockedImage(`${place.path}/spam_head`)).manifest.name, "spam_head");
  const entry = await place.lock();
  await place.write("own");

  assertEquals((await lockedImage(`${place.path}/spam_head/`)).sha256, entry.sha256);
  assertEquals((await lockedImage(`${place.path}/own`)).manifest.name, "own");
});

Deno.test("lockedImage() refuses one changed byte, with both hashes, the file and the command that takes it over", async () => {
  await using place = await Place.make();
  const entry = await place.lock();
  await place.write("spam_head", { code: "2" });
  const { sha256 } = await buildImage(pluginSource(`${place.path}/spam_head`));

  const { message, detail } = await refusal(`${place.path}/spam_head`);

  assertEquals(detail, {
    plugin: "spam_head",
    lock: `${place.path}/${LOCK_FILE}`,
    expected: entry.sha256,
    actual: sha256,
    changed: ["main.ts has changed"],
  });
  for (const part of [entry.sha256, sha256, "main.ts has changed", "plugin update spam_head --place"]) {
    assertStringIncludes(message, part);
  }
});

Deno.test("lockedImage() tells files that are new and files that are gone", async () => {
  await using place = await Place.make();
  const folder = `${place.path}/spam_head`;
  const main = await Deno.readTextFile(`${folder}/main.ts`);
  await Deno.writeTextFile(`${folder}/main.ts`, `import "./old.ts";\n${main}`);
  await Deno.writeTextFile(`${folder}/old.ts`, "export {};\n");
  await place.lock();
  await Deno.writeTextFile(`${folder}/main.ts`, `import "./new.ts";\n${main}`);
  await Deno.writeTextFile(`${folder}/new.ts`, "export {};\n");

  const { detail } = await refusal(folder);

  assertEquals(detail.changed, ["main.ts has changed", "new.ts is new", "old.ts is gone"]);
});

Deno.test("lockedImage() refuses another folder that took a locked name, and a locked folder of another name", async () => {
  await using place = await Place.make();
  await place.lock();
  await place.write("a_first_one", { name: "spam_head", code: "3" });

  assertEquals((await refusal(`${place.path}/a_first_one`)).detail.changed, ["main.ts has changed"]);

  await place.write("spam_head", { name: "another", code: "1" });
  const words = ["plugin.yaml calls it another, and the lock spam_head"];
  assertEquals((await refusal(`${place.path}/spam_head`)).detail.changed, words);
});

Deno.test("lockedImage() is not led around the lock by a link, from either side", async () => {
  await using place = await Place.make();
  await using other = await Place.make();
  await place.lock();
  await place.write("spam_head", { code: "2" });
  await symlink(`${place.path}/spam_head`, `${other.path}/link`);

  await refusal(`${other.path}/link`);

  await other.lock();
  await other.write("spam_head", { code: "4" });
  await Deno.rename(`${other.path}/spam_head`, `${other.path}/moved`);
  await symlink(`${other.path}/moved`, `${other.path}/spam_head`);
  await refusal(`${other.path}/spam_head`);
});

Deno.test("lockedImage() does not load beside a lock that is damaged, too large or not a file", async () => {
  await using place = await Place.make();
  const lock = `${place.path}/${LOCK_FILE}`;
  const codeOf = async (): Promise<string> =>
    (await assertRejects(() => lockedImage(`${place.path}/spam_head`), KBertError)).code;

  await Deno.writeTextFile(lock, "{");
  assertEquals(await codeOf(), "file/unusable");
  await Deno.writeTextFile(lock, `{ "format": "k-bert lock", "version": 2, "plugins": {} }`);
  assertEquals(await codeOf(), "document/invalid");
  await Deno.writeTextFile(lock, " ".repeat(4_000_001));
  assertEquals(await codeOf(), "file/unusable");
  await Deno.remove(lock);
  await Deno.mkdir(lock);
  assertEquals(await codeOf(), "file/unusable");
});

Deno.test("lockedImage() says which right is missing when the lock may not be read, and does not load", async () => {
  await using place = await Place.make();
  const script = `import { lockedImage } from ${
    JSON.stringify(new URL("./locked_image.ts", import.meta.url))
  };
try { await lockedImage(${
    JSON.stringify(`${place.path}/spam_head`)
  }); } catch (error) { console.log(error.message); }`;
  await Deno.writeTextFile(`${place.path}/script.ts`, script);

  const { stdout } = await new Deno.Command("deno", {
    args: [
      "run",
      "--no-prompt",
      "--no-check",
      "--lock=tests/deno.lock",
      `--allow-read=${place.path}/spam_head`,
    ]
      .concat(`${place.path}/script.ts`),
  }).output();

  const message = new TextDecoder().decode(stdout);
  assertStringIncludes(message, `give deno --allow-read=${place.path}/${LOCK_FILE} too`);
});

Deno.test("writeLock() gives the same bytes for the same entries in any order, and removes an empty lock", async () => {
  await using place = await Place.make();
  const entry = await place.lock();
  const lock = `${place.path}/${LOCK_FILE}`;
  await writeLock(place.path, new Map([["b", entry], ["a", entry]]));
  const first = await Deno.readTextFile(lock);
  await writeLock(place.path, new Map([["a", entry], ["b", entry]]));

  assertEquals(await Deno.readTextFile(lock), first);
  assertEquals([...(await readLock(place.path)).keys()], ["a", "b"]);
  await writeLock(place.path, new Map());
  assert(!(await Array.fromAsync(Deno.readDir(place.path))).some(({ name }) => name === LOCK_FILE));
});

import { assertEquals, assertInstanceOf, assertMatch, assertRejects } from "../deps/assert.ts";
import { KBertError } from "../wall/errors.ts";
import { asFileError, diskFileSystem, type FileSystem } from "./durable.ts";
import { writeFileAtomically, writeFolderAtomically } from "./durable.ts";

const OLD = new Uint8Array([1, 2, 3]);
const NEW = new Uint8Array([4, 5]);

Deno.test("writeFileAtomically() makes the folder, writes the file and leaves no other", async () => {
  await using folder = await temporaryFolder();
  const path = `${folder.path}/a/b/file.bin`;

  await writeFileAtomically(path, OLD);
  await writeFileAtomically(path, NEW);

  assertEquals(await Deno.readFile(path), NEW);
  assertEquals(await diskFileSystem.list(`${folder.path}/a/b`), ["file.bin"]);
});

Deno.test("writeFileAtomically() flushes before it renames, and then flushes the folder", async () => {
  const calls: string[] = [];

  await writeFileAtomically("run/file.bin", NEW, recordingFileSystem(calls));

  assertEquals(calls, [
    "makeFolder run",
    "writeFlushed run/.partial-file.bin",
    "rename run/.partial-file.bin run/file.bin",
    "flushFolder run",
  ]);
});

Deno.test("writeFileAtomically() leaves the old file and nothing else when the disk is full", async () => {
  await using folder = await temporaryFolder();
  const path = `${folder.path}/file.bin`;
  await writeFileAtomically(path, OLD);

  const full: FileSystem = {
    ...diskFileSystem,
    async writeFlushed(path, bytes): Promise<void> {
      await diskFileSystem.writeFlushed(path, bytes.subarray(0, 1));
      throw diskFull();
    },
  };
  const error = await assertRejects(() => writeFileAtomically(path, NEW, full), KBertError);

  assertEquals(error.code, "file/unusable");
  assertEquals(error.detail, { path });
  assertMatch(error.message, /^Cannot write \S+file\.bin: no space left on device; free some space .*[^.]$/);
  assertEquals(await Deno.readFile(path), OLD);
  assertEquals(await diskFileSystem.list(folder.path), ["file.bin"]);
});

Deno.test("writeFileAtomically() says what to do when a file stands where a folder is needed", async () => {
  await using folder = await temporaryFolder();
  await Deno.writeFile(`${folder.path}/file`, OLD);

  const error = await assertRejects(() => writeFileAtomically(`${folder.path}/file/below`, NEW), KBertError);

  assertMatch(error.message, /below: file exists; a file stands .* choose another path$/);
});

Deno.test("writeFileAtomically() refuses a path without a name", async () => {
  for (const path of ["", "/", "a/..", "."]) {
    await assertRejects(() => writeFileAtomically(path, NEW, recordingFileSystem([])), TypeError, "a name");
  }
});

Deno.test("writeFolderAtomically() replaces a folder as a whole", async () => {
  await using folder = await temporaryFolder();
  const path = `${folder.path}/model`;

  await writeFolderAtomically(path, new Map([["a", OLD], ["b", OLD]]));
  await writeFolderAtomically(path, new Map([["b", NEW]]));

  assertEquals(await diskFileSystem.list(folder.path), ["model"]);
  assertEquals(await diskFileSystem.list(path), ["b"]);
  assertEquals(await Deno.readFile(`${path}/b`), NEW);
});

Deno.test("writeFolderAtomically() removes what a killed run left under the same name", async () => {
  await using folder = await temporaryFolder();
  await Deno.mkdir(`${folder.path}/.partial-model`);
  await Deno.writeFile(`${folder.path}/.partial-model/half`, OLD);

  await writeFolderAtomically(`${folder.path}/model`, new Map([["a", NEW]]));

  assertEquals(await diskFileSystem.list(folder.path), ["model"]);
  assertEquals(await diskFileSystem.list(`${folder.path}/model`), ["a"]);
});

Deno.test("writeFolderAtomically() puts the old folder back when the new one cannot take its place", async () => {
  await using folder = await temporaryFolder();
  const path = `${folder.path}/model`;
  await writeFolderAtomically(path, new Map([["a", OLD]]));

  const stubborn: FileSystem = {
    ...diskFileSystem,
    rename: (from, to) => from.includes(".partial-") ? Promise.reject(diskFull()) : Deno.rename(from, to),
  };
  await assertRejects(() => writeFolderAtomically(path, new Map([["a", NEW]]), stubborn), KBertError);

  assertEquals(await diskFileSystem.list(folder.path), ["model"]);
  assertEquals(await Deno.readFile(`${path}/a`), OLD);
});

Deno.test("writeFolderAtomically() passes a bug in the files' generator on as it is", async () => {
  await using folder = await temporaryFolder();
  // deno-lint-ignore require-yield -- it fails before it can
  const files = function* (): Generator<[string, Uint8Array]> {
    throw new RangeError("a bug");
  };

  await assertRejects(() => writeFolderAtomically(`${folder.path}/model`, files()), RangeError, "a bug");

  assertEquals(await diskFileSystem.list(folder.path), []);
});

Deno.test("asFileError() names the right that Deno was not given", () => {
  const thrown = new Deno.errors.NotCapable('Requires write access to "run", run again with the flag');

  const error = asFileError("write", "run/file", thrown);

  assertInstanceOf(error, KBertError);
  assertMatch(error.message, /--allow-write$/);
  assertEquals(error.cause, thrown);
});

Deno.test("diskFileSystem finds nothing in, and can remove, what is not there", async () => {
  await using folder = await temporaryFolder();
  const missing = `${folder.path}/missing`;

  await diskFileSystem.removeFile(missing);
  await diskFileSystem.removeFolder(missing);

  assertEquals(await diskFileSystem.list(missing), []);
});

function diskFull(): Error {
  return Object.assign(new Error("No space left on device (os error 28): writefile 'x'"), { code: "ENOSPC" });
}

/** Writes down what it is asked and does nothing. */
function recordingFileSystem(calls: string[]): FileSystem {
  const record = (name: string) => (...paths: unknown[]): Promise<void> => {
    calls.push([name, ...paths.filter((path) => typeof path === "string")].join(" "));
    return Promise.resolve();
  };
  return {
    makeFolder: record("makeFolder"),
    writeFlushed: record("writeFlushed"),
    rename: record("rename"),
    flushFolder: record("flushFolder"),
    removeFile: record("removeFile"),
    removeFolder: record("removeFolder"),
    list: () => Promise.resolve([]),
  };
}

async function temporaryFolder(): Promise<{ path: string } & AsyncDisposable> {
  const path = await Deno.makeTempDir({ prefix: "k-bert-" });
  return { path, [Symbol.asyncDispose]: () => Deno.remove(path, { recursive: true }) };
}

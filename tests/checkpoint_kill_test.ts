/**
 * Whatever interrupts the saving of a checkpoint, a whole one can be loaded afterwards and the next save
 * works: tried before every single operation on the disk, with a killed process and with a full disk.
 *
 * @module
 */
import { assertEquals, assertGreater, assertInstanceOf, assertMatch } from "../core/deps/assert.ts";
import { loadLatestCheckpoint, saveCheckpoint } from "../core/train/checkpoint.ts";
import { KBertError } from "../core/wall/errors.ts";
import { checkpointOf, failingFileSystem } from "./fixtures/checkpoint_writer.ts";

/** Far more operations than a save has: a loop that gets here would never end. */
const TOO_MANY = 100;

Deno.test("a kill -9 between any two writes of a checkpoint leaves the previous one usable", async () => {
  const loaded: number[] = [];
  for (let nth = 1; nth < TOO_MANY; nth++) {
    await using folder = await temporaryFolder();

    const finished = await saveInAnotherProcess(folder.path, nth);
    loaded.push(await loadWhole(folder.path));

    await saveCheckpoint(folder.path, checkpointOf(4));
    assertEquals(await loadWhole(folder.path), 4);
    assertEquals(partialNames(folder.path), []);
    if (finished) break;
  }

  assertGreater(loaded.length, 10); // at least: a folder, five files, two flushes, a rename, a removal
  assertEquals(loaded, loaded.toSorted()); // from one moment on, it is the new one
  assertEquals([loaded[0], loaded.at(-1)], [2, 3]);
});

Deno.test("a disk that is full at any operation of saveCheckpoint() leaves nothing half-written", async () => {
  const loaded: number[] = [];
  for (let nth = 1; nth < TOO_MANY; nth++) {
    await using folder = await temporaryFolder();
    for (const step of [1, 2]) await saveCheckpoint(folder.path, checkpointOf(step));
    const full = failingFileSystem(nth, () => {
      throw Object.assign(new Error("No space left on device (os error 28)"), { code: "ENOSPC" });
    });

    const error = await saveCheckpoint(folder.path, checkpointOf(3), full).catch((error: unknown) => error);
    loaded.push(await loadWhole(folder.path));

    assertEquals(partialNames(folder.path), []);
    if (error === undefined) break; // it came to its end before the nth operation
    assertInstanceOf(error, KBertError);
    assertEquals(error.code, "file/unusable");
    assertMatch(error.message, /^Cannot [^\n]*: no space left on device; free some space [^.\n]*$/);
  }

  assertGreater(loaded.length, 10);
  assertEquals(loaded, loaded.toSorted());
  assertEquals([loaded[0], loaded.at(-1)], [2, 3]);
});

/** Runs the fixture with no other right than to its folder; false if it was killed. */
async function saveInAnotherProcess(folder: string, nth: number): Promise<boolean> {
  const fixture = new URL("./fixtures/checkpoint_writer.ts", import.meta.url).href;
  const rights = ["--no-prompt", `--allow-read=${folder}`, `--allow-write=${folder}`];
  const args = ["run", "--quiet", "--no-check", ...rights, fixture, folder, String(nth)];
  const { stdout, stderr } = await new Deno.Command("deno", { args, stdin: "null" }).output();
  // Not its signal: where npm may not run scripts, "deno" is a wrapper that exits as if all were well.
  assertEquals(new TextDecoder().decode(stderr), "");
  return new TextDecoder().decode(stdout) === "finished";
}

/** The step of the latest checkpoint, of which every part must be of that step. */
async function loadWhole(folder: string): Promise<number> {
  const loaded = await loadLatestCheckpoint(folder);
  const { path, skipped, ...checkpoint } = loaded!;
  assertEquals(skipped, []);
  assertEquals(path, `${folder}/step-0000000${checkpoint.step}`);
  assertEquals(checkpoint, checkpointOf(checkpoint.step));
  return checkpoint.step;
}

function partialNames(folder: string): string[] {
  return [...Deno.readDirSync(folder)].map((entry) => entry.name).filter((name) =>
    name.startsWith(".partial-")
  );
}

async function temporaryFolder(): Promise<{ path: string } & AsyncDisposable> {
  const path = await Deno.makeTempDir({ prefix: "k-bert-" });
  return { path, [Symbol.asyncDispose]: () => Deno.remove(path, { recursive: true }) };
}

import { assert, assertEquals, assertMatch, assertRejects, assertThrows } from "../deps/assert.ts";
import { KBertError } from "../wall/errors.ts";
import {
  type Checkpoint,
  loadLatestCheckpoint,
  requireSameConfiguration,
  saveCheckpoint,
} from "./checkpoint.ts";

Deno.test("saveCheckpoint() and loadLatestCheckpoint() bring everything back", async () => {
  await using folder = await temporaryFolder();
  const saved = checkpoint(120);

  await saveCheckpoint(folder.path, saved);
  const loaded = await loadLatestCheckpoint(folder.path);

  assertEquals(loaded, { ...saved, path: `${folder.path}/step-00000120`, skipped: [] });
});

Deno.test("loadLatestCheckpoint() gives undefined when there is none", async () => {
  await using folder = await temporaryFolder();
  await Deno.writeTextFile(`${folder.path}/step-12`, "not a checkpoint's name");

  assertEquals(await loadLatestCheckpoint(folder.path), undefined);
  assertEquals(await loadLatestCheckpoint(`${folder.path}/missing`), undefined);
});

Deno.test("saveCheckpoint() keeps two, and removes what killed runs left, but nothing else", async () => {
  await using folder = await temporaryFolder();
  await Deno.mkdir(`${folder.path}/.partial-step-00000007`);
  await Deno.writeTextFile(`${folder.path}/report.html`, "");

  for (const step of [10, 20, 30]) await saveCheckpoint(folder.path, checkpoint(step));

  assertEquals(names(folder.path), ["report.html", "step-00000020", "step-00000030"]);
});

Deno.test("saveCheckpoint() removes those of later steps, so that the last saved one is loaded", async () => {
  await using folder = await temporaryFolder();
  for (const step of [10, 20]) await saveCheckpoint(folder.path, checkpoint(step));
  await damage(folder.path, 20, "head.safetensors");

  await saveCheckpoint(folder.path, checkpoint(15));

  assertEquals(names(folder.path), ["step-00000010", "step-00000015"]);
  assertEquals((await loadLatestCheckpoint(folder.path))?.step, 15);
});

Deno.test("saveCheckpoint() replaces one of the same step", async () => {
  await using folder = await temporaryFolder();

  await saveCheckpoint(folder.path, checkpoint(10));
  await saveCheckpoint(folder.path, { ...checkpoint(10), data: { second: true } });

  assertEquals(names(folder.path), ["step-00000010"]);
  assertEquals((await loadLatestCheckpoint(folder.path))?.data, { second: true });
});

Deno.test("loadLatestCheckpoint() finds one that was set aside when its replacement never came", async () => {
  await using folder = await temporaryFolder();
  await saveCheckpoint(folder.path, checkpoint(10));
  await Deno.rename(`${folder.path}/step-00000010`, `${folder.path}/step-00000010.replaced`);

  assertEquals((await loadLatestCheckpoint(folder.path))?.step, 10);

  await saveCheckpoint(folder.path, checkpoint(10));
  assertEquals(names(folder.path), ["step-00000010"]);
});

Deno.test("loadLatestCheckpoint() passes a damaged one over and says why", async (t) => {
  const damages: [string, (path: string) => Promise<void>, RegExp][] = [
    [
      "a changed byte",
      (path) => flipLastByte(`${path}/head.safetensors`),
      /head.safetensors is not what was/,
    ],
    ["a shorter file", (path) => Deno.truncate(`${path}/head.safetensors`, 9), /has 9 bytes and not \d+/],
    ["a missing file", (path) => Deno.remove(`${path}/head.safetensors`), /head.safetensors is missing/],
    ["no manifest", (path) => Deno.remove(`${path}/checkpoint.json`), /checkpoint.json is missing/],
    ["half a manifest", (path) => Deno.truncate(`${path}/checkpoint.json`, 40), /damaged: it is not JSON/],
    ["another format", (path) => edit(path, { format: 2 }), /damaged: format/],
    ["a moved folder", (path) => edit(path, { step: 3 }), /is that of step 3/],
    [
      "a path as name",
      (path) => edit(path, { files: { "../x.safetensors": FILE } }),
      /x.safetensors: Invalid key/,
    ],
    ["a folder as file", async (path) => {
      await Deno.remove(`${path}/head.safetensors`);
      await Deno.mkdir(`${path}/head.safetensors`);
    }, /is not a file/],
    [
      "a huge manifest",
      (path) => Deno.truncate(`${path}/checkpoint.json`, 2 ** 24 + 1),
      /may have 16777216 bytes and has 16777217/,
    ],
  ];
  for (const [name, harm, reason] of damages) {
    await t.step(name, async () => {
      await using folder = await temporaryFolder();
      for (const step of [10, 20]) await saveCheckpoint(folder.path, checkpoint(step));
      const path = `${folder.path}/step-00000020`;
      await harm(path);

      const loaded = await loadLatestCheckpoint(folder.path);

      assertEquals(loaded?.step, 10);
      assertEquals(loaded?.skipped.map((one) => one.path), [path]);
      assertMatch(loaded!.skipped[0]!.reason, reason);
    });
  }
});

Deno.test("loadLatestCheckpoint() does not start from nothing when all are damaged", async () => {
  await using folder = await temporaryFolder();
  for (const step of [10, 20]) await saveCheckpoint(folder.path, checkpoint(step));
  for (const step of [10, 20]) await damage(folder.path, step, "encoder.safetensors");

  const error = await assertRejects(() => loadLatestCheckpoint(folder.path), KBertError);

  assertEquals(error.code, "checkpoint/unusable");
  assertMatch(error.message, /none of its 2 checkpoints is usable, .* remove the folder to start/);
});

Deno.test("saveCheckpoint() refuses what could not be read again, before anything is written", async () => {
  await using folder = await temporaryFolder();
  const wrong: Partial<Checkpoint>[] = [
    { step: 100_000_000 },
    { step: 1.5 },
    { data: { accuracy: NaN } },
    { data: { missing: undefined } },
    { plugins: [{ name: "p", version: "1.0.0", sha256: "short" }] },
    { groups: { "../head": new Map() } },
    { data: { text: "x".repeat(2 ** 24) } },
  ];

  for (const fields of wrong) {
    await assertRejects(
      () => saveCheckpoint(folder.path, { ...checkpoint(1), ...fields }),
      TypeError,
      "Cannot",
    );
  }

  assertEquals(names(folder.path), []);
});

Deno.test("requireSameConfiguration() names both configurations when they differ", () => {
  requireSameConfiguration({ configHash: "aaaa" }, "aaaa", "runs/1/step-00000010");

  const error = assertThrows(
    () => requireSameConfiguration({ configHash: "aaaa" }, "bbbb", "runs/1/step-00000010"),
    KBertError,
  );

  assertEquals(error.code, "checkpoint/unusable");
  assertEquals(error.detail, {
    path: "runs/1/step-00000010",
    difference: "configuration aaaa instead of bbbb",
  });
  assert(!error.message.endsWith("."));
});

const FILE = { bytes: 1, sha256: "0".repeat(64) };

function checkpoint(step: number): Checkpoint {
  const tensor = { dtype: "float32", shape: [2, 1], data: new Float32Array([step, -0.5]) } as const;
  const counts = { dtype: "int32", shape: [1], data: new Int32Array([step]) } as const;
  return {
    step,
    epoch: 1,
    seed: 7,
    configHash: "c0ffee",
    generator: [1, 2, 3, 2 ** 32 - 1],
    plugins: [{ name: "head", version: "1.2.3", sha256: "a".repeat(64) }],
    groups: { encoder: new Map([["layer.0.bias", tensor]]), head: new Map([["counts", counts]]) },
    data: { losses: [0.5, 0.25], best: null },
  };
}

function names(path: string): string[] {
  return [...Deno.readDirSync(path)].map((entry) => entry.name).sort();
}

function damage(folder: string, step: number, file: string): Promise<void> {
  return flipLastByte(`${folder}/step-${String(step).padStart(8, "0")}/${file}`);
}

async function flipLastByte(path: string): Promise<void> {
  const bytes = await Deno.readFile(path);
  bytes[bytes.length - 1]! ^= 1;
  await Deno.writeFile(path, bytes);
}

async function edit(path: string, fields: Record<string, unknown>): Promise<void> {
  const manifest = JSON.parse(await Deno.readTextFile(`${path}/checkpoint.json`));
  await Deno.writeTextFile(`${path}/checkpoint.json`, JSON.stringify({ ...manifest, ...fields }));
}

async function temporaryFolder(): Promise<{ path: string } & AsyncDisposable> {
  const path = await Deno.makeTempDir({ prefix: "k-bert-" });
  return { path, [Symbol.asyncDispose]: () => Deno.remove(path, { recursive: true }) };
}

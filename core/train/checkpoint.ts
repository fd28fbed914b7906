/**
 * The state of a training run on disk, from which it goes on as if it had never stopped.
 *
 * A checkpoint is a folder `step-00000120` that appears as a whole (durable.ts). Its `checkpoint.json`
 * carries the size and SHA-256 of every other file, so a damaged one is recognized and the one before it
 * is used: two are kept. What was saved last is what a load gives, so checkpoints of later steps, left by
 * a run that was resumed from before them, are removed with the oldest.
 *
 * @module
 */
import { readSafetensors, writeSafetensors } from "../bert/safetensors.ts";
import { KBertError, messageOf } from "../wall/errors.ts";
import { sha256 } from "../wall/sha256.ts";
import type { HostTensor } from "../wall/tensor.ts";
import {
  type CheckpointPlugin,
  encodeManifest,
  MANIFEST,
  type Manifest,
  readManifest,
  sizeOfFile,
} from "./checkpoint_manifest.ts";
import {
  asFileError,
  diskFileSystem,
  type FileSystem,
  PARTIAL,
  REPLACED,
  writeFolderAtomically,
} from "./durable.ts";

export type { CheckpointPlugin };

/** Everything that a run needs to go on. */
export interface Checkpoint {
  /** Optimizer steps taken, from 0 to 99,999,999. */
  readonly step: number;
  /** Whole passes over the training texts that are behind the run. */
  readonly epoch: number;
  readonly seed: number;
  /** Hash of the settings; {@linkcode requireSameConfiguration} compares it. */
  readonly configHash: string;
  /** State of the random generator. */
  readonly generator: readonly number[];
  readonly plugins: readonly CheckpointPlugin[];
  /** Name of a group ("encoder", "head-moments": lower case, digits, "-") → its tensors; one file each. */
  readonly groups: Readonly<Record<string, ReadonlyMap<string, HostTensor>>>;
  /** Anything else, as JSON can carry it: no undefined, NaN or infinity. */
  readonly data: Readonly<Record<string, unknown>>;
}

/** A checkpoint that was passed over. */
export interface SkippedCheckpoint {
  readonly path: string;
  /** Why, as a sentence without a full stop. */
  readonly reason: string;
}

/** A checkpoint as {@linkcode loadLatestCheckpoint} found it. */
export interface LoadedCheckpoint extends Checkpoint {
  /** Its folder. */
  readonly path: string;
  /** Newer ones that are damaged, the newest first. */
  readonly skipped: readonly SkippedCheckpoint[];
}

/** How many are kept: the newest, and one to fall back to. */
const KEPT = 2;
/** Stands for a file that is not written yet. */
const UNKNOWN_FILE = { bytes: 0, sha256: "0".repeat(64) };
/** `.replaced` is what a kill between two renames leaves when a step is saved for the second time. */
const STEP_FOLDER = /^step-(\d{8})(\.replaced)?$/;

/**
 * Writes `<folder>/step-<8 digits>/`, then removes all but the newest two and what killed runs left.
 *
 * A kill at any moment leaves either this checkpoint or the one before it. The tensors stay the caller's
 * and must not change meanwhile; one group at a time is held as bytes besides them.
 *
 * @throws {KBertError} `file/unusable` if the disk is full or the like; the ones before are untouched.
 * @throws {TypeError} if a part of the checkpoint is outside of what its field allows.
 *
 * @example There and back
 * ```ts
 * import { loadLatestCheckpoint, saveCheckpoint } from "./checkpoint.ts";
 * import { assertEquals } from "../deps/assert.ts";
 *
 * const folder = await Deno.makeTempDir();
 * const bias = { dtype: "float32", shape: [2], data: new Float32Array([1, 2]) } as const;
 * await saveCheckpoint(folder, {
 *   step: 120,
 *   epoch: 1,
 *   seed: 7,
 *   configHash: "c0ffee",
 *   generator: [1, 2, 3, 4],
 *   plugins: [],
 *   groups: { head: new Map([["bias", bias]]) },
 *   data: { bestAccuracy: 0.968 },
 * });
 *
 * const loaded = await loadLatestCheckpoint(folder);
 * assertEquals(loaded?.step, 120);
 * assertEquals(loaded?.groups["head"]?.get("bias"), bias);
 * await Deno.remove(folder, { recursive: true });
 * ```
 */
export async function saveCheckpoint(
  folder: string,
  checkpoint: Checkpoint,
  fs: FileSystem = diskFileSystem,
): Promise<void> {
  const planned = Object.keys(checkpoint.groups).map((group) => [fileOf(group), UNKNOWN_FILE]);
  encodeManifest(manifestOf(checkpoint, Object.fromEntries(planned))); // refuses before gigabytes are written in vain
  await writeFolderAtomically(checkpointPath(folder, checkpoint.step), filesOf(checkpoint), fs);
  try {
    for (const old of superfluous(await fs.list(folder), checkpoint.step)) {
      await fs.removeFolder(`${folder}/${old}`);
    }
  } catch (error) {
    throw asFileError("remove old checkpoints from", folder, error);
  }
}

/** Where the checkpoint of a step is kept. */
export function checkpointPath(folder: string, step: number): string {
  return `${folder}/step-${String(step).padStart(8, "0")}`;
}

/**
 * The newest checkpoint whose files are all as they were written; undefined if there is none at all.
 *
 * @throws {KBertError} `checkpoint/unusable` if there are checkpoints but all are damaged: to start from
 *     nothing then is for the user to decide. `file/unusable` if the folder cannot be read.
 *
 * @example
 * ```ts
 * import { loadLatestCheckpoint } from "./checkpoint.ts";
 * import { assertEquals } from "../deps/assert.ts";
 *
 * assertEquals(await loadLatestCheckpoint("a-folder-that-is-not-there"), undefined);
 * ```
 */
export async function loadLatestCheckpoint(folder: string): Promise<LoadedCheckpoint | undefined> {
  const names = await diskFileSystem.list(folder).catch((error) => {
    throw asFileError("read", folder, error);
  });
  const skipped: SkippedCheckpoint[] = [];
  for (const { name, step } of newestFirst(names)) {
    const path = `${folder}/${name}`;
    try {
      return { ...await readCheckpoint(path, step), path, skipped };
    } catch (error) {
      skipped.push({ path, reason: messageOf(error) });
    }
  }
  if (skipped[0] === undefined) return undefined;
  throw new KBertError(
    "checkpoint/unusable",
    `Cannot resume from ${folder}: none of its ${skipped.length} checkpoints is usable, the newest because ` +
      `${skipped[0].reason}; remove the folder to start from the beginning`,
    { path: skipped[0].path, difference: skipped[0].reason },
  );
}

/**
 * Refuses to go on with other settings than those that the checkpoint was made with.
 *
 * @param path the checkpoint's folder, for the message
 * @throws {KBertError} `checkpoint/unusable` if the hashes differ.
 *
 * @example
 * ```ts
 * import { requireSameConfiguration } from "./checkpoint.ts";
 * import { assertThrows } from "../deps/assert.ts";
 *
 * const loaded = { configHash: "c0ffee", path: "runs/spam/step-00000120" };
 * requireSameConfiguration(loaded, "c0ffee", loaded.path);
 * assertThrows(() => requireSameConfiguration(loaded, "decaf", loaded.path), Error, "restore the settings");
 * ```
 */
export function requireSameConfiguration(
  checkpoint: Pick<Checkpoint, "configHash">,
  configHash: string,
  path: string,
): void {
  if (checkpoint.configHash === configHash) return;
  const [theirs, ours] = [checkpoint.configHash.slice(0, 12), configHash.slice(0, 12)];
  throw new KBertError(
    "checkpoint/unusable",
    `Cannot resume from ${path}: it was made with the configuration ${theirs}, and the present one is ` +
      `${ours}; restore the settings of that run or train in another folder`,
    { path, difference: `configuration ${theirs} instead of ${ours}` },
  );
}

/** The files in the order of writing. The manifest is last, since it describes the others. */
async function* filesOf(checkpoint: Checkpoint): AsyncGenerator<[string, Uint8Array]> {
  const files: Manifest["files"] = {};
  for (const [group, tensors] of Object.entries(checkpoint.groups)) {
    const bytes = writeSafetensors(tensors);
    files[fileOf(group)] = { bytes: bytes.length, sha256: await sha256(bytes) };
    yield [fileOf(group), bytes];
  }
  yield [MANIFEST, encodeManifest(manifestOf(checkpoint, files))];
}

function manifestOf(checkpoint: Checkpoint, files: Manifest["files"]): Record<string, unknown> {
  const { step, epoch, seed, configHash, generator, plugins, data } = checkpoint;
  return { format: 1, step, epoch, seed, configHash, generator, plugins, files, data };
}

async function readCheckpoint(path: string, step: number): Promise<Checkpoint> {
  const { files, format: _, ...fields } = await readManifest(path);
  if (fields.step !== step) throw new Error(`${MANIFEST} is that of step ${fields.step}`);
  const groups: Record<string, ReadonlyMap<string, HostTensor>> = {};
  for (const [name, { bytes: size, sha256: hash }] of Object.entries(files)) {
    const found = await sizeOfFile(`${path}/${name}`);
    if (found !== size) throw new Error(`${name} has ${found} bytes and not ${size}`);
    const bytes = await Deno.readFile(`${path}/${name}`);
    if (await sha256(bytes) !== hash) throw new Error(`${name} is not what was written: its SHA-256 differs`);
    groups[name.slice(0, name.indexOf("."))] = readSafetensors(bytes, `${path}/${name}`).tensors;
  }
  return { ...fields, groups };
}

/** The step folders among some names; a replaced one after the one that replaced it. */
function newestFirst(names: readonly string[]): { name: string; step: number }[] {
  return names
    .flatMap((name) => {
      const step = STEP_FOLDER.exec(name)?.[1];
      return step === undefined ? [] : [{ name, step: Number(step) }];
    })
    .sort((a, b) => b.step - a.step || a.name.length - b.name.length);
}

/** What a save of `step` leaves no use for. */
function superfluous(names: readonly string[], step: number): string[] {
  const steps = newestFirst(names);
  const kept = steps.filter((one) => one.step <= step && !one.name.endsWith(REPLACED)).slice(0, KEPT);
  return [
    ...steps.filter((one) => !kept.includes(one)).map((one) => one.name),
    ...names.filter((name) => name.startsWith(`${PARTIAL}step-`)),
  ];
}

function fileOf(group: string): string {
  return `${group}.safetensors`;
}

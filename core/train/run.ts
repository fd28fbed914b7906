/**
 * The folder of a run: its settings, its log, its checkpoints, and at the end its model and its result.
 *
 * | file             | what                                                                |
 * | ---------------- | ------------------------------------------------------------------- |
 * | `run.json`       | the settings that the run was started with, and what they were for   |
 * | `vocab.txt`      | the vocabulary, learned once                                         |
 * | `steps.jsonl`    | one line of JSON per logged step                                     |
 * | `checkpoints/`   | see checkpoint.ts                                                    |
 * | `model/`         | the trained model, see saved_model.ts                                |
 * | `result.json`    | the scores, for programs                                             |
 *
 * @module
 */
import { z } from "../deps/zod.ts";
import { validate } from "../manifest/validate.ts";
import { KBertError, messageOf } from "../wall/errors.ts";
import { sha256 } from "../wall/sha256.ts";
import type { TrainingConfig } from "./config.ts";
import { asFileError, writeFileAtomically } from "./durable.ts";

/** What a run was started with. */
export interface RunRecord {
  readonly config: TrainingConfig;
  readonly labels: readonly string[];
  /** SHA-256 of the training and test texts with their labels. */
  readonly dataHash: string;
  /** When it was started, ISO 8601. */
  readonly started: string;
}

const recordFile = z.object({
  format: z.literal(1),
  config: z.record(z.string(), z.unknown()),
  labels: z.array(z.string()),
  dataHash: z.string(),
  started: z.string(),
});

/** Settings that may differ when a run goes on: they do not change what is learned. */
const MAY_DIFFER = new Set([
  "output",
  "backend",
  "wasm.threads",
  "native.library",
  "native.threads",
  "name",
  "head.plugin", // its code is compared by hash
  "training.checkpointEverySteps",
  "training.logEverySteps",
  "training.deviceRestarts",
  "training.gradientCheckpointing",
  "training.captureSteps",
  "training.evalBatchSize",
  "head.callTimeoutMs",
  "evaluation.testTimeCopies",
]);
/** The same of the plugins of a list. */
const MAY_DIFFER_IN_LISTS = /^(?:augmenters|callbacks)\.\d+\.(?:plugin|callTimeoutMs)$/;

/** One run. */
export class Run {
  /** Path of its folder. */
  readonly path: string;
  readonly record: RunRecord;
  /** Of everything that decides what is learned; a checkpoint carries it. */
  readonly configHash: string;

  private constructor(path: string, record: RunRecord, configHash: string) {
    this.path = path;
    this.record = record;
    this.configHash = configHash;
  }

  /**
   * Makes the folder of a new run: `<output>/<name>-<date>-<time>`.
   *
   * @throws {KBertError} `file/unusable` if it cannot be written.
   */
  static async create(record: RunRecord): Promise<Run> {
    const { output, name } = record.config;
    const time = record.started.replace(/[-:]/g, "").replace("T", "-").slice(0, 15);
    const base = `${output}/${name.replace(/[^A-Za-z0-9_-]+/g, "-")}-${time}`;
    try {
      await Deno.mkdir(output, { recursive: true });
      for (let attempt = 1;; attempt++) {
        const path = attempt === 1 ? base : `${base}-${attempt}`;
        try {
          await Deno.mkdir(path); // also the claim of the name, when two runs start in one second
        } catch (error) {
          if (error instanceof Deno.errors.AlreadyExists) continue;
          throw error;
        }
        const run = new Run(path, record, await hashOf(record));
        try {
          await writeJson(`${path}/run.json`, { format: 1, ...record });
        } catch (error) {
          await run.discard();
          throw error;
        }
        return run;
      }
    } catch (error) {
      throw asFileError("write", base, error);
    }
  }

  /**
   * Opens the folder of an interrupted run, to go on with it.
   *
   * @throws {KBertError} `file/unusable` if it is no run; `checkpoint/unusable` if `wanted` has other
   * settings, texts or labels, naming the first difference.
   */
  static async open(path: string, wanted: RunRecord): Promise<Run> {
    path = path.replace(/\/+$/, "");
    const saved = await readRecord(path);
    const difference = firstDifference(saved, JSON.parse(JSON.stringify(wanted)));
    if (difference !== undefined) {
      const message = `Cannot resume ${path}: ${difference}; restore that, or start a new run`;
      throw new KBertError("checkpoint/unusable", message, { path, difference });
    }
    return new Run(path, { ...wanted, started: saved.started }, await hashOf(wanted));
  }

  /** Where its checkpoints are. */
  get checkpoints(): string {
    return `${this.path}/checkpoints`;
  }

  /** Removes the folder: of a run that never took a step nothing is worth keeping. Never throws. */
  async discard(): Promise<void> {
    // The error that ended the run is what the user needs to hear of, not one of cleaning up after it.
    await Deno.remove(this.path, { recursive: true }).catch(() => {});
  }

  /** Keeps the lines of the log up to a step, so that a resumed run does not say things twice. */
  async truncateLog(step: number): Promise<void> {
    const path = `${this.path}/steps.jsonl`;
    const text = await Deno.readTextFile(path).catch(() => "");
    const kept = text.split("\n").filter((line) => {
      try {
        return (JSON.parse(line) as { step: number }).step <= step;
      } catch {
        return false; // the last line of a killed run may be half
      }
    });
    await writeFileAtomically(path, encode(kept.map((line) => `${line}\n`).join("")));
  }

  /** Adds a line to the log. */
  async log(entry: Record<string, unknown>): Promise<void> {
    try {
      await Deno.writeTextFile(`${this.path}/steps.jsonl`, `${JSON.stringify(entry)}\n`, { append: true });
    } catch (error) {
      throw asFileError("write", `${this.path}/steps.jsonl`, error);
    }
  }
}

/** Writes JSON for people and programs, atomically. */
export async function writeJson(path: string, value: unknown): Promise<void> {
  await writeFileAtomically(path, encode(`${JSON.stringify(value, null, 2)}\n`));
}

async function readRecord(path: string): Promise<z.infer<typeof recordFile>> {
  try {
    const content: unknown = JSON.parse(await Deno.readTextFile(`${path}/run.json`));
    return validate(content, recordFile, { file: "run.json" });
  } catch (cause) {
    const reason = cause instanceof Deno.errors.NotFound
      ? "it has no run.json"
      : messageOf(cause).split("\n")[0];
    const message = `Cannot resume ${path}: ${reason}; give the folder that the interrupted run named`;
    throw new KBertError("file/unusable", message, { path }, { cause });
  }
}

function firstDifference(saved: z.infer<typeof recordFile>, wanted: RunRecord): string | undefined {
  const before = new Map(leaves(saved.config));
  const now = new Map(leaves({ ...wanted.config }));
  for (const key of new Set([...before.keys(), ...now.keys()])) {
    if (mayDiffer(key) || before.get(key) === now.get(key)) continue;
    return `${key} was ${before.get(key) ?? "not set"} and is ${now.get(key) ?? "not set"} now`;
  }
  if (saved.labels.join() !== wanted.labels.join()) return `its labels were ${saved.labels.join(", ")}`;
  if (saved.dataHash !== wanted.dataHash) return "it was trained on other texts";
  return undefined;
}

async function hashOf({ config, labels, dataHash }: RunRecord): Promise<string> {
  const settings = [...leaves({ ...config })].filter(([key]) => !mayDiffer(key))
    .sort();
  return await sha256(JSON.stringify([settings, labels, dataHash]));
}

function mayDiffer(key: string): boolean {
  return MAY_DIFFER.has(key) || MAY_DIFFER_IN_LISTS.test(key);
}

/** Dotted key and JSON text of every value; lists of mappings are mappings by number. */
function* leaves(value: Record<string, unknown>, prefix = ""): Iterable<[string, string]> {
  for (const [key, item] of Object.entries(value)) {
    const isMapping = typeof item === "object" && item !== null &&
      (!Array.isArray(item) ||
        item.length > 0 && item.every((one) => typeof one === "object" && one !== null));
    if (isMapping) yield* leaves(item as Record<string, unknown>, `${prefix}${key}.`);
    else if (item !== undefined) yield [prefix + key, JSON.stringify(item)];
  }
}

function encode(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}

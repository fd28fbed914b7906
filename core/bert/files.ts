/**
 * The folder of a published model, in Hugging Face's layout: what `from_pretrained` reads and
 * `save_pretrained` writes.
 *
 * Weights are known under one spelling of their names, that of today's encoder, whatever head they were
 * saved under and however old they are: see {@linkcode canonicalKey}. Sizes are looked at before the
 * contents, so that a file that was mistaken for another one costs an error and not the memory.
 *
 * @module
 */

import { KBertError, messageOf } from "../wall/errors.ts";
import type { HostTensor } from "../wall/tensor.ts";
import {
  listTokens,
  parseDocument,
  SPECIAL_TOKENS_MAP,
  tokenizerConfig,
  writeDocument,
} from "./files_json.ts";
import { readSafetensors, writeSafetensors } from "./safetensors.ts";

/** A model as it lies in a folder. */
export interface ModelFiles {
  /** `config.json` as it is; what the keys mean is not checked here. */
  readonly config: Record<string, unknown>;
  /** The tokens in the order of their ids. */
  readonly vocabulary: string[];
  /** Weights under their canonical names; linear ones are `[out, in]`. */
  readonly weights: Map<string, HostTensor>;
}

/** The most bytes that are read of each file. The float32 weights of bert-large have 1.3 GB. */
const MAX_BYTES = {
  "config.json": 1_000_000,
  "vocab.txt": 20_000_000,
  "tokenizer.json": 50_000_000,
  "model.safetensors": 2_000_000_000,
} as const;

/**
 * Reads a model folder: `config.json`, `model.safetensors`, and the vocabulary from `vocab.txt` or, where
 * there is none, from `tokenizer.json`. Needs the right to read the folder.
 *
 * @throws {KBertError} `file/unusable` if a file is missing, too large or unreadable, `document/invalid` if
 * a JSON file is not what it should be, `weights/invalid` if the weights are damaged.
 * @example There and back
 * ```ts
 * import { readModelFolder, writeModelFolder } from "./files.ts";
 * import { assertEquals } from "../deps/assert.ts";
 *
 * const bias = { dtype: "float32", shape: [2], data: new Float32Array([1, 2]) } as const;
 * const model = {
 *   config: { model_type: "bert" },
 *   vocabulary: ["[PAD]", "[UNK]", "hello"],
 *   weights: new Map([["embeddings.LayerNorm.bias", bias]]),
 * };
 * const folder = await Deno.makeTempDir();
 * try {
 *   await writeModelFolder(folder, model);
 *   assertEquals(await readModelFolder(folder), model);
 * } finally {
 *   await Deno.remove(folder, { recursive: true });
 * }
 * ```
 */
export async function readModelFolder(folder: string): Promise<ModelFiles> {
  const config = parseDocument(await read(folder, "config.json"), `${folder}/config.json`);
  const vocabulary = await readVocabulary(folder);
  const path = `${folder}/model.safetensors`;
  const { tensors } = readSafetensors(await read(folder, "model.safetensors"), path);

  const weights = new Map<string, HostTensor>();
  for (const [key, tensor] of tensors) {
    const name = canonicalKey(key);
    if (weights.has(name)) {
      throw new KBertError(
        "weights/invalid",
        `Cannot read the weights in ${path}: two tensors are called "${name}"; remove one of them`,
        { file: path },
      );
    }
    weights.set(name, tensor);
  }
  return { config, vocabulary, weights };
}

/**
 * Writes a model folder that Hugging Face's libraries read, and makes the folder if there is none.
 *
 * Every file has reached the disk when the promise resolves, so a caller that writes beside the old folder
 * may rename the new one into its place. Without `tokenizerJson` no `tokenizer.json` is written; readers
 * then make a tokenizer from `vocab.txt`. Needs the right to write the folder.
 *
 * @param extra.tokenizerJson the contents of `tokenizer.json`
 *
 * @throws {KBertError} `file/unusable` if the folder cannot be written.
 * @throws {RangeError} if a token has a line break, which `vocab.txt` cannot hold.
 * @example The files of a model
 * ```ts
 * import { writeModelFolder } from "./files.ts";
 * import { assertEquals } from "../deps/assert.ts";
 *
 * const folder = await Deno.makeTempDir();
 * try {
 *   await writeModelFolder(folder, { config: {}, vocabulary: ["[PAD]", "[UNK]"], weights: new Map() });
 *   assertEquals(await Deno.readTextFile(`${folder}/vocab.txt`), "[PAD]\n[UNK]\n");
 * } finally {
 *   await Deno.remove(folder, { recursive: true });
 * }
 * ```
 */
export async function writeModelFolder(
  folder: string,
  { config, vocabulary, weights }: ModelFiles,
  extra?: { tokenizerJson: unknown },
): Promise<void> {
  const broken = vocabulary.findIndex((token) => /[\r\n]/.test(token));
  if (broken >= 0) throw new RangeError(`Cannot write vocab.txt: the token of id ${broken} has a line break`);
  const files: [name: string, contents: Uint8Array][] = [
    ["config.json", writeDocument(config)],
    ["vocab.txt", new TextEncoder().encode(vocabulary.map((token) => `${token}\n`).join(""))],
    ["tokenizer_config.json", writeDocument(tokenizerConfig(config, extra?.tokenizerJson))],
    ["special_tokens_map.json", writeDocument(SPECIAL_TOKENS_MAP)],
    // transformers asks for the format and refuses weights that do not say it.
    ["model.safetensors", writeSafetensors(weights, { format: "pt" })],
  ];
  if (extra !== undefined) files.push(["tokenizer.json", writeDocument(extra.tokenizerJson)]);
  try {
    await Deno.mkdir(folder, { recursive: true });
    for (const [name, contents] of files) await writeFlushed(`${folder}/${name}`, contents);
  } catch (error) {
    throw unusable(
      folder,
      `Cannot write the model to ${folder}: ${messageOf(error)}; check its rights and the free space`,
      error,
    );
  }
}

/**
 * The name of a weight today: without the "bert." of a model with a head, and with the names that
 * layer normalization has had since 2019.
 *
 * @example A name of the first published BERT
 * ```ts
 * import { canonicalKey } from "./files.ts";
 * import { assertEquals } from "../deps/assert.ts";
 *
 * assertEquals(canonicalKey("bert.embeddings.LayerNorm.gamma"), "embeddings.LayerNorm.weight");
 * ```
 */
export function canonicalKey(key: string): string {
  return key.replace(/^bert\./, "")
    .replace(/LayerNorm\.gamma$/, "LayerNorm.weight")
    .replace(/LayerNorm\.beta$/, "LayerNorm.bias");
}

async function readVocabulary(folder: string): Promise<string[]> {
  const lines = await readIfThere(folder, "vocab.txt");
  if (lines !== undefined) return splitLines(lines, `${folder}/vocab.txt`);
  const path = `${folder}/tokenizer.json`;
  return listTokens(parseDocument(await read(folder, "tokenizer.json"), path), path);
}

/** An empty line is a token too, because the ids count lines; only the end of the last one is none. */
function splitLines(bytes: Uint8Array, path: string): string[] {
  try {
    const lines = new TextDecoder("utf-8", { fatal: true }).decode(bytes).split(/\r?\n/);
    return lines.at(-1) === "" ? lines.slice(0, -1) : lines;
  } catch (error) {
    throw unusable(path, `Cannot read ${path}: it is not a text in UTF-8; download the file again`, error);
  }
}

async function read(folder: string, name: keyof typeof MAX_BYTES): Promise<Uint8Array> {
  const bytes = await readIfThere(folder, name);
  if (bytes !== undefined) return bytes;
  throw unusable(
    `${folder}/${name}`,
    `Cannot read ${folder}/${name}: it is missing; a model folder has config.json, model.safetensors, and ` +
      "vocab.txt or tokenizer.json",
  );
}

async function readIfThere(folder: string, name: keyof typeof MAX_BYTES): Promise<Uint8Array | undefined> {
  const path = `${folder}/${name}`;
  try {
    const { size, isFile } = await Deno.stat(path);
    if (!isFile) throw unusable(path, `Cannot read ${path}: it is no file; put the model's ${name} there`);
    const most = MAX_BYTES[name];
    if (size > most) {
      throw unusable(
        path,
        `Cannot read ${path}: it has ${size} bytes and at most ${most} are read; check that it is a BERT model's`,
      );
    }
    return await Deno.readFile(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    if (error instanceof KBertError) throw error;
    throw unusable(path, `Cannot read ${path}: ${messageOf(error)}; check that the file may be read`, error);
  }
}

async function writeFlushed(path: string, contents: Uint8Array): Promise<void> {
  using file = await Deno.open(path, { write: true, create: true, truncate: true });
  for (let at = 0; at < contents.length;) at += await file.write(contents.subarray(at));
  await file.sync();
}

function unusable(path: string, message: string, cause?: unknown): KBertError {
  return new KBertError("file/unusable", message, { path }, { cause });
}

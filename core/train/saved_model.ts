/**
 * A trained classifier as a folder: the encoder in Hugging Face's layout, and the head beside it.
 *
 * The head is saved with its code, as the image that was trained: a model that needs a plugin which has
 * changed or gone since would be no model. The hash is computed anew when it is read.
 *
 * @module
 */
import { readModelFolder, writeModelFolder } from "../bert/files.ts";
import { readSafetensors, writeSafetensors } from "../bert/safetensors.ts";
import { z } from "../deps/zod.ts";
import type { TokenizerOptions } from "../bert/tokenizer.ts";
import { validate } from "../manifest/validate.ts";
import { type PluginImage, sealImage } from "../security/image.ts";
import { KBertError, messageOf } from "../wall/errors.ts";
import type { HostTensor } from "../wall/tensor.ts";
import { asFileError, PARTIAL } from "./durable.ts";
import { writeJson } from "./run.ts";

/** Everything about a classifier. */
export interface SavedModel {
  /** The content of config.json. */
  readonly config: Record<string, unknown>;
  readonly vocabulary: readonly string[];
  /** The encoder's weights by their names. */
  readonly weights: ReadonlyMap<string, HostTensor>;
  readonly tokenizer: Required<TokenizerOptions>;
  readonly labels: readonly string[];
  readonly head: {
    readonly image: PluginImage;
    readonly settings: Record<string, unknown>;
    readonly parameters: ReadonlyMap<string, HostTensor>;
  };
}

const classifierFile = z.object({
  format: z.literal(1),
  labels: z.array(z.string()).min(1),
  tokenizer: z.object({
    maxLength: z.int().min(8).max(65_536),
    truncation: z.enum(["head", "head-tail"]),
    buckets: z.array(z.int().positive()),
  }),
  head: z.object({
    sha256: z.string(),
    manifest: z.string(),
    modules: z.array(z.tuple([z.string(), z.string()])),
    settings: z.record(z.string(), z.unknown()),
  }),
});

/**
 * Writes a model folder; one that is there already is replaced only when the new one is complete.
 *
 * @param tokenizerJson the content of tokenizer.json
 * @throws {KBertError} `file/unusable` if it cannot be written; nothing half-written stays.
 */
export async function saveModel(
  folder: string,
  model: SavedModel,
  tokenizerJson: Record<string, unknown>,
): Promise<void> {
  const { image, settings, parameters } = model.head;
  const slash = folder.lastIndexOf("/");
  const partial = `${folder.slice(0, slash + 1)}${PARTIAL}${folder.slice(slash + 1)}`;
  try {
    await Deno.remove(partial, { recursive: true }).catch(() => {});
    await Deno.mkdir(partial);
    await writeModelFolder(partial, {
      config: model.config,
      vocabulary: [...model.vocabulary],
      weights: new Map(model.weights),
    }, { tokenizerJson });
    await Deno.writeFile(`${partial}/head.safetensors`, writeSafetensors(parameters));
    await writeJson(`${partial}/classifier.json`, {
      format: 1,
      labels: model.labels,
      tokenizer: model.tokenizer,
      head: {
        sha256: image.sha256,
        manifest: image.manifestText,
        modules: [...image.modules],
        settings,
      },
    });
    await Deno.remove(folder, { recursive: true }).catch(() => {});
    await Deno.rename(partial, folder);
  } catch (error) {
    await Deno.remove(partial, { recursive: true }).catch(() => {});
    throw asFileError("write", folder, error);
  }
}

/**
 * Reads a model folder, or the one in the folder of a run.
 *
 * @throws {KBertError} `file/unusable`, `document/invalid`, `weights/invalid`, and `plugin/image` if the
 * head's code is not what was saved.
 */
export async function loadModel(path: string): Promise<SavedModel> {
  const folder = await modelFolder(path.replace(/\/+$/, ""));
  const { config, vocabulary, weights } = await readModelFolder(folder);
  const { labels, tokenizer, head } = await readClassifier(`${folder}/classifier.json`);
  const image = await sealImage(head.manifest, new Map(head.modules), "the saved head");
  if (image.sha256 !== head.sha256) {
    const plugin = image.manifest.name;
    const message = `The code of ${plugin} in ${folder}/classifier.json was changed since it was saved ` +
      `(${image.sha256.slice(0, 12)}, expected ${head.sha256.slice(0, 12)}); restore the folder`;
    throw new KBertError("plugin/image", message, { plugin, file: "classifier.json" });
  }
  const parameters = await readHead(`${folder}/head.safetensors`);
  return {
    config,
    vocabulary,
    weights,
    tokenizer,
    labels,
    head: { image, settings: head.settings, parameters },
  };
}

async function modelFolder(path: string): Promise<string> {
  for (const folder of [path, `${path}/model`]) {
    if (await isThere(`${folder}/classifier.json`)) return folder;
  }
  const message = await isThere(`${path}/run.json`)
    ? `The run ${path} has no model yet; go on with it first: --resume ${path}`
    : `There is no trained model in ${path}; give the folder of a finished run`;
  throw new KBertError("file/unusable", message, { path });
}

/** Whether there is such a file; that it may not be looked at is an error and not a no. */
async function isThere(path: string): Promise<boolean> {
  try {
    await Deno.stat(path);
    return true;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound || error instanceof Deno.errors.NotADirectory) return false;
    throw asFileError("read", path, error);
  }
}

async function readClassifier(path: string): Promise<z.infer<typeof classifierFile>> {
  try {
    const content: unknown = JSON.parse(await Deno.readTextFile(path));
    return validate(content, classifierFile, { file: "classifier.json" });
  } catch (cause) {
    const message = `Cannot read ${path}: ${messageOf(cause).split("\n")[0]}; train the model again`;
    throw new KBertError("file/unusable", message, { path }, { cause });
  }
}

async function readHead(path: string): Promise<ReadonlyMap<string, HostTensor>> {
  try {
    return readSafetensors(await Deno.readFile(path), path).tensors;
  } catch (error) {
    throw asFileError("read", path, error);
  }
}

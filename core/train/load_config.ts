/**
 * Reads a `k-bert.yaml` from where it lies; paths in it are relative to it.
 *
 * @module
 */
import { parse } from "../deps/yaml.ts";
import { validate } from "../manifest/validate.ts";
import { KBertError, messageOf } from "../wall/errors.ts";
import { parseTrainingConfig, type TrainingConfig, trainingConfigSchema } from "./config.ts";

/**
 * Reads, checks and completes the configuration at a path or URL.
 *
 * Paths of plugins and `model.from` are relative to the file, `output` to the current folder.
 *
 * @param overrides dotted keys and their values as YAML text, which go before those of the file; undefined
 * ones are left out
 * @throws {KBertError} `file/unusable` if it cannot be read, `document/invalid` with all its problems,
 * `usage/invalid` for an override that is not what its setting takes.
 */
export async function loadTrainingConfig(
  location: string | URL,
  overrides: Readonly<Record<string, string | undefined>> = {},
): Promise<TrainingConfig> {
  const text = String(location);
  const url = /^[a-z]+:\/\//.test(text) ? new URL(text) : toFileUrl(await absolute(text));
  const source = { file: shortName(text), text: await read(url, text) };
  const config = override(parseTrainingConfig(source.text, source.file), overrides);
  const resolve = (path: string): string => {
    if (path.startsWith("/") || /^[a-z]+:\/\//.test(path)) return path;
    const resolved = new URL(path, url);
    return resolved.protocol === "file:" ? decodeURIComponent(resolved.pathname) : resolved.href;
  };
  const { head, model, augmenters, callbacks } = config;
  const resolved = {
    ...config,
    head: { ...head, plugin: resolve(head.plugin) },
    augmenters: augmenters.map((one) => ({ ...one, plugin: resolve(one.plugin) })),
    callbacks: callbacks.map((one) => ({ ...one, plugin: resolve(one.plugin) })),
    model: model.from === undefined ? model : { ...model, from: resolve(model.from) },
  };
  sources.set(resolved, source);
  return resolved;
}

/** Beside the configuration and not in it: a run is the same run with another comment in its file. */
const sources = new WeakMap<TrainingConfig, { file: string; text: string }>();

/** The document that a configuration was read from, for those who find something wrong in it later. */
export function sourceOf(config: TrainingConfig): { file: string; text: string } | undefined {
  return sources.get(config);
}

function override(
  config: TrainingConfig,
  overrides: Readonly<Record<string, string | undefined>>,
): TrainingConfig {
  const changed: Record<string, unknown> = { ...structuredClone(config) };
  for (const [key, text] of Object.entries(overrides)) {
    if (text === undefined) continue;
    const path = key.split(".");
    let owner = changed;
    for (const part of path.slice(0, -1)) owner = (owner[part] ??= {}) as Record<string, unknown>;
    owner[path.at(-1)!] = valueOf(text);
  }
  try {
    return validate(changed, trainingConfigSchema, { file: "the command line" });
  } catch (cause) {
    throw new KBertError("usage/invalid", messageOf(cause), { argument: Object.keys(overrides).join() }, {
      cause,
    });
  }
}

/** What the text says as YAML; the text itself where it is none. */
function valueOf(text: string): unknown {
  try {
    return parse(text, { schema: "core" });
  } catch {
    return text;
  }
}

async function read(url: URL, name: string): Promise<string> {
  try {
    if (url.protocol === "file:") return await Deno.readTextFile(url);
    const response = await fetch(url);
    if (!response.ok) {
      await response.body?.cancel();
      throw new Error(`the server answers ${response.status}`);
    }
    return await response.text();
  } catch (cause) {
    throw unreadable(name, cause);
  }
}

async function absolute(path: string): Promise<string> {
  try {
    return await Deno.realPath(path);
  } catch (cause) {
    throw unreadable(path, cause);
  }
}

function unreadable(path: string, cause: unknown): KBertError<"file/unusable"> {
  const reason = cause instanceof Deno.errors.NotFound ? "there is no such file" : messageOf(cause);
  return new KBertError("file/unusable", `Cannot read the settings ${path}: ${reason}`, { path }, { cause });
}

function toFileUrl(path: string): URL {
  return new URL(`file://${path.split("/").map(encodeURIComponent).join("/")}`);
}

/** As a person would name it: an absolute URL of a file is shown by its last two parts. */
function shortName(text: string): string {
  return text.startsWith("file:") ? text.split("/").slice(-2).join("/") : text;
}

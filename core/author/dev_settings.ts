/**
 * Settings from a command line: files of YAML and `key=value`, in their order.
 *
 * @module
 */
import { parse } from "../deps/yaml.ts";
import { z } from "../deps/zod.ts";
import { parseDocument } from "../manifest/document.ts";
import { KBertError, messageOf } from "../wall/errors.ts";

/** `num_labels=3`; anything else is the name of a file. */
const PAIR = /^([A-Za-z][A-Za-z0-9_]*)=(.*)$/s;

/**
 * Reads them; of a setting that is given twice, the last one counts. They are checked when the plugin is loaded.
 *
 * @throws {KBertError} `usage/invalid` for a value that is no YAML; `file/unusable`; `document/invalid` for a file that
 * is no mapping of settings
 * @example
 * ```ts
 * import { readSettings } from "./dev_settings.ts";
 * import { assertEquals } from "../deps/assert.ts";
 *
 * const settings = await readSettings(["num_labels=3", "layers=[8, 4]", "pooling=cls"]);
 * assertEquals(settings, { num_labels: 3, layers: [8, 4], pooling: "cls" });
 * ```
 */
export async function readSettings(given: readonly string[]): Promise<Record<string, unknown>> {
  const settings: Record<string, unknown> = {};
  for (const one of given) {
    const [, name, value] = PAIR.exec(one) ?? [];
    if (name === undefined) Object.assign(settings, await readFile(one));
    else settings[name] = parsed(one, value!);
  }
  return settings;
}

function parsed(argument: string, value: string): unknown {
  try {
    return parse(value, { schema: "core" });
  } catch (cause) {
    const message = `The setting ${argument} is no YAML; put quotes around it, inside of those of the shell`;
    throw new KBertError("usage/invalid", message, { argument }, { cause });
  }
}

async function readFile(path: string): Promise<Record<string, unknown>> {
  let text: string;
  try {
    text = await Deno.readTextFile(path);
  } catch (cause) {
    const reason = cause instanceof Deno.errors.NotFound ? "there is no such file" : messageOf(cause);
    const message = `Cannot read the settings ${path}: ${reason}; a setting itself is given as name=value`;
    throw new KBertError("file/unusable", message, { path }, { cause });
  }
  return parseDocument(text, path, z.record(z.string(), z.unknown()));
}

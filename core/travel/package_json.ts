/**
 * The package.json of a packed plugin, by which a registry like npm's takes the archive as it is.
 *
 * k-bert itself does not read it. It is made anew each time, of the manifest and of what the author's own one says
 * about the project; scripts, dependencies and the like do not travel, because nothing would run or install them.
 *
 * @module
 */
import type { PluginManifest } from "../manifest/schema.ts";
import { KBertError } from "../wall/errors.ts";

/** What people search for on a registry. */
export const PACKAGE_KEYWORD = "k-bert-plugin";

/** What of the author's own package.json is kept. */
const KEPT = ["repository", "homepage", "bugs", "funding", "publishConfig"] as const;
const NAME = /^(?:@[a-z0-9~-][a-z0-9._~-]*\/)?[a-z0-9~-][a-z0-9._~-]*$/;

/**
 * Its text.
 *
 * @param own text of the package.json in the plugin's folder, if there is one
 * @throws {KBertError} `file/unusable` if that is no package.json
 * @example
 * ```ts
 * import { packageJson } from "./package_json.ts";
 * import { assertEquals } from "../deps/assert.ts";
 *
 * const manifest = { name: "mood", version: "1.2.0", description: "", author: "Ada", license: "MIT" };
 * assertEquals(JSON.parse(packageJson(manifest, undefined)), {
 *   name: "k-bert-plugin-mood",
 *   version: "1.2.0",
 *   author: "Ada",
 *   license: "MIT",
 *   keywords: ["k-bert-plugin"],
 *   type: "module",
 * });
 * ```
 */
export function packageJson(
  manifest: Pick<PluginManifest, "name" | "version" | "description" | "author" | "license">,
  own: string | undefined,
): string {
  const { name, version, description, author, license } = manifest;
  const given = own === undefined ? {} : parse(own);
  const made = {
    name: given["name"] ?? `k-bert-plugin-${name}`,
    version,
    ...(description !== "" && { description }),
    ...(author !== "" && { author }),
    ...(license !== "" && { license }),
    keywords: [PACKAGE_KEYWORD],
    type: "module",
    ...Object.fromEntries(KEPT.flatMap((key) => key in given ? [[key, given[key]]] : [])),
  };
  return `${JSON.stringify(made, null, 2)}\n`;
}

function parse(text: string): Record<string, unknown> {
  const path = "package.json";
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw new KBertError(
      "file/unusable",
      `Cannot pack the plugin: its ${path} is not JSON; mend it or remove it`,
      {
        path,
      },
      { cause },
    );
  }
  const name = typeof value === "object" && value !== null ? (value as { name?: unknown }).name : null;
  if (name === undefined || typeof name === "string" && NAME.test(name)) {
    return value as Record<string, unknown>;
  }
  const message =
    `Cannot pack the plugin: its ${path} has no name that a registry takes; correct it or remove the file`;
  throw new KBertError("file/unusable", message, { path });
}

/**
 * Whether a plugin was made for this version of k-bert, asked before any of its code is read.
 *
 * A pre-release of k-bert counts as the version it leads to, or no plugin could be tried with it.
 *
 * @module
 */

import { satisfies } from "../deps/semver.ts";
import { KBertError } from "../wall/errors.ts";

/** The version of this runtime, as in deno.json. */
export const RUNTIME_VERSION = "0.1.0";

/** What {@linkcode checkCompatibility} has to know of a manifest. */
export interface Compatible {
  readonly name: string;
  readonly compatibility: { readonly k_bert_version?: string | undefined };
}

/**
 * Returns if the manifest names no range, or one that the running version lies in.
 *
 * @throws {KBertError} `plugin/incompatible` otherwise
 * @example
 * ```ts
 * import { checkCompatibility } from "./version.ts";
 * import { assertThrows } from "../deps/assert.ts";
 *
 * const manifest = { name: "spam_head", compatibility: { k_bert_version: ">=2.0.0" } };
 * checkCompatibility(manifest, "2.1.0");
 * assertThrows(() => checkCompatibility(manifest, "0.1.0"), Error, "needs k-bert >=2.0.0");
 * ```
 */
export function checkCompatibility(manifest: Compatible, runtimeVersion: string): void {
  const range = manifest.compatibility.k_bert_version;
  if (range === undefined || satisfies(runtimeVersion.replace(/[-+].*$/, ""), range)) return;
  throw new KBertError(
    "plugin/incompatible",
    `Cannot load the plugin ${manifest.name}: it needs k-bert ${range} and this is ${runtimeVersion}, ` +
      "use another version of either or correct compatibility.k_bert_version in its plugin.yaml",
    { plugin: manifest.name, range, version: runtimeVersion },
  );
}

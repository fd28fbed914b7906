/**
 * Where this k-bert is, for programs that author's tools start and for files that they write: the modules that a
 * plugin's sources and tests name `k-bert/sdk` and so on are those of the program that runs.
 *
 * @module
 */

/** Name → module of this k-bert, relative to this file. */
const MODULES = {
  "k-bert": "../../mod.ts",
  "k-bert/sdk": "../../plugins/sdk/mod.ts",
  "k-bert/sdk/tensors": "../../plugins/sdk/tensors.ts",
  "k-bert/sdk/tables": "../../plugins/sdk/tables.ts",
  "k-bert/sdk/testing": "../../plugins/sdk/testing/mod.ts",
  "@std/assert": "../deps/assert.ts",
} as const;

/** The JSON Schema of plugin.yaml, for editors. */
export const SCHEMA_URL: string = new URL("../../plugins/plugin.schema.json", import.meta.url).href;

/**
 * What a plugin's sources and tests can import, for a deno.json or an import map.
 *
 * @example
 * ```ts
 * import { ownImports } from "./own_modules.ts";
 * import { assertEquals } from "../deps/assert.ts";
 *
 * const sdk = await import(ownImports()["k-bert/sdk"]!);
 * assertEquals(typeof sdk.EventBus, "function");
 * ```
 */
export function ownImports(): Readonly<Record<string, string>> {
  const entries = Object.entries(MODULES).map(([name, path]) => [name, new URL(path, import.meta.url).href]);
  return Object.fromEntries(entries);
}

/** The folder of this k-bert; undefined if it was loaded from a URL. */
export function ownFolder(): string | undefined {
  const root = new URL("../../", import.meta.url);
  return root.protocol === "file:" ? pathOf(root).replace(/\/$/, "") : undefined;
}

/** The host that it was loaded from, for `--allow-import`; undefined if it is local. */
export function ownHost(): string | undefined {
  const { protocol, host } = new URL(import.meta.url);
  return protocol === "file:" ? undefined : host;
}

/** The path of a `file:` URL. */
export function pathOf(url: URL): string {
  const path = decodeURIComponent(url.pathname);
  return Deno.build.os === "windows" ? path.slice(1) : path;
}

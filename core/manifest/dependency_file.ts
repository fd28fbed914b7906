/**
 * Where the code of an npm package lies in a plugin: below `vendor/`, one file for each specifier that the
 * plugin imports. `plugin install` puts it there; the image and the worker's loader find it there. Without
 * imports of its own, because every worker loads it.
 *
 * @module
 */

/** Folder of a plugin in which installed packages are. */
export const VENDOR_FOLDER = "vendor";

/**
 * The file of an installed package.
 *
 * @returns undefined if the specifier is not `npm:name@version`, with or without a path behind it
 * @example
 * ```ts
 * import { dependencyFile } from "./dependency_file.ts";
 * import { assertEquals } from "../deps/assert.ts";
 *
 * assertEquals(dependencyFile("npm:ml-matrix@6.12.1"), "vendor/npm/ml-matrix@6.12.1/index.js");
 * assertEquals(dependencyFile("npm:@a/b@1.0.0/lib/c.js"), "vendor/npm/@a/b@1.0.0/lib/c.js");
 * assertEquals(dependencyFile("npm:ml-matrix"), undefined);
 * ```
 */
export function dependencyFile(specifier: string): string | undefined {
  const { npm, path } = splitDependency(specifier) ?? {};
  if (npm === undefined) return undefined;
  const file = path === "" ? "index.js" : path!.endsWith(".js") ? path : `${path}.js`;
  return `${VENDOR_FOLDER}/${npm.replace("npm:", "npm/")}/${file}`;
}

/** The package of a specifier, as a manifest declares it, and the path in it. */
export function splitDependency(specifier: string): { npm: string; path: string } | undefined {
  const match = FORM.exec(specifier);
  return match === null ? undefined : { npm: match[1]!, path: match[2] ?? "" };
}

/** No segment of a path is `.` or `..`. */
const FORM =
  /^(npm:(?:@[a-z0-9._-]+\/)?[a-z0-9][a-z0-9._-]*@\d[\w.+-]*)(?:\/((?:(?!\.\.?(?:\/|$))[\w.-]+\/)*(?!\.\.?$)[\w.-]+))?$/;

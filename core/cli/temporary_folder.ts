/**
 * A folder for a command's own files, which goes away with the command.
 *
 * @module
 */

/**
 * Where temporary files go, or if this program may not write there, a hidden folder that lies here for a while.
 *
 * @example
 * ```ts
 * import { temporaryFolder } from "./temporary_folder.ts";
 * import { assertEquals } from "../deps/assert.ts";
 *
 * let path = "";
 * {
 *   await using folder = await temporaryFolder("example");
 *   path = folder.path;
 *   await Deno.writeTextFile(`${path}/a`, "b");
 * }
 * assertEquals(await Deno.stat(path).then(() => "there", () => "gone"), "gone");
 * ```
 */
export async function temporaryFolder(purpose: string): Promise<{ readonly path: string } & AsyncDisposable> {
  const prefix = `.k-bert-${purpose}-`;
  const made = await Deno.makeTempDir({ prefix }).catch((error) => {
    if (!(error instanceof Deno.errors.NotCapable)) throw error;
    return Deno.makeTempDir({ prefix, dir: "." });
  });
  const path = await Deno.realPath(made);
  return { path, [Symbol.asyncDispose]: () => Deno.remove(path, { recursive: true }) };
}

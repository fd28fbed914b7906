/**
 * The files of a folder as they are, to see from outside whether an attack has written where it may not.
 *
 * @module
 */

/** Path below the folder → its content as text, or that it is a folder. */
export type FileState = ReadonlyMap<string, string>;

/**
 * All that is in a folder.
 *
 * @param except a folder in it that is not looked into
 */
export async function filesIn(folder: string, except: string): Promise<FileState> {
  const found = new Map<string, string>();
  const visit = async (below: string): Promise<void> => {
    for await (const { name, isDirectory } of Deno.readDir(`${folder}/${below}`)) {
      const path = `${below}${name}`;
      if (path === except) continue;
      found.set(path, isDirectory ? "a folder" : await Deno.readTextFile(`${folder}/${path}`));
      if (isDirectory) await visit(`${path}/`);
    }
  };
  await visit("");
  return found;
}

/**
 * What is new, gone or another one.
 *
 * @example
 * ```ts
 * import { changedFiles } from "./file_state.ts";
 * import { assertEquals } from "../deps/assert.ts";
 *
 * const before = new Map([["a", "1"], ["b", "1"]]);
 * assertEquals(changedFiles(before, new Map([["b", "2"], ["c", "1"]])), ["a", "b", "c"]);
 * ```
 */
export function changedFiles(before: FileState, after: FileState): string[] {
  const paths = new Set([...before.keys(), ...after.keys()]);
  return [...paths].filter((path) => before.get(path) !== after.get(path));
}

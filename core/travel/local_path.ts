/**
 * Sources that are paths: where they start, and whether they lie in the place itself.
 *
 * @module
 */
import type { HeldPlace } from "./place.ts";

/** A source that is a path. */
export interface LocalSource {
  readonly source: "local";
  readonly path: string;
}

/** As much as is needed of a place. */
type Where = Pick<HeldPlace, "path" | "root">;

/**
 * Where a path of a registry leads: one that is relative starts in the folder that the place is in.
 *
 * @example
 * ```ts
 * import { fromRoot } from "./local_path.ts";
 * import { assertEquals } from "../deps/assert.ts";
 *
 * const place = { path: "/home/ada/work/plugins", root: "/home/ada/work" };
 * assertEquals(fromRoot("../mood", place), "/home/ada/work/../mood");
 * assertEquals(fromRoot("/srv/mood", place), "/srv/mood");
 * ```
 */
export function fromRoot(path: string, { root }: Pick<HeldPlace, "root">): string {
  return path.startsWith("/") ? path : `${root}/${path}`;
}

/** The folder of a source that is one of the place's own; undefined if it lies elsewhere, or nowhere. */
export async function folderInPlace({ path }: LocalSource, place: Where): Promise<string | undefined> {
  const real = await Deno.realPath(fromRoot(path, place)).catch(() => undefined); // fetching says what is wrong
  if (real === undefined || !(await Deno.stat(real)).isDirectory) return undefined;
  return real.slice(0, real.lastIndexOf("/")) === place.path ? real : undefined;
}

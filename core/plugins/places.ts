/**
 * The folders in which plugins are looked for, and whether they may be looked into.
 *
 * Nobody is ever asked for a right: what is not granted already is left out, with the flag that would grant
 * it. So a program that may read nothing but its own folder still starts, and says what it did not see.
 *
 * @module
 */
import { printable } from "../manifest/problems.ts";
import { messageOf } from "../wall/errors.ts";

/** Who a place belongs to; `given` is one that the caller named. */
export type PlaceKind = "project" | "home" | "system" | "given";

/** A folder whose immediate subfolders may be plugins. */
export interface PluginPlace {
  /** Relative to the current folder, absolute, or with `~/` for the user's. */
  readonly path: string;
  readonly kind: PlaceKind;
}

/** What became of a place when it was opened. */
export type OpenedPlace =
  | { readonly state: "open"; /** Its real path. */ readonly folder: string }
  | { readonly state: "skipped"; readonly reason: string }
  | { readonly state: "missing" | "unreadable"; readonly reason: string };

/**
 * The places of the plugin development guide, by precedence: the project's, the user's, the machine's.
 *
 * @example
 * ```ts
 * import { defaultPlaces } from "./places.ts";
 * import { assertEquals } from "../deps/assert.ts";
 *
 * assertEquals(defaultPlaces().map(({ kind }) => kind), ["project", "home", "system"]);
 * ```
 */
export function defaultPlaces(): PluginPlace[] {
  return [
    { path: "plugins", kind: "project" },
    { path: "~/.k-bert/plugins", kind: "home" },
    { path: "/usr/local/lib/k-bert/plugins", kind: "system" },
  ];
}

/**
 * Finds the real folder of a place. Never throws and never prompts.
 *
 * @example
 * ```ts
 * import { openPlace } from "./places.ts";
 * import { assertEquals } from "../deps/assert.ts";
 *
 * assertEquals(await openPlace("no/such/folder"), { state: "missing", reason: "there is no such folder" });
 * ```
 */
export async function openPlace(path: string): Promise<OpenedPlace> {
  if (path === "") return { state: "missing", reason: "its path is empty" };
  try {
    const expanded = expandHome(path);
    if (typeof expanded !== "string") return { state: "skipped", ...expanded };
    if (!mayRead(expanded)) return noRight(expanded);
    const folder = await Deno.realPath(expanded);
    // Deno's rights do not follow links: without this, a link would show folders that nobody opened.
    if (!mayRead(folder)) return noRight(folder);
    if ((await Deno.stat(folder)).isDirectory) return { state: "open", folder };
    return { state: "unreadable", reason: "it is not a folder" };
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return { state: "missing", reason: "there is no such folder" };
    return { state: "unreadable", reason: printable(messageOf(error)) };
  }
}

function expandHome(path: string): string | { reason: string } {
  if (path !== "~" && !path.startsWith("~/")) return path;
  const variable = Deno.build.os === "windows" ? "USERPROFILE" : "HOME";
  if (Deno.permissions.querySync({ name: "env", variable }).state !== "granted") {
    return { reason: `the right to read ${variable} is not granted; --allow-env=${variable} grants it` };
  }
  const home = Deno.env.get(variable);
  return home ? home + path.slice(1) : { reason: `${variable} is not set` };
}

function mayRead(path: string): boolean {
  return Deno.permissions.querySync({ name: "read", path }).state === "granted";
}

function noRight(path: string): OpenedPlace {
  const flag = `--allow-read=${printable(path)}`;
  return { state: "skipped", reason: `the right to read it is not granted; ${flag} grants it` };
}

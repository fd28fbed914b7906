/**
 * What plugins there are in places, where each is from, and whether it still is what was added.
 *
 * @module
 */
import { defaultPlaces, type PluginPlace, scanPlugins, type ScanReport } from "../plugins/discovery.ts";
import type { FoundPlugin } from "../plugins/discovery.ts";
import { describePermissions } from "../security/permissions.ts";
import { type Lock, type LockEntry, readLock } from "../security/lock_file.ts";
import { lockedImage } from "../security/locked_image.ts";
import { KBertError, messageOf } from "../wall/errors.ts";
import { formatResolved } from "./source_text.ts";

/** A plugin of a place. */
export interface ListedPlugin {
  readonly name: string;
  readonly version: string;
  /** What it can be used as. */
  readonly ports: readonly string[];
  readonly place: string;
  readonly folder: string;
  /**
   * `locked`: it was added, and is what was added. `changed`: it is something else by now, and does not load.
   * `missing`: it was added, and is not there. `own`: it was not added, so it is the user's. `broken`: it does not
   * load, and `problem` says why.
   */
  readonly state: "locked" | "changed" | "missing" | "own" | "broken";
  /** Where it was had from, if it was added. */
  readonly from?: string;
  readonly sha256?: string;
  /** Public key that signed it. */
  readonly key?: string;
  /** What it asks for, in words. */
  readonly permissions: readonly string[];
  readonly problem?: string;
}

/** What {@linkcode listPlugins} answers. */
export interface PluginList {
  readonly plugins: readonly ListedPlugin[];
  /** What a scan of the places saw besides. */
  readonly report: ScanReport;
}

/**
 * Lists the plugins of places, by place and name. Reads and vets each of them, and runs none.
 *
 * @param places @default {the project's, the user's and the machine's}
 * @throws {KBertError} `file/unusable`, `document/invalid` for a lock that cannot be read
 * @example
 * ```ts
 * import { listPlugins } from "./overview.ts";
 * import { assertEquals } from "../deps/assert.ts";
 *
 * assertEquals((await listPlugins(["no/such/place"])).plugins, []);
 * ```
 */
export async function listPlugins(
  places: readonly (PluginPlace | string)[] = defaultPlaces(),
): Promise<PluginList> {
  const report = await scanPlugins(places);
  const locks = new Map<string, Lock>();
  for (const { folder } of report.found) {
    const place = placeOf(folder);
    if (!locks.has(place)) locks.set(place, await readLock(place));
  }
  for (const place of report.places) {
    const real = await Deno.realPath(place).catch(() => undefined);
    if (real !== undefined && !locks.has(real)) locks.set(real, await readLock(real));
  }
  const there = await Promise.all(
    report.found.map((plugin) => listed(plugin, locks.get(placeOf(plugin.folder))!)),
  );
  const seen = new Set(report.found.map(({ folder }) => folder));
  const missing = [...locks].flatMap(([place, lock]) =>
    [...lock].filter(([name]) => !seen.has(`${place}/${name}`)).map(([name, entry]) =>
      gone(name, entry, place)
    )
  );
  return { plugins: [...there, ...missing], report };
}

async function listed({ manifest, folder, place }: FoundPlugin, lock: Lock): Promise<ListedPlugin> {
  const entry = lock.get(manifest.name);
  const { name, version, entry_points, permissions } = manifest;
  const plain = {
    ...{ name, version, ports: Object.keys(entry_points), place, folder },
    permissions: describePermissions(permissions),
    ...(entry && { from: formatResolved(entry.source), ...(entry.key !== undefined && { key: entry.key }) }),
  };
  try {
    const { sha256 } = await lockedImage(folder);
    return { ...plain, state: entry ? "locked" : "own", sha256 };
  } catch (error) {
    const isChanged = error instanceof KBertError && error.code === "plugin/locked";
    return { ...plain, state: isChanged ? "changed" : "broken", problem: messageOf(error) };
  }
}

function gone(name: string, { version, source, sha256 }: LockEntry, place: string): ListedPlugin {
  const folder = `${place}/${name}`;
  return {
    ...{ name, version, ports: [], place, folder, state: "missing", from: formatResolved(source), sha256 },
    permissions: [],
    problem: `${folder} is not there or cannot be read; plugin add without a source fetches it again`,
  };
}

function placeOf(folder: string): string {
  return folder.slice(0, folder.lastIndexOf("/")) || "/";
}

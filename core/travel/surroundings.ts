/**
 * What a place has before it is changed: its registry, its lock, its plugins, and those that are found elsewhere.
 *
 * @module
 */
import { defaultPlaces, scanPlugins } from "../plugins/discovery.ts";
import { buildImage, type PluginImage } from "../security/image.ts";
import { type Lock, readLock } from "../security/lock_file.ts";
import { pluginSource } from "../security/source.ts";
import type { Fitting } from "./conflicts.ts";
import type { Before } from "./proposal.ts";
import { readRegistry, type RegistryEntry } from "./registry_file.ts";

/** See the module's text. */
export interface Surroundings {
  readonly lock: Lock;
  readonly registry: readonly RegistryEntry[];
  readonly minimumAgeMinutes: number;
  /** Of every plugin that could be started, each name once. */
  readonly manifests: readonly Fitting[];
}

/** Reads them. Plugins of this place come first, as they do when they are looked for. */
export async function surroundingsOf({ path }: { readonly path: string }): Promise<Surroundings> {
  const { plugins, minimum_age_hours } = await readRegistry(path);
  const { found } = await scanPlugins([path, ...defaultPlaces()]);
  return {
    lock: await readLock(path),
    registry: plugins,
    minimumAgeMinutes: Math.round(minimum_age_hours * 60),
    manifests: found.map(({ manifest }) => manifest),
  };
}

/** What the lock says of a plugin, and what is in its folder; undefined if it was never added. */
export async function beforeOf(
  name: string,
  lock: Lock,
  { path }: { readonly path: string },
): Promise<Before | undefined> {
  const entry = lock.get(name);
  if (entry === undefined) return undefined;
  const image = await imageIn(`${path}/${name}`);
  return { entry, image, isChanged: image !== undefined && image.sha256 !== entry.sha256 };
}

/** Undefined if there is none, or none that could be loaded. */
async function imageIn(folder: string): Promise<PluginImage | undefined> {
  return await buildImage(pluginSource(folder)).catch(() => undefined);
}

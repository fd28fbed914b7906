/**
 * From what a user calls a plugin by (a name, a path, a URL) to its code, read and vetted.
 *
 * @module
 */
import type { PortName } from "../manifest/families.ts";
import type { PluginManifest } from "../manifest/schema.ts";
import { type PluginImage, readManifest } from "../security/image.ts";
import { lockedImage } from "../security/locked_image.ts";
import { type PluginSource, pluginSource } from "../security/source.ts";
import { KBertError } from "../wall/errors.ts";
import { defaultPlaces, type PluginPlace, scanPlugins, type ScanReport } from "./discovery.ts";
import { PluginRegistry } from "./registry.ts";

/** Finds plugins, and remembers those that a scan found by their names. Runs nothing of them. */
export class PluginFinder {
  readonly registry = new PluginRegistry();
  #scanned = false;

  /** See `PluginManager.scan`. */
  async scan(places: readonly (PluginPlace | string)[] = defaultPlaces()): Promise<ScanReport> {
    this.#scanned = true;
    const report = await scanPlugins(places);
    const duplicates = this.registry.add(report);
    return { ...report, problems: [...report.problems, ...duplicates] };
  }

  /** Reads and vets a plugin. @throws {KBertError} as `PluginManager.load` does */
  async image(plugin: string | URL | PluginImage): Promise<PluginImage> {
    return isImage(plugin) ? plugin : await lockedImage((await this.#sourceOf(plugin)).location);
  }

  /** Without reading any code. */
  async manifest(plugin: string | URL | PluginImage): Promise<PluginManifest> {
    return isImage(plugin) ? plugin.manifest : (await readManifest(await this.#sourceOf(plugin))).manifest;
  }

  async #sourceOf(plugin: string | URL): Promise<PluginSource> {
    if (!isName(plugin)) return pluginSource(plugin);
    if (!this.#scanned) await this.scan();
    return pluginSource(this.registry.require(plugin).folder);
  }
}

/**
 * The port that was asked for, or the only one that there is.
 *
 * @throws {KBertError} `plugin/image` if the plugin does not have it, or has several
 */
export function portOf<Port extends PortName>(
  { manifest }: Pick<PluginImage, "manifest">,
  wanted: Port | undefined,
): Port {
  const offered = Object.keys(manifest.entry_points) as PortName[];
  const port = wanted ?? (offered.length === 1 ? offered[0] : undefined);
  if (port !== undefined && offered.includes(port)) return port as Port;
  const problem = wanted === undefined ? "several ports, so say which" : `no ${wanted}`;
  const message = `The plugin ${manifest.name} has ${problem}; it offers ${offered.join(", ")}`;
  throw new KBertError("plugin/image", message, { plugin: manifest.name });
}

function isImage(plugin: string | URL | PluginImage): plugin is PluginImage {
  return typeof plugin === "object" && "manifest" in plugin;
}

/** Neither a path nor a URL. */
function isName(plugin: string | URL): plugin is string {
  return typeof plugin === "string" && /^[a-z][a-z0-9_-]*$/.test(plugin);
}

/**
 * Reloads plugins of a manager: reads what their files are now, checks it against all that the use and the other
 * plugins expect of it, lets it take over, and tells what came of it.
 *
 * @module
 */
import type { EventBus } from "../bus/event_bus.ts";
import { pluginDependencies } from "../manifest/dependency.ts";
import type { PluginImage } from "../security/image.ts";
import { lockedImage } from "../security/locked_image.ts";
import { KBertError, messageOf } from "../wall/errors.ts";
import { SERVING } from "./lifecycle.ts";
import { orderByDependencies } from "./order.ts";
import { PhaseClock } from "./phase_clock.ts";
import type { Plugin } from "./plugin.ts";
import { portOf } from "./plugin_finder.ts";
import type { Reloaded, ReloadOptions, ReloadReport } from "./reloads.ts";
import { formatPlace, placeOf } from "./source_place.ts";
import type { PluginVersion } from "./version.ts";

/** How a plugin is reloaded by its manager. */
export interface ManagerReloadOptions extends ReloadOptions {
  /** The new version. @default {what is in the folder that it was loaded from} */
  readonly image?: PluginImage;
}

/** How a plugin goes back. */
export interface RollbackOptions extends ReloadOptions {
  /** Why, for people, as the end of a sentence. @default {"it was asked for"} */
  readonly reason?: string;
}

/** What came of it. */
export type ReloadResult =
  | ReloadReport & { readonly kind: "reloaded" }
  | { readonly kind: "unchanged"; readonly plugin: string; readonly sha256: string };

/** What is known of a plugin here. */
interface Known {
  readonly makeVersion: (image: PluginImage) => PluginVersion;
  /** Settles with the reload before; there is one at a time. */
  last: Promise<unknown>;
  /** Of reloads that compare first, and are not over. */
  readonly comparing: Set<AbortController>;
}

/** See the module's text. */
export class Reloader {
  readonly #bus: EventBus;
  readonly #plugins: () => readonly Plugin[];
  readonly #known = new WeakMap<Plugin, Known>();

  /** @param plugins all that are loaded */
  constructor(bus: EventBus, plugins: () => readonly Plugin[]) {
    this.#bus = bus;
    this.#plugins = plugins;
  }

  /** @param makeVersion what an image comes to in this use; throws what is wrong with it */
  add(plugin: Plugin, makeVersion: (image: PluginImage) => PluginVersion): void {
    this.#known.set(plugin, { makeVersion, last: Promise.resolve(), comparing: new Set() });
  }

  /** See `PluginManager.reload`. */
  reload(plugin: Plugin, options: ManagerReloadOptions = {}): Promise<ReloadResult> {
    return this.#inTurn(plugin, options, async (options, clock) => {
      const image = await clock.timed("build", () => imageOf(plugin, options.image));
      const { sha256 } = image;
      if (sha256 === plugin.image.sha256 && SERVING.has(plugin.state)) {
        return { kind: "unchanged", plugin: plugin.name, sha256 };
      }
      this.#requireFitting(plugin, image);
      const version = this.#known.get(plugin)!.makeVersion(image);
      const { report, retired } = await takenOver(plugin, version, options, clock);
      await this.#tell(plugin, report);
      await retired;
      return { kind: "reloaded", ...report };
    });
  }

  /** See `PluginManager.rollback`. */
  rollback(plugin: Plugin, options: RollbackOptions = {}): Promise<ReloadReport> {
    const { reason = "it was asked for" } = options;
    return this.#inTurn(plugin, options, async (options, clock) => {
      const { name, image, previous } = plugin;
      const { report, retired } = await plugin.reload(previous!, { trialMs: 0, ...options }, clock);
      plugin.forgetPrevious();
      await this.#bus.emit("plugin.rolled_back", {
        plugin_name: name,
        from_sha256: image.sha256,
        to_sha256: report.to,
        reason,
      });
      await retired;
      return report;
    }, () => requirePrevious(plugin));
  }

  /**
   * Reloads of one plugin follow each other; one that compares first is given up for the next.
   *
   * @param check throws what is no failure of a reload, because there is none
   */
  #inTurn<Options extends ReloadOptions, T>(
    plugin: Plugin,
    options: Options,
    run: (options: Options, clock: PhaseClock) => Promise<T>,
    check = (): void => {},
  ): Promise<T> {
    const known = this.#known.get(plugin)!;
    for (const older of known.comparing) older.abort(new Error("a newer version came meanwhile"));
    const superseded = new AbortController();
    if (options.shadow) known.comparing.add(superseded);
    const signal = AbortSignal.any([superseded.signal, ...(options.signal ? [options.signal] : [])]);
    const result = known.last.then(async () => {
      check();
      const clock = new PhaseClock();
      try {
        signal.throwIfAborted();
        return await run({ ...options, signal }, clock);
      } catch (error) {
        throw await this.#failed(plugin, clock, error);
      }
    }).finally(() => known.comparing.delete(superseded));
    known.last = result.catch(() => {});
    return result;
  }

  /** @throws {KBertError} `plugin/image` for another plugin, `plugin/dependency` */
  #requireFitting({ name, port, image: before }: Plugin, image: PluginImage): void {
    const { manifest } = image;
    if (manifest.name !== before.manifest.name) {
      const message =
        `plugin.yaml says that it is ${manifest.name} now, and it was ${before.manifest.name}; ` +
        "load it as another plugin";
      throw new KBertError("plugin/image", message, { plugin: name, file: "plugin.yaml" });
    }
    portOf(image, port);
    const others = new Map(
      this.#plugins().filter(({ state }) => SERVING.has(state)).map((
        { image: { manifest } },
      ) => [manifest.name, manifest]),
    );
    others.delete(manifest.name);
    const plain = { priority: 0, enabled: true };
    // Of the others, only what they need of this one: whatever else is wrong with them was so before.
    orderByDependencies([
      {
        ...plain,
        name: manifest.name,
        version: manifest.version,
        dependencies: pluginDependencies(manifest),
      },
      ...[...others.values()].map((other) => ({
        ...plain,
        name: other.name,
        version: other.version,
        dependencies: pluginDependencies(other).filter(({ name }) => name === manifest.name),
      })),
    ]);
  }

  async #tell(plugin: Plugin, report: ReloadReport): Promise<void> {
    await this.#bus.emit("plugin.reloaded", {
      plugin_name: plugin.name,
      plugin_path: plugin.image.location ?? "",
      timestamp: Date.now(),
      from_sha256: report.from,
      to_sha256: report.to,
      phases_ms: report.phasesMs,
      pause_ms: report.pauseMs,
      calls_held: report.heldCalls,
      began_anew: report.fresh,
    });
  }

  async #failed(plugin: Plugin, clock: PhaseClock, cause: unknown): Promise<KBertError<"plugin/reload">> {
    const { name, state, image } = plugin;
    const phase = clock.current;
    const place = placeOf(cause);
    const where = place ? ` (${formatPlace(place)})` : "";
    const goesOn = SERVING.has(state) ? "the version before goes on" : `it is ${state}`;
    const message = `Cannot reload the plugin ${name}: ${messageOf(cause)}${where}; ${goesOn}`;
    const error = new KBertError("plugin/reload", message, { plugin: name, phase, ...place }, { cause });
    if (state === "unloaded") return error; // nobody waits for it any more
    await this.#bus.emit("plugin.reload_failed", {
      plugin_name: name,
      plugin_path: image.location ?? "",
      timestamp: Date.now(),
      error: messageOf(cause),
      phase,
      ...place,
    });
    return error;
  }
}

/** @throws {KBertError} `plugin/state` */
function requirePrevious({ name, state, previous }: Plugin): void {
  if (previous !== undefined) return;
  const message = `There is no version of ${name} to go back to: it was not reloaded, or rolled back already`;
  throw new KBertError("plugin/state", message, { plugin: name, state, action: "rollback" });
}

/**
 * Lets a version take over. If the one that serves crashes meanwhile, the new one is started in its place: it may be
 * what its author has saved against just that.
 */
async function takenOver(
  plugin: Plugin,
  version: PluginVersion,
  options: ReloadOptions,
  clock: PhaseClock,
): Promise<Reloaded> {
  const wasServing = SERVING.has(plugin.state);
  try {
    return await plugin.reload(version, options, clock);
  } catch (error) {
    if (!wasServing || plugin.state !== "failed" || options.signal?.aborted) throw error;
    return await plugin.reload(version, options, clock);
  }
}

/** What its folder makes now, or what was given instead, once: the next reload reads the folder again. */
async function imageOf(
  { name, image: { location } }: Plugin,
  given: PluginImage | undefined,
): Promise<PluginImage> {
  if (given) return location === undefined ? given : { ...given, location };
  if (location !== undefined) return await lockedImage(location);
  const message = `it was not loaded from a folder, so give reload() the image that it is to become`;
  throw new KBertError("plugin/image", message, { plugin: name });
}

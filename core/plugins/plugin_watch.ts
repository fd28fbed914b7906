/**
 * Reloads plugins when their files are saved.
 *
 * Several uses of one plugin share a folder, and are reloaded one after the other. What is slow to start is kept
 * ready meanwhile, because whoever edits a plugin waits for it.
 *
 * @module
 */
import type { EventBus } from "../bus/event_bus.ts";
import { messageOf } from "../wall/errors.ts";
import type { Kit, Tier } from "../wall/sandbox.ts";
import type { Plugin } from "./plugin.ts";
import type { ReloadOptions } from "./reloads.ts";
import { FolderWatcher, type FolderWatcherOptions } from "./watcher.ts";

/** How plugins are watched, and how they are reloaded then. */
export interface WatchOptions
  extends Omit<ReloadOptions, "signal">, Pick<FolderWatcherOptions, "quietMs" | "maxMs" | "patienceMs"> {}

/** What a watch does. */
export interface WatchActions {
  readonly reload: (name: string, options: ReloadOptions) => Promise<unknown>;
  /** Keeps a place ready that such a plugin can run in, until the result is disposed of. */
  readonly keepWarm?: ((kit: Kit, tier: Tier) => Disposable) | undefined;
}

interface WatchedFolder {
  readonly watcher: FolderWatcher;
  /** Names of the uses. */
  readonly names: Set<string>;
}

interface WatchedUse {
  readonly plugin: Plugin;
  readonly folder: string;
  warm?: { readonly kit: Kit; readonly tier: Tier; readonly kept: Disposable };
}

/** See the module's text. Whoever made it disposes of it. */
export class PluginWatch implements Disposable {
  readonly #actions: WatchActions;
  readonly #bus: EventBus;
  readonly #options: WatchOptions;
  readonly #folders = new Map<string, WatchedFolder>();
  readonly #uses = new Map<string, WatchedUse>();
  readonly #activations: Disposable;

  constructor(actions: WatchActions, bus: EventBus, options: WatchOptions = {}) {
    this.#actions = actions;
    this.#bus = bus;
    this.#options = options;
    this.#activations = bus.on("plugin.activated", ({ plugin_name }) => this.#keepWarm(plugin_name));
  }

  /** Watches its folder; a plugin that has none is passed over. */
  add(plugin: Plugin): void {
    const { name, image: { location = "" } } = plugin;
    if (location === "" || /^https?:/.test(location)) return;
    this.#uses.set(name, { plugin, folder: location });
    const watched = this.#folders.get(location);
    if (watched) watched.names.add(name);
    else this.#folders.set(location, { watcher: this.#watcherOf(location), names: new Set([name]) });
    this.#keepWarm(name);
  }

  remove(name: string): void {
    const use = this.#uses.get(name);
    if (use === undefined) return;
    this.#uses.delete(name);
    use.warm?.kept[Symbol.dispose]();
    const folder = this.#folders.get(use.folder);
    folder?.names.delete(name);
    if (folder?.names.size !== 0) return;
    folder.watcher[Symbol.dispose]();
    this.#folders.delete(use.folder);
  }

  [Symbol.dispose](): void {
    this.#activations[Symbol.dispose]();
    for (const name of [...this.#uses.keys()]) this.remove(name);
  }

  #watcherOf(location: string): FolderWatcher {
    const { quietMs, maxMs, patienceMs } = this.#options;
    return new FolderWatcher(location, {
      ...(quietMs !== undefined && { quietMs }),
      ...(maxMs !== undefined && { maxMs }),
      ...(patienceMs !== undefined && { patienceMs }),
      onChange: () => this.#reloadAll(location),
      onProblem: (problem) => {
        this.#bus.post("log.warning", { message: messageOf(problem), fields: { folder: location } });
      },
    });
  }

  async #reloadAll(folder: string): Promise<void> {
    const { quietMs: _, maxMs: __, patienceMs: ___, ...options } = this.#options;
    for (const name of [...this.#folders.get(folder)?.names ?? []]) {
      // Told as plugin.reload_failed already.
      await this.#actions.reload(name, options).catch(() => {});
      this.#keepWarm(name);
    }
  }

  /** A place for its next version, of the kind that it needs now. */
  #keepWarm(name: string): void {
    const use = this.#uses.get(name);
    if (use === undefined || use.plugin.state !== "active") return;
    const { image: { kit }, tier } = use.plugin;
    if (use.warm?.kit === kit && use.warm.tier === tier) return;
    use.warm?.kept[Symbol.dispose]();
    const kept = this.#actions.keepWarm?.(kit, tier);
    if (kept) use.warm = { kit, tier, kept };
    else delete use.warm;
  }
}

/**
 * Watches the folder of a plugin: one call for each time that it was saved, whatever the editor does for that.
 *
 * Events only say when to look. What counts is what is found then: the files that an image may consist of,
 * with sizes, times and inodes. For events lie. Deno keeps 16 of them and drops the rest, tells of removals
 * in other folders, and goes on watching a folder that was replaced. So the folder is also looked at four
 * times a second, without reading a file; that alone is enough, and events make it quicker. A file that is
 * empty or gone is mostly half of a save, and waited for.
 *
 * @module
 */
import { KBertError, messageOf } from "../wall/errors.ts";
import { areSame, type Files, filesBelow, isHalfSaved, isPart, type Place, placeOf } from "./folder_files.ts";
import { QUIET_PERIOD_DEFAULTS, QuietPeriod, type QuietPeriodOptions } from "./quiet_period.ts";
import { unreadable, unusable, withoutEvents } from "./watch_problems.ts";

/** Who is told, and how patiently. */
export interface FolderWatcherOptions extends QuietPeriodOptions {
  /** The folder is not what it was at the last call. Never runs twice at a time. */
  readonly onChange: () => void | Promise<void>;
  /** `file/unusable` if the folder cannot be watched, once for each reason; or what `onChange` threw. */
  readonly onProblem: (problem: Error) => void;
  /** How long a file that is empty or gone is waited for, in milliseconds. @default {500} */
  readonly patienceMs?: number;
  /** How often the folder is looked at without an event, in milliseconds. @default {250} */
  readonly lookMs?: number;
}

/** See {@linkcode FolderWatcherOptions}. */
export const FOLDER_WATCHER_DEFAULTS = {
  ...QUIET_PERIOD_DEFAULTS,
  patienceMs: 500,
  lookMs: 250,
} as const satisfies Omit<Required<FolderWatcherOptions>, "onChange" | "onProblem">;

/**
 * Watches from when it is made until it is disposed of; after that nobody is called.
 *
 * The folder may be a link, and may be replaced or missing for a time: that it is there again is a change. On
 * a disk that keeps times by the second (FAT), a save in the second of the last one and of its size is missed.
 *
 * @example
 * ```ts
 * import { FolderWatcher } from "./watcher.ts";
 *
 * const folder = await Deno.makeTempDir();
 * const { promise, resolve, reject } = Promise.withResolvers<void>();
 * {
 *   using _watcher = new FolderWatcher(folder, { onChange: resolve, onProblem: reject });
 *   await Deno.writeTextFile(`${folder}/plugin.yaml`, "name: my_head\n");
 *   await promise;
 * }
 * await Deno.remove(folder, { recursive: true });
 * ```
 */
export class FolderWatcher implements Disposable {
  readonly #folder: string;
  readonly #options: Required<FolderWatcherOptions>;
  readonly #quiet: QuietPeriod;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #events: Deno.FsWatcher | undefined;
  /** The id of the place that events come from. */
  #listensTo: string | undefined;
  /** As of the last call of `onChange`. */
  #told: Files;
  /** Until when half of a save is waited for. */
  #patientUntilMs: number | undefined;
  /** What is wrong with the folder, as it was reported. */
  #problem: string | undefined;
  #isDisposed = false;

  /** Throws nothing and never prompts: what is wrong with the folder goes to `onProblem`, a moment later. */
  constructor(folder: string, options: FolderWatcherOptions) {
    this.#folder = folder;
    this.#options = { ...FOLDER_WATCHER_DEFAULTS, ...options };
    this.#quiet = new QuietPeriod(() => this.#settle(), this.#options);
    const place = this.#place();
    // In this order: what happens between the two is heard of and looked at once more, instead of missed.
    if (place !== undefined) void this.#listen(place);
    this.#told = place === undefined ? new Map() : filesBelow(place.path);
    if (place === undefined && this.#problem === undefined) {
      this.#report(unusable(folder, "there is no such folder; it is watched as soon as there is one"));
    }
    this.#lookLater(0);
  }

  [Symbol.dispose](): void {
    this.#isDisposed = true;
    clearTimeout(this.#timer);
    this.#quiet[Symbol.dispose]();
    this.#stopListening();
  }

  /** At most a twentieth of the time goes into looking, however large the folder is. */
  #lookLater(tookMs: number): void {
    this.#timer = setTimeout(() => {
      const startMs = performance.now();
      this.#look();
      this.#lookLater(performance.now() - startMs);
    }, Math.max(this.#options.lookMs, 20 * tookMs));
  }

  #look(): void {
    const place = this.#place();
    if (this.#listensTo === undefined) {
      if (place !== undefined) void this.#listen(place);
    } else if (this.#listensTo !== place?.id) {
      // The next look listens anew: for Deno it is the same path, until the last watcher of it is gone.
      this.#stopListening();
    }
    if (place !== undefined && !areSame(filesBelow(place.path), this.#told)) this.#quiet.touch();
  }

  /** It is quiet now: calls `onChange` if there is something to tell. */
  async #settle(): Promise<void> {
    const place = this.#place();
    if (place === undefined) return; // the look that finds it again goes on
    const files = filesBelow(place.path);
    const isChanged = !areSame(files, this.#told);
    if (isChanged && isHalfSaved(files, this.#told)) {
      const nowMs = performance.now();
      this.#patientUntilMs ??= nowMs + this.#options.patienceMs;
      if (nowMs < this.#patientUntilMs) return this.#quiet.touch();
    }
    this.#patientUntilMs = undefined;
    if (!isChanged) return;
    this.#told = files;
    try {
      await this.#options.onChange();
    } catch (error) {
      this.#report(error instanceof Error ? error : new Error(messageOf(error)));
    }
  }

  /** Where the folder is now; undefined while it is missing, or not to be had, which is reported once. */
  #place(): Place | undefined {
    try {
      const place = placeOf(this.#folder);
      if (place === undefined) this.#patientUntilMs = undefined;
      else this.#problem = undefined;
      return place;
    } catch (error) {
      const problem = error instanceof KBertError ? error : unreadable(this.#folder, error);
      if (problem.message !== this.#problem) this.#report(problem);
      this.#problem = problem.message;
      return undefined;
    }
  }

  /** Watches before it first waits. */
  async #listen({ id, path }: Place): Promise<void> {
    this.#listensTo = id;
    try {
      const events = this.#events = Deno.watchFs(path);
      for await (const { kind, paths } of events) {
        // "access" is the end of a write. New content is news of a file only; any other name may be a folder
        // that came or went.
        if (kind === "access" || kind === "modify" && !paths.some(isPart)) continue;
        if (events === this.#events) this.#quiet.touch();
      }
    } catch (cause) {
      // Not tried again in this place: the looks find everything, only later.
      this.#report(withoutEvents(this.#folder, this.#options.lookMs, cause));
    }
  }

  #stopListening(): void {
    this.#events?.close();
    this.#events = this.#listensTo = undefined;
  }

  /** Later, because whoever makes a watcher does not have it yet. */
  #report(problem: Error): void {
    queueMicrotask(() => {
      if (!this.#isDisposed) this.#options.onProblem(problem);
    });
  }
}

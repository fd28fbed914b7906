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
import { printable } from "../manifest/problems.ts";
import { KBertError, messageOf } from "../wall/errors.ts";
import { QUIET_PERIOD_DEFAULTS, QuietPeriod, type QuietPeriodOptions } from "./quiet_period.ts";

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

/** A folder as it was found. */
interface Place {
  /** Another one for another folder, also at the same path. */
  readonly id: string;
  /** Without links. */
  readonly path: string;
}

/** Path below the folder → what changes with its content, beginning with the size. */
type Files = ReadonlyMap<string, string>;

const SEPARATOR = Deno.build.os === "windows" ? "\\" : "/";
/** Large, and never part of a plugin: its packages are in `vendor/`. */
const SKIPPED = new Set([".git", "node_modules"]);

/** Undefined if there is none. Asks first whether it may be read, because Deno would prompt. */
function placeOf(folder: string): Place | undefined {
  try {
    checkReadable(folder);
    const path = Deno.realPathSync(folder);
    checkReadable(path); // Deno's rights do not follow links
    const { isDirectory, dev, ino, birthtime } = Deno.statSync(path);
    if (!isDirectory) throw unusable(folder, "it is not a folder; name the folder of a plugin");
    // Of a folder that was deleted and made again the inode may be the same.
    return { id: [dev, ino, birthtime?.getTime(), path].join(" "), path };
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
}

function checkReadable(path: string): void {
  if (Deno.permissions.querySync({ name: "read", path }).state === "granted") return;
  throw unusable(path, `the right to read it is not granted; --allow-read=${printable(path)} grants it`);
}

/** What cannot be read is as good as not there: the reload will say why. */
function filesBelow(root: string): Files {
  const files = new Map<string, string>();
  const folders = [root];
  for (const folder of folders) {
    for (const { name, isDirectory, isSymlink } of entriesOf(folder)) {
      const path = folder + SEPARATOR + name;
      if (isDirectory) {
        if (!SKIPPED.has(name)) folders.push(path);
      } else if (isPart(name) || isSymlink) {
        const stamp = stampOf(path);
        if (stamp !== undefined) files.set(path.slice(root.length), stamp);
      }
    }
  }
  return files;
}

function entriesOf(folder: string): Deno.DirEntry[] {
  try {
    return [...Deno.readDirSync(folder)];
  } catch {
    return [];
  }
}

/** Of a folder behind a link, which folder it is; its files are found where they are. */
function stampOf(path: string): string | undefined {
  try {
    const { isFile, isDirectory, size, dev, ino, mtime, ctime } = Deno.statSync(path);
    if (isFile && isPart(path)) return [size, dev, ino, mtime?.getTime(), ctime?.getTime()].join(" ");
    return isDirectory ? [dev, ino].join(" ") : undefined;
  } catch {
    return undefined; // a link that leads nowhere, as Emacs makes them beside a file
  }
}

/** Whether an image can have a file of this name. */
function isPart(path: string): boolean {
  return /\.(?:ts|js|mjs|yaml)$/.test(path);
}

function areSame(some: Files, others: Files): boolean {
  return some.size === others.size && [...some].every(([path, stamp]) => others.get(path) === stamp);
}

/** Whether a file that had content has none now, or is gone. */
function isHalfSaved(now: Files, before: Files): boolean {
  const isEmpty = (stamp: string | undefined): boolean => stamp === undefined || stamp.startsWith("0 ");
  return [...before].some(([path, stamp]) => !isEmpty(stamp) && isEmpty(now.get(path)));
}

function unusable(folder: string, reason: string, cause?: unknown): KBertError<"file/unusable"> {
  const message = `Cannot watch ${printable(folder)}: ${reason}`;
  return new KBertError("file/unusable", message, { path: folder }, { cause });
}

function unreadable(folder: string, cause: unknown): KBertError<"file/unusable"> {
  const reason = messageOf(cause).replace(/ \(os error.*$/s, "").replace(
    /^./,
    (first) => first.toLowerCase(),
  );
  return unusable(folder, `${printable(reason)}; give yourself the right to read it`, cause);
}

function withoutEvents(folder: string, lookMs: number, cause: unknown): KBertError<"file/unusable"> {
  const advice = Deno.build.os === "linux" ? "; raise fs.inotify.max_user_watches to have them" : "";
  const reason = `the system gives no events of it (${printable(messageOf(cause))})`;
  return unusable(folder, `${reason}, so it is only looked at every ${lookMs} ms${advice}`, cause);
}

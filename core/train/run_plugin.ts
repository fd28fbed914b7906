/**
 * A plugin as a run has it: what it is, what was refused of it, and how long it was waited for.
 *
 * @module
 */
import type { SettingsSource } from "../manifest/settings.ts";
import type { PortName } from "../manifest/families.ts";
import type { PluginImage } from "../security/image.ts";
import { messageOf } from "../wall/errors.ts";
import { failureKind } from "../wall/poison.ts";
import type { Tier } from "../wall/sandbox.ts";
import type { WireValue } from "../wall/values.ts";

/** A loaded plugin. Whoever loaded it disposes of it. */
export interface RunPlugin extends AsyncDisposable {
  readonly name: string;
  /** Of the code that serves now: a reload exchanges it. */
  readonly image: PluginImage;
  readonly tier: Tier;
  /** Whether it declares a method. */
  has(method: string): boolean;
  call(
    method: string,
    args: readonly WireValue[],
    options?: { readonly signal?: AbortSignal },
  ): Promise<WireValue>;
  /** Goes back to the code before the last reload; answers whether it did. @default {it cannot} */
  rollback?(reason: string): Promise<boolean>;
}

/** Loads a plugin of a run; mod.ts knows how. */
export type LoadRunPlugin = (
  image: PluginImage,
  options: {
    readonly port: PortName;
    readonly settings: Readonly<Record<string, unknown>>;
    readonly settingsSource?: SettingsSource & { readonly file: string };
    readonly seed: number;
    readonly timeoutMs: number;
    readonly tier?: Tier;
  },
) => Promise<RunPlugin>;

/** How often each plugin failed: plugin → what happened (a reason of a guard, or an error's code) → count. */
export type FailureTable = Readonly<Record<string, Readonly<Record<string, number>>>>;

/**
 * Counts what plugins did wrong and the run lived with.
 *
 * @example
 * ```ts
 * import { FailureCounts } from "./run_plugin.ts";
 * import { KBertError } from "../wall/errors.ts";
 * import { assertEquals } from "../deps/assert.ts";
 *
 * const counts = new FailureCounts();
 * counts.count("eda", new KBertError("call/failed", "no", { plugin: "eda", method: "augment" }));
 * assertEquals(counts.table, { eda: { "call/failed": 1 } });
 * ```
 */
export class FailureCounts {
  #table: Record<string, Record<string, number>> = {};

  /** A copy; empty if nothing failed. */
  get table(): FailureTable {
    return structuredClone(this.#table);
  }

  /** Goes on from what a checkpoint kept of {@linkcode table}. */
  restore(before: unknown): void {
    this.#table = structuredClone(before ?? {}) as Record<string, Record<string, number>>;
  }

  /** Counts those of a part of the run, too. */
  add(part: FailureCounts): void {
    for (const [plugin, counts] of Object.entries(part.#table)) {
      const own = this.#table[plugin] ??= {};
      for (const [kind, count] of Object.entries(counts)) own[kind] = (own[kind] ?? 0) + count;
    }
  }

  /** Counts what was thrown, and answers how it was counted. */
  count(plugin: string, thrown: unknown): string {
    const kind = failureKind(thrown);
    const own = this.#table[plugin] ??= {};
    own[kind] = (own[kind] ?? 0) + 1;
    return kind;
  }
}

/**
 * Tells people of failures that a run lives with: each kind of each plugin once, because what is broken is broken at
 * every step.
 */
export class FailureNotes {
  readonly #note: (line: string) => void;
  readonly #told = new Set<string>();

  /** @param note shows people a line */
  constructor(note: (line: string) => void) {
    this.#note = note;
  }

  /**
   * @param kind what the failure was counted as
   * @param subject what failed and what becomes of it, as the beginning of a sentence
   */
  tell(plugin: string, kind: string, subject: string, thrown: unknown): void {
    const what = `${plugin} ${kind}`;
    if (this.#told.has(what)) return;
    this.#told.add(what);
    this.#note(`${subject}: ${messageOf(thrown)}`);
  }
}

/** Milliseconds by plugin. */
export class Stopwatch {
  readonly #milliseconds = new Map<string, number>();

  /** Waits for work of a plugin, and adds the time. */
  async wait<T>(plugin: string, work: Promise<T>): Promise<T> {
    const started = performance.now();
    try {
      return await work;
    } finally {
      this.add(plugin, performance.now() - started);
    }
  }

  add(plugin: string, milliseconds: number): void {
    this.#milliseconds.set(plugin, this.of(plugin) + milliseconds);
  }

  of(plugin: string): number {
    return this.#milliseconds.get(plugin) ?? 0;
  }

  /** For a checkpoint. */
  get state(): Record<string, number> {
    return Object.fromEntries(this.#milliseconds);
  }

  /** Goes on from a checkpoint; anything but numbers is taken as none. */
  restore(state: unknown): void {
    this.#milliseconds.clear();
    for (const [plugin, milliseconds] of Object.entries(Object(state))) {
      if (typeof milliseconds === "number" && Number.isFinite(milliseconds)) {
        this.#milliseconds.set(plugin, milliseconds);
      }
    }
  }
}

/**
 * The callbacks of a run: told what happens, several moments in one message, all plugins at once, and asked what
 * they wish.
 *
 * The trainer waits for the answers, because a wish is for the step that comes next. One that fails is passed over
 * or ends the run, as its user has said; what it wished is lost then.
 *
 * @module
 */
import type { CallbackWishes, Moment, TrainerState } from "../manifest/moments.ts";
import type { WireValue } from "../wall/values.ts";
import { type FailureCounts, FailureNotes, type RunPlugin, type Stopwatch } from "./run_plugin.ts";

/** A callback, and what becomes of the run when it fails. */
export interface RunCallback {
  readonly plugin: RunPlugin;
  readonly onFailure: "skip" | "abort";
}

/** What all callbacks wish together: of two rates or reasons, that of the later one in the list holds. */
export interface Wishes {
  /** Who wants the training to stop, the first of several. */
  readonly stopper?: string;
  readonly reason?: string;
  readonly learningRate?: number;
  /** Whether one of them wants a checkpoint. */
  readonly checkpoint: boolean;
  /** Those who want the weights of now to be kept as their best. */
  readonly best: readonly string[];
  /** Who wants its best weights back in the end, or not any more. */
  readonly restoreBest: Readonly<Record<string, boolean>>;
  /** `plugin/figure` → value. */
  readonly log: Readonly<Record<string, number>>;
}

/** See the module's text. Owns none of the plugins. */
export class Callbacks {
  readonly #callbacks: readonly RunCallback[];
  readonly #failures: FailureCounts;
  readonly #stopwatch: Stopwatch;
  readonly #notes: FailureNotes;

  /** @param note shows people that a callback failed */
  constructor(
    callbacks: readonly RunCallback[],
    failures: FailureCounts,
    stopwatch: Stopwatch,
    note: (line: string) => void,
  ) {
    this.#callbacks = callbacks;
    this.#failures = failures;
    this.#stopwatch = stopwatch;
    this.#notes = new FailureNotes(note);
  }

  /** Whether any of them declares a moment: nothing has to be measured for nobody. */
  wants(moment: Moment[0]): boolean {
    return this.#callbacks.some(({ plugin }) => plugin.has(moment));
  }

  /**
   * Tells them, in one message each, the moments that they declare.
   *
   * @throws what a callback throws whose failure ends the run
   */
  async notify(moments: readonly Moment[], state: TrainerState): Promise<Wishes> {
    const answers = await Promise.all(this.#callbacks.map(async (callback) => {
      const own = moments.filter(([name]) => callback.plugin.has(name));
      if (own.length === 0) return undefined;
      const { plugin } = callback;
      const args = [own, state] as unknown as WireValue[];
      const ask = (): Promise<WireValue> => this.#stopwatch.wait(plugin.name, plugin.call("notify", args));
      return await this.#attempt(callback, ask) as CallbackWishes | undefined;
    }));
    return answers.reduce<Wishes>(
      (wishes, answer, index) =>
        answer === undefined ? wishes : withWishes(wishes, this.#callbacks[index]!.plugin.name, answer),
      { checkpoint: false, best: [], restoreBest: {}, log: {} },
    );
  }

  /**
   * What they remember, by name, for a checkpoint. One that fails at it begins anew in a resumed run.
   *
   * @param isOfBeginning before the first step: it may never be needed, so nobody hears of a failure
   * @throws what a callback throws whose failure ends the run
   */
  async capture({ isOfBeginning = false } = {}): Promise<Record<string, WireValue>> {
    const states: Record<string, WireValue> = {};
    for (const callback of this.#callbacks) {
      const { plugin } = callback;
      if (!plugin.has("captureState")) continue;
      const ask = (): Promise<WireValue> => plugin.call("captureState", []);
      const state = isOfBeginning ? await ask().catch(() => undefined) : await this.#attempt(callback, ask);
      if (state !== undefined) states[plugin.name] = state;
    }
    return states;
  }

  /**
   * Goes on from a checkpoint.
   *
   * @throws what a callback throws whose failure ends the run
   */
  async restore(states: unknown): Promise<void> {
    const saved = Object(states) as Record<string, WireValue>;
    for (const callback of this.#callbacks) {
      const { plugin } = callback;
      const state = Object.hasOwn(saved, plugin.name) ? saved[plugin.name] : null;
      if (state === null || !plugin.has("restoreState")) continue;
      await this.#attempt(callback, () => plugin.call("restoreState", [state]));
    }
  }

  /** What a call answers; undefined if it failed and the run goes on. */
  async #attempt(
    { plugin, onFailure }: RunCallback,
    call: () => Promise<WireValue>,
  ): Promise<WireValue | undefined> {
    try {
      return await call();
    } catch (error) {
      const kind = this.#failures.count(plugin.name, error);
      if (onFailure === "abort") throw error;
      const subject = `The callback ${plugin.name} failed, and the run goes on without it here`;
      this.#notes.tell(plugin.name, kind, subject, error);
      return undefined;
    }
  }
}

function withWishes(
  before: Wishes,
  plugin: string,
  { shouldStop, reason, learningRate, save = [], restoreBest, log = {} }: CallbackWishes,
): Wishes {
  const saves = [save].flat();
  const figures = Object.entries(log).map(([figure, value]) => [`${plugin}/${figure}`, value]);
  return {
    ...before,
    ...(shouldStop && before.stopper === undefined &&
      { stopper: plugin, ...(reason !== undefined && { reason }) }),
    ...(learningRate !== undefined && { learningRate }),
    checkpoint: before.checkpoint || saves.includes("checkpoint"),
    best: saves.includes("best") ? [...before.best, plugin] : before.best,
    restoreBest: restoreBest === undefined
      ? before.restoreBest
      : { ...before.restoreBest, [plugin]: restoreBest },
    log: { ...before.log, ...Object.fromEntries(figures) },
  };
}

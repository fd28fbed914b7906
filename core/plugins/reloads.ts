/**
 * The reloads of one plugin: a new version takes over, and the one before is kept in case it was a mistake.
 *
 * A version that crashes shortly after it took over is replaced by the one before, once, with the state that it
 * was given. After that, and after a rollback, there is nothing to go back to until the next reload.
 *
 * @module
 */
import type { EventBus } from "../bus/event_bus.ts";
import { after } from "../bus/settle.ts";
import { messageOf } from "../wall/errors.ts";
import type { CallGate } from "./call_gate.ts";
import { exchange, type Exchanged, type ExchangeOptions, type LastPhase, retire } from "./exchange.ts";
import type { Hooks } from "./hooks.ts";
import { PhaseClock, type PhaseTimes } from "./phase_clock.ts";
import type { PluginState } from "./plugin_state.ts";
import type { Side } from "./side.ts";
import { type ShadowOptions, type ShadowReport, ShadowRun } from "./shadow.ts";
import type { PluginVersion } from "./version.ts";

/** How a plugin is reloaded. */
export interface ReloadOptions extends ExchangeOptions {
  /**
   * Milliseconds after the switch in which a crash brings the version before back; its state is kept as long.
   * @default {10_000}
   */
  readonly trialMs?: number;
  /** Lets the new version answer the same calls for a while, before it takes over. @default {not} */
  readonly shadow?: ShadowOptions;
  /** Gives the reload up, until the switch. */
  readonly signal?: AbortSignal;
}

/** What a reload did. */
export interface ReloadReport extends Exchanged {
  readonly plugin: string;
  /** Hashes of the images. */
  readonly from: string;
  readonly to: string;
  /** Milliseconds of each phase. */
  readonly phasesMs: PhaseTimes;
  readonly shadow?: ShadowReport;
}

/** A reload after the switch. */
export interface Reloaded {
  readonly report: ReloadReport;
  /** Resolves when the version before has ended. */
  readonly retired: Promise<void>;
}

/** What reloads need of their plugin. */
export interface Reloadable {
  readonly name: string;
  readonly bus: EventBus;
  readonly hooks: Hooks;
  readonly gate: CallGate;
  readonly version: PluginVersion;
  /** Answers what serves, which from here on is being exchanged. @throws {KBertError} `plugin/state` */
  begin(): Side;
  /** Starts a version beside the one that serves. */
  start(version: PluginVersion, signal: AbortSignal): Promise<Side>;
  /** Lets it serve. */
  switchTo(version: PluginVersion, side: Side): void;
  /** The one before goes on serving, if it still does. */
  keep(): void;
  /** Nothing serves any more. */
  fail(reason: Error): void;
  /** Calls of the plugin are made of this one, too, until the result is disposed of. */
  shadow(run: ShadowRun): Disposable;
}

/** See {@linkcode ReloadOptions.trialMs}. */
const TRIAL_MS = 10_000;

/** See the module's text. Owned by its plugin, which disposes of it when it is unloaded. */
export class Reloads implements Disposable {
  readonly #plugin: Reloadable;
  #previous: PluginVersion | undefined;
  /** While it is there, a crash brings the version before back. */
  #trial: { readonly state: PluginState; readonly timer: ReturnType<typeof after> } | undefined;
  #giveUp: AbortController | undefined;
  #returning: Promise<void> | undefined;
  /** Versions that are about to end. */
  readonly #retiring = new Set<Side>();

  constructor(plugin: Reloadable) {
    this.#plugin = plugin;
  }

  /** What a rollback would bring back. */
  get previous(): PluginVersion | undefined {
    return this.#previous;
  }

  /** Settles when the version that is being brought back serves, or has failed; undefined if none is. */
  get returning(): Promise<void> | undefined {
    return this.#returning;
  }

  /** Whether a crash now would bring the version before back. */
  get isOnTrial(): boolean {
    return this.#trial !== undefined && this.#previous !== undefined;
  }

  /**
   * Lets a version take over. Resolves when it serves; the one before may still be about to end.
   *
   * @throws what a phase throws; the version before serves then
   */
  async reload(version: PluginVersion, options: ReloadOptions, clock: PhaseClock): Promise<Reloaded> {
    const { name, version: before } = this.#plugin;
    const { trialMs = TRIAL_MS, drainMs, shadow, signal } = options;
    for (const [what, ms] of Object.entries({ trialMs, drainMs, withinMs: shadow?.withinMs })) {
      if (ms !== undefined && !(ms >= 0)) throw new RangeError(`${what} has to be 0 or more, not ${ms}`);
    }
    const old = this.#plugin.begin();
    const giveUp = this.#giveUp = new AbortController();
    const signals = signal ? AbortSignal.any([giveUp.signal, signal]) : giveUp.signal;
    let shadowReport: ShadowReport | undefined;
    let exchanged: Exchanged;
    try {
      exchanged = await exchange({
        ...this.#parts(version, clock, signals),
        old,
        ...(shadow && {
          shadow: async (fresh, signal) => void (shadowReport = await this.#compare(fresh, shadow, signal)),
        }),
        switchTo: (fresh, state) => {
          this.#plugin.switchTo(version, fresh);
          this.#previous = before;
          this.endTrial(); // of the version before, which goes on with its own if this one fails before it serves
          if (trialMs > 0) this.#beginTrial(state, trialMs);
        },
      }, options);
    } catch (error) {
      this.#plugin.keep();
      throw error;
    }
    const report: ReloadReport = {
      ...{ plugin: name, from: before.image.sha256, to: version.image.sha256 },
      ...exchanged,
      phasesMs: clock.times,
      ...(shadowReport && { shadow: shadowReport }),
    };
    return { report, retired: this.retire(old) };
  }

  /**
   * Called when what serves has crashed: starts the version before, with the state that the one which crashed was
   * given. Calls wait meanwhile. Nothing serves if that fails.
   */
  bringBack(reason: Error): void {
    this.#returning = this.#bringBack(reason).finally(() => this.#returning = undefined);
  }

  /** Ends a version that serves no more, at the latest when this is disposed of. */
  async retire(side: Side, phases?: readonly LastPhase[]): Promise<void> {
    this.#retiring.add(side);
    for (const problem of await retire(side, phases)) {
      const { name, bus } = this.#plugin;
      const message = `The version before did not end in order: ${problem}`;
      bus.post("log.warning", { message, fields: { plugin: name } });
    }
    this.#retiring.delete(side);
  }

  /** From now on a crash is one like any other. */
  endTrial(): void {
    clearTimeout(this.#trial?.timer);
    this.#trial = undefined;
  }

  /** There is nothing to go back to any more. */
  forget(): void {
    this.endTrial();
    this.#previous = undefined;
  }

  /** Gives up a reload that is going on. */
  giveUp(reason: Error): void {
    this.#giveUp?.abort(reason);
    this.#giveUp = undefined;
  }

  [Symbol.dispose](): void {
    this.giveUp(new Error("it was unloaded"));
    this.forget();
    for (const { run } of this.#retiring) run.channel.close("it was unloaded");
  }

  async #bringBack(reason: Error): Promise<void> {
    const { name, bus, gate, version: broken } = this.#plugin;
    const version = this.#previous!;
    const { state } = this.#trial!;
    this.endTrial();
    this.#previous = undefined;
    gate.close();
    const giveUp = this.#giveUp = new AbortController();
    try {
      await exchange({
        ...this.#parts(version, new PhaseClock(), giveUp.signal),
        ...{ old: undefined, state },
        switchTo: (fresh) => this.#plugin.switchTo(version, fresh),
      });
    } catch (error) {
      const failed = error instanceof Error ? error : new Error(messageOf(error));
      this.#plugin.fail(failed);
      return gate.fail(failed);
    }
    await bus.emit("plugin.rolled_back", {
      plugin_name: name,
      from_sha256: broken.image.sha256,
      to_sha256: version.image.sha256,
      reason: `it crashed after it was reloaded: ${messageOf(reason)}`,
    });
  }

  #parts(
    version: PluginVersion,
    clock: PhaseClock,
    signal: AbortSignal,
  ): Omit<Parameters<typeof exchange>[0], "old" | "switchTo"> {
    const { name, hooks, gate } = this.#plugin;
    return {
      plugin: { name, version: version.image.manifest.version },
      ...{ hooks, gate, signal },
      start: (signal) => this.#plugin.start(version, signal),
      timed: (phase, run) => clock.timed(phase, run),
    };
  }

  async #compare(fresh: Side, options: ShadowOptions, signal: AbortSignal): Promise<ShadowReport> {
    using run = new ShadowRun(fresh.shadowCaller(), options, signal);
    using _calls = this.#plugin.shadow(run);
    const report = await run.report;
    const { name, bus } = this.#plugin;
    await bus.emit("plugin.shadow_compared", {
      plugin_name: name,
      calls: report.calls,
      is_within: report.problem === undefined,
      largest_difference: report.largest,
      old_ms: report.oldMs,
      new_ms: report.newMs,
    });
    if (report.problem !== undefined) throw new Error(report.problem);
    return report;
  }

  #beginTrial(state: PluginState, trialMs: number): void {
    const timer = after(trialMs, () => this.endTrial());
    if (timer !== undefined) Deno.unrefTimer(timer); // a program that is done does not wait for it
    this.#trial = { state, timer };
  }
}

/**
 * The order in which a version of a plugin takes over from the one before.
 *
 * The new one is started and initialized beside the old one, which serves meanwhile. Only then new calls and
 * events are held, the open calls are waited for, and the state goes over. Whatever fails until the new one is
 * active leaves the old one serving, with nothing lost. After the switch the old one is let go.
 *
 * @module
 */
import { messageOf } from "../wall/errors.ts";
import type { CallGate } from "./call_gate.ts";
import type { HookedPlugin, Hooks } from "./hooks.ts";
import type { PluginState } from "./plugin_state.ts";
import type { Side } from "./side.ts";

/** The steps of a reload, in their order. `build` is before them, and `shadow` only where it was asked for. */
export type ReloadPhase =
  | "build"
  | "start"
  | "initialize"
  | "shadow"
  | "drain"
  | "capture"
  | "restore"
  | "activate";

/** How a version takes over. */
export interface ExchangeOptions {
  /**
   * Milliseconds that open calls and streams have to end before they are given up.
   * @default {the plugin's limits.callMs, so that a call with the usual deadline is never given up}
   */
  readonly drainMs?: number;
  /**
   * What becomes of the reload if the new version has no place for something of the state: weights of another shape,
   * a state of another version. `fresh` goes on without it, and says so.
   * @default {"refuse"}
   */
  readonly onStateLoss?: "refuse" | "fresh";
}

/** What takes part. */
export interface ExchangeParts {
  /** As the new version is called in hooks. */
  readonly plugin: HookedPlugin;
  /** What serves; undefined if it crashed, and `state` is what there is to go on from. */
  readonly old: Side | undefined;
  readonly state?: PluginState;
  readonly gate: CallGate;
  readonly hooks: Hooks;
  /** Starts and loads the new version on standby. */
  readonly start: (signal: AbortSignal) => Promise<Side>;
  /** Lets the new version answer the same calls for a while; rejects if it answers something else. */
  readonly shadow?: (fresh: Side, signal: AbortSignal) => Promise<void>;
  /** From here on, the new one serves. Synchronous. */
  readonly switchTo: (fresh: Side, state: PluginState) => void;
  /** Gives up, also in the middle of a phase. */
  readonly signal: AbortSignal;
  /** Hears of each phase when it begins, and how long it took when it is over. */
  readonly timed: <T>(phase: ReloadPhase, run: () => Promise<T>) => Promise<T>;
}

/** What came of it. */
export interface Exchanged {
  /** Milliseconds in which new calls had to wait. */
  readonly pauseMs: number;
  /** How many did. */
  readonly heldCalls: number;
  /** What begins anew, for people. */
  readonly fresh: readonly string[];
}

/**
 * See the module's text. Resolves after the switch; the old run is still there, see {@linkcode retire}.
 *
 * @throws whatever fails; the old run serves then, and nothing of the new one is left
 */
export async function exchange(parts: ExchangeParts, options: ExchangeOptions = {}): Promise<Exchanged> {
  const { signal } = parts;
  try {
    const fresh = await parts.timed("start", () => parts.start(signal));
    return await new Exchange(parts, fresh, options).run();
  } catch (error) {
    throw signal.aborted ? signal.reason : error; // what fails because it was given up says less
  }
}

/** The end of a version's life, in this order. */
export type LastPhase = "$deactivate" | "$unload";

/** What the old version has for each of its last two phases. */
const RETIRE_MS = 5_000;

/** Lets a version end that serves no more: in order, if it does that in time. Answers what went wrong. */
export async function retire(
  { run, callMs }: Side,
  phases: readonly LastPhase[] = ["$deactivate", "$unload"],
): Promise<readonly string[]> {
  const problems: string[] = [];
  run.events.stop();
  for (const phase of phases) {
    await run.instance.phase(phase, Math.min(callMs, RETIRE_MS)).catch((error) => {
      problems.push(messageOf(error));
    });
  }
  await run.events.settled();
  run.channel.close("another version of it took over");
  return problems;
}

class Exchange {
  readonly #parts: ExchangeParts;
  readonly #fresh: Side;
  readonly #options: ExchangeOptions;
  #isActive = false;

  constructor(parts: ExchangeParts, fresh: Side, options: ExchangeOptions) {
    this.#parts = parts;
    this.#fresh = fresh;
    this.#options = options;
  }

  async run(): Promise<Exchanged> {
    const { shadow, signal, switchTo } = this.#parts;
    const { run } = this.#fresh;
    const end = (): void => run.channel.close(messageOf(signal.reason));
    signal.addEventListener("abort", end, { once: true });
    try {
      signal.throwIfAborted();
      await this.#initialize();
      if (shadow) await this.#runBeside(shadow);
      return await this.#handOver((state) => {
        switchTo(this.#fresh, state);
        return [this.#fresh];
      });
    } catch (error) {
      run.channel.close(messageOf(error));
      throw error;
    } finally {
      signal.removeEventListener("abort", end);
    }
  }

  async #initialize(): Promise<void> {
    const { hooks, plugin, timed } = this.#parts;
    const { run, callMs } = this.#fresh;
    await timed("initialize", async () => {
      await hooks.run("preInitialization", plugin);
      await run.instance.phase("$initialize", callMs);
      await hooks.run("postInitialization", plugin);
    });
  }

  async #activate(): Promise<void> {
    if (this.#isActive) return;
    const { hooks, plugin } = this.#parts;
    const { run, callMs } = this.#fresh;
    await hooks.run("preActivation", plugin);
    await run.instance.phase("$activate", callMs);
    this.#isActive = true;
    await hooks.run("postActivation", plugin);
  }

  /** Both with the same state, called with the same arguments and hearing the same, until it is decided. */
  async #runBeside(shadow: NonNullable<ExchangeParts["shadow"]>): Promise<void> {
    const { old, signal, timed } = this.#parts;
    this.#fresh.run.events.mute();
    await this.#handOver(() => [...(old ? [old] : []), this.#fresh]);
    await timed("shadow", () => shadow(this.#fresh, signal));
    this.#fresh.run.events.unmute();
  }

  /**
   * Holds what is new, waits for what is open, and gives the state of the old version to the new one, which is active
   * in the end.
   *
   * @param then decides who goes on, at once; if it does not come to that, it is the old one
   */
  async #handOver(then: (state: PluginState) => readonly Side[]): Promise<Exchanged> {
    const { old, gate, signal, timed } = this.#parts;
    const { onStateLoss = "refuse" } = this.#options;
    const { run, callMs } = this.#fresh;
    const began = performance.now();
    signal.throwIfAborted(); // hooks took their time, and nobody is to wait now for what was given up
    gate.close();
    old?.run.events.hold();
    run.events.hold();
    let goOn: readonly Side[] = old ? [old] : [];
    try {
      const state = old ? await this.#stateOf(old) : this.#parts.state ?? { version: 1 };
      const fresh = await timed(
        "restore",
        () => run.instance.restore(state, onStateLoss === "fresh", callMs),
      );
      await timed("activate", () => this.#activate());
      signal.throwIfAborted();
      if (run.ended) throw run.ended; // after its last answer: nobody would hear of it any more
      if (old) run.events.takeOver(old.run.events, run.channel); // it may have subscribed only now
      goOn = then(state);
      return { pauseMs: performance.now() - began, heldCalls: gate.held, fresh };
    } finally {
      // In this order: what was held is heard before what the calls that waited lead to.
      for (const { run } of goOn) run.events.release();
      if (goOn.length > 0) gate.open(); // otherwise there is nobody to be called
    }
  }

  async #stateOf(old: Side): Promise<PluginState> {
    const { signal, timed } = this.#parts;
    const { drainMs = old.callMs } = this.#options;
    await timed("drain", () => drain(old, drainMs, signal));
    return await timed("capture", () => old.run.instance.capture(old.callMs, signal));
  }
}

/** Waits until nothing is open, or gives up what is. What was on its way to the plugin, or from it, arrives. */
async function drain({ run, caller }: Side, drainMs: number, signal: AbortSignal): Promise<void> {
  const isDrained = await caller.drain(drainMs, signal).then(() => true, () => false);
  signal.throwIfAborted();
  if (!isDrained) {
    run.channel.giveUpCalls(caller.givenUp(`they did not end within ${drainMs} ms, and it was reloaded`));
  }
  await run.events.settled();
}

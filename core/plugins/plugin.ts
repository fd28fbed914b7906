/**
 * A plugin as the host has it: where it is in its life, and its calls.
 *
 * The table in lifecycle.ts says what may be done when; here it is done. A phase that fails ends what runs
 * of the plugin and leaves it `failed`, from where it can be initialized anew. A plugin that ends by itself
 * (a crash, a broken frame) becomes `failed` at once, and every open call is rejected. Only a reload has two
 * versions running for a moment, see exchange.ts.
 *
 * @module
 */
import type { PortName } from "../manifest/families.ts";
import type { PluginImage } from "../security/image.ts";
import { messageOf } from "../wall/errors.ts";
import type { CallOptions } from "../wall/options.ts";
import type { Tier } from "../wall/sandbox.ts";
import type { WireValue } from "../wall/values.ts";
import type { MethodDescription } from "./description.ts";
import type { Hooks } from "./hooks.ts";
import { Life } from "./life.ts";
import type { PluginState } from "./lifecycle.ts";
import type { HeldMemory } from "./memory_watch.ts";
import { PhaseClock } from "./phase_clock.ts";
import { PluginCalls } from "./plugin_calls.ts";
import type { PortMethods } from "./ports.ts";
import { type Reloaded, type ReloadOptions, Reloads } from "./reloads.ts";
import { type Callable, type Remote, remote } from "./remote.ts";
import type { Admission, PluginRun, RunListener, RunOptions } from "./run.ts";
import { makeSide, type Side } from "./side.ts";
import { stuckError, whyStuck } from "./stuck.ts";
import type { PluginVersion } from "./version.ts";

/** What a plugin is made with; the manager knows it all. */
export interface PluginOptions<Port extends PortName = PortName> extends RunOptions, PluginVersion {
  readonly port: Port;
  readonly priority: number;
  readonly hooks: Hooks;
  /** Called when it ended by itself while it was active: what served is to serve again. */
  readonly onCrash: (reason: Error) => void;
  /** Called once, when it is unloaded. */
  readonly onUnload: () => void;
}

/** States in which it has ended already, for a reason that is known. */
const OVER: ReadonlySet<PluginState> = new Set(["failed", "quarantined", "unloaded"]);

/**
 * One use of a plugin. Whoever loaded it unloads it; `await using` does, and its manager does at the latest.
 *
 * @typeParam Port what it is used as, which decides what {@linkcode Plugin.methods} has
 */
export class Plugin<Port extends PortName = PortName> implements Callable, Disposable, AsyncDisposable {
  readonly name: string;
  readonly port: Port;
  /** In `callAll`, those with a higher one come first. */
  readonly priority: number;
  /** A reload changes what follows from the code. */
  #options: PluginOptions<Port>;
  readonly #calls: PluginCalls;
  readonly #listener: RunListener = {
    onEnd: (run, reason) => this.#onEnd(run, reason),
    onSilent: (run, what) => this.#giveUp(run, what),
  };
  readonly #reloads: Reloads;
  readonly #life: Life;
  /** What runs of it. A stream that somebody still holds counts no more when its run has ended. */
  #side: Side | undefined;
  /** As it described them last. */
  #methods: ReadonlyMap<string, MethodDescription> = new Map();
  #unloading: Promise<void> | undefined;

  constructor(options: PluginOptions<Port>) {
    const { name, port, priority } = options;
    this.#options = options;
    this.#life = new Life(name, options.bus, (reason) => this.#side?.run.channel.close(reason));
    this.name = name;
    this.port = port;
    this.priority = priority;
    this.#calls = new PluginCalls({
      name,
      openCalls: () => this.#options.limits.openCalls,
      callMs: () => this.#options.limits.callMs,
      serving: () => this.#serving(),
      onTimeout: (run, error) => void this.#endIfStuck(run, error),
    });
    this.#reloads = this.#makeReloads();
  }

  /** Of the code that serves, or would be started. */
  get image(): PluginImage {
    return this.#options.image;
  }

  get version(): string {
    return this.image.manifest.version;
  }

  get state(): PluginState {
    return this.#life.state;
  }

  /** Where it runs. @throws {KBertError} `plugin/state` if nothing of it does */
  get tier(): Tier {
    if (this.#side) return this.#side.run.instance.tier;
    throw this.#life.notNow("see the tier of");
  }

  /** Calls and streams that wait for an answer, or for a reload. */
  get openCalls(): number {
    return this.#calls.open;
  }

  /**
   * What its worker says it holds, in MiB; undefined if it does not say so in time, or nothing of it runs. Memory of
   * WebAssembly is not in it.
   */
  async memory(timeoutMs: number): Promise<HeldMemory | undefined> {
    return await this.#side?.run.instance.holds(timeoutMs);
  }

  /**
   * Starts it where it has to run, makes it, and lets it acquire what it needs.
   *
   * @throws {KBertError} `plugin/state`; `call/failed` with the plugin's error, `call/timeout`,
   * `plugin/closed`, `plugin/image` if the code declares other settings than plugin.yaml; `plugin/consent`,
   * `plugin/permission` if this program may not start it where it has to run; what a hook throws
   */
  async initialize(): Promise<void> {
    const { hooks, bus, limits: { callMs } } = this.#options;
    await this.#life.phase("initialize", "plugin.initialization_failed", async (stay) => {
      await hooks.run("preInitialization", this);
      stay();
      const { run } = this.#side ?? await this.#startFirst(stay);
      await run.instance.phase("$initialize", callMs);
      await hooks.run("postInitialization", this);
    });
    const { dependencies } = this.image.manifest;
    await bus.emit("plugin.initialized", { plugin_name: this.name, version: this.version, dependencies });
  }

  /** From here on it can be called. @throws {KBertError} as {@linkcode Plugin.initialize} does */
  async activate(): Promise<void> {
    const { hooks, bus, limits: { callMs } } = this.#options;
    await this.#life.phase("activate", "plugin.activation_failed", async (stay) => {
      await hooks.run("preActivation", this);
      stay();
      await this.#side?.run.instance.phase("$activate", callMs);
      await hooks.run("postActivation", this);
    });
    await bus.emit("plugin.activated", { plugin_name: this.name, activation_time: Date.now() });
  }

  /**
   * Waits for its open calls, and lets it release what it has. No new call is taken meanwhile.
   *
   * @throws {KBertError} `plugin/state`, `call/failed`, `call/timeout` if its calls or the phase take too
   * long; what a hook throws
   */
  async deactivate(): Promise<void> {
    const { hooks, bus, limits: { callMs } } = this.#options;
    await this.#life.phase("deactivate", "plugin.deactivation_failed", async (stay) => {
      await hooks.run("preDeactivation", this);
      await this.#side?.caller.drain(callMs);
      stay();
      await this.#side?.run.instance.phase("$deactivate", callMs);
      await this.#side?.run.events.published(); // what it said before is heard before it is told
      await hooks.run("postDeactivation", this);
    });
    await bus.emit("plugin.deactivated", { plugin_name: this.name, deactivation_time: Date.now() });
  }

  /**
   * Lets another version of its code take over: `manager.reload()` makes one and says what came of it. A plugin that
   * does not run only gets the new code, and one that has failed is started with it.
   *
   * @throws {KBertError} `plugin/state`, and what starting it throws; the version before goes on then
   */
  async reload(
    version: PluginVersion,
    options: ReloadOptions = {},
    clock: PhaseClock = new PhaseClock(),
  ): Promise<Reloaded> {
    if (this.#reloads.returning) await this.#reloads.returning; // to what serves, or has failed
    if (this.#life.isServing) return await this.#reloads.reload(version, options, clock);
    const from = this.image.sha256;
    const isFailed = this.#life.state === "failed" || this.#life.state === "quarantined";
    if (!isFailed && this.#life.state !== "discovered" && this.#life.state !== "deactivated") {
      throw this.#life.notNow("reload");
    }
    const before = this.#side; // deactivated, and would be initialized again with its own code
    this.#side = undefined;
    this.#options = { ...this.#options, ...version };
    this.#reloads.forget();
    if (isFailed) {
      await clock.timed("initialize", () => this.initialize());
      await clock.timed("activate", () => this.activate());
    }
    const nobody = {
      pauseMs: 0,
      heldCalls: 0,
      fresh: isFailed ? ["what the version that failed remembered"] : [],
    };
    const report = { plugin: this.name, from, to: version.image.sha256, ...nobody, phasesMs: clock.times };
    return { report, retired: before ? this.#reloads.retire(before, ["$unload"]) : Promise.resolve() };
  }

  /** What a rollback would bring back; undefined if nothing was reloaded, or it was rolled back already. */
  get previous(): PluginVersion | undefined {
    return this.#reloads.previous;
  }

  /** There is nothing to go back to any more. */
  forgetPrevious(): void {
    this.#reloads.forget();
  }

  /**
   * Deactivates it if it is active, and ends it for good. Twice is harmless. Never rejects because of the
   * plugin or a hook: what fails in it is told to the bus.
   */
  unload(reason = "it was unloaded"): Promise<void> {
    return this.#unloading ??= this.#unload(reason);
  }

  /**
   * Calls a method of its port. The buffers of tensors and bytes are moved, unless `transfer` says which.
   *
   * @throws {KBertError} at once: `plugin/state` and `plugin/closed` if it is not active,
   * `call/unknown-method`, `call/arguments`, `plugin/limit`; later: `call/failed`, `call/timeout`,
   * `call/aborted`, `plugin/closed`, `plugin/answer`
   */
  call(method: string, args: readonly WireValue[], options?: CallOptions): Promise<WireValue> {
    return this.#calls.call(method, args, options);
  }

  /** Calls a method that answers a stream. Leaving the loop cancels it; `timeoutMs` is for each item. */
  stream(
    method: string,
    args: readonly WireValue[],
    options?: CallOptions,
  ): AsyncGenerator<WireValue, void, void> {
    return this.#calls.stream(method, args, options);
  }

  /** Whether it declares a method; callbacks are called only with what they declare. */
  has(method: string): boolean {
    return this.#methods.has(method);
  }

  /** Whether a method answers a stream; undefined if it has no such method, or was never made. */
  streams(method: string): boolean | undefined {
    return this.#methods.get(method)?.streams;
  }

  /**
   * Its methods, typed: those of its port, or those of a class or interface that a generic plugin is known by.
   *
   * @param options of every call that is made through the result
   */
  methods<Methods = PortMethods[Port]>(options?: CallOptions): Remote<Methods> {
    return remote<Methods>(this, options);
  }

  /** Called by the manager when it is not to be started again by itself. */
  quarantine(reason: Error): void {
    this.#life.go("quarantine");
    this.#life.ended = reason;
  }

  /** Ends it at once, without deactivating it. */
  [Symbol.dispose](): void {
    if (this.#life.state === "unloaded") return;
    const reason = "it was stopped";
    this.#life.go("unload");
    this.#endReloads(reason);
    this.#unloading ??= Promise.resolve();
    this.#side?.run.instance.channel.close(reason);
    this.#options.onUnload();
    this.#options.bus.post("plugin.unloaded", { plugin_name: this.name, reason });
  }

  /** {@linkcode Plugin.unload} */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.unload();
  }

  /** Starts it where it has to run, if it is let in. */
  async #startFirst(stay: () => void): Promise<Side> {
    const admission = await this.#options.admit();
    stay();
    const side = this.#side = makeSide(this, this.#options, admission, this.#listener);
    await side.run.load();
    this.#methods = side.run.methods;
    return side;
  }

  /** Starts another version beside the one that serves. */
  async #startBeside(version: PluginVersion, signal: AbortSignal): Promise<Side> {
    const before = this.#side && { image: this.image, permissions: this.#side.run.admission.permissions };
    const stay = this.#life.staying("reload");
    const admission = await version.admit(before);
    stay(); // the user may have been asked, and taken his time
    signal.throwIfAborted();
    const side = makeSide(this, { ...this.#options, ...version }, admission, this.#listener, true);
    const end = (): void => side.run.channel.close(messageOf(signal.reason));
    signal.addEventListener("abort", end, { once: true });
    try {
      await side.run.load();
    } catch (error) {
      side.run.channel.close(messageOf(error));
      throw error;
    } finally {
      signal.removeEventListener("abort", end);
    }
    return side;
  }

  #makeReloads(): Reloads {
    // deno-lint-ignore no-this-alias -- a getter of an object literal has another one
    const plugin = this;
    const { name, bus, hooks } = this.#options;
    return new Reloads({
      ...{ name, bus, hooks, gate: this.#calls.gate },
      get version() {
        return plugin.#options;
      },
      begin: () => {
        this.#life.go("reload");
        return this.#side!;
      },
      start: (version, signal) => this.#startBeside(version, signal),
      switchTo: (version, side) => {
        // Its rights hold for as long as this program runs, also when it is started again after a crash.
        const admit = (): Promise<Admission> => Promise.resolve(side.run.admission);
        this.#options = { ...this.#options, ...version, admit };
        this.#side = side;
        this.#methods = side.run.methods;
        this.#life.ended = undefined; // what crashed before it is no news any more
        this.#life.go("resume");
      },
      keep: () => {
        if (this.#life.state === "reloading") this.#life.go("resume");
      },
      fail: (reason) => {
        if (this.#life.state === "reloading") this.#failed(reason);
      },
      shadow: (run) => this.#calls.shadow(run),
    });
  }

  /** What waits to be called is refused, and nobody takes over any more. */
  #endReloads(reason: string): void {
    this.#reloads[Symbol.dispose]();
    if (this.#calls.gate.isClosed) this.#calls.gate.fail(this.#life.ended ?? this.#life.gone(reason));
  }

  /**
   * After a deadline: a plugin that is only slow goes on; one that does nothing any more is ended. A process is
   * killed and may be started again. The thread of a worker goes on for as long as this program does, so the
   * plugin is quarantined: each restart would take another core.
   */
  async #endIfStuck(run: PluginRun, error: unknown): Promise<void> {
    if (this.#side?.run !== run) return;
    const stuck = await whyStuck(run);
    if (stuck === undefined || this.#side?.run !== run || !this.#life.isServing) return;
    if (run.instance.tier === "process") return run.channel.close(stuck);
    this.#giveUp(run, stuck, error);
  }

  /** Its thread cannot be stopped; but its calls end, nobody calls it any more, and the user hears why. */
  #giveUp(run: PluginRun, stuck: string, cause?: unknown): void {
    if (this.#side?.run !== run) return run.channel.close(stuck); // a version that did not take over
    const reason = stuckError(this.name, stuck, cause);
    if (!this.#life.isServing) return run.channel.close(reason); // the phase that it is in fails
    this.#life.go("fail");
    this.quarantine(reason);
    this.#endReloads(stuck);
    run.channel.close(reason);
    const quarantined = { plugin_name: this.name, restarts: 0, error: reason.message };
    this.#options.bus.post("plugin.quarantined", quarantined);
  }

  /** Called once for each run, by its channel, however it came to an end. */
  #onEnd(run: PluginRun, reason: Error): void {
    if (this.#side?.run !== run) return; // one that did not take over, or was let go
    this.#side = undefined;
    this.#life.ended = reason;
    if (OVER.has(this.#life.state)) return;
    const wasServing = this.#life.isServing;
    if (this.#life.state === "active" && this.#reloads.isOnTrial) {
      this.#crashed(reason);
      this.#life.go("reload");
      return this.#reloads.bringBack(reason);
    }
    const isPhase = !wasServing && this.#life.state.endsWith("ing");
    if (wasServing) return this.#failed(reason);
    this.#life.go("fail");
    if (!isPhase) this.#crashed(reason); // a phase rejects, and says so
  }

  #crashed(reason: Error): void {
    this.#options.bus.post("plugin.crashed", { plugin_name: this.name, error: messageOf(reason) });
  }

  /** What served is gone, and nothing takes its place by itself. */
  #failed(reason: Error): void {
    this.#life.ended = reason;
    this.#life.go("fail");
    this.#reloads.giveUp(reason);
    this.#reloads.endTrial(); // what a rollback would bring back stays
    if (this.#calls.gate.isClosed) this.#calls.gate.fail(reason);
    this.#crashed(reason);
    this.#options.onCrash(reason);
  }

  async #unload(reason: string): Promise<void> {
    const { hooks, bus, onUnload, limits: { callMs } } = this.#options;
    if (this.#life.state === "reloading") this.#leaveReload(reason);
    // One that has nothing to do and does not react will not let itself be deactivated either.
    if (this.#life.state === "active" && this.openCalls === 0) await this.#endIfSilent();
    if (this.#life.state === "active") await this.deactivate().catch(() => {}); // told as plugin.deactivation_failed
    await hooks.run("preUnload", this).catch((error) => this.#complain(error));
    // In a phase, or without an instance, there is nobody to say goodbye to.
    if (this.#life.state === "initialized" || this.#life.state === "deactivated") {
      await this.#side?.run.instance.phase("$unload", callMs).catch((error) => this.#complain(error));
    }
    await this.#side?.run.events.settled(); // what it said before it ended is heard
    if (this.#life.state === "unloaded") return; // ended at once meanwhile
    this.#life.go("unload");
    this.#endReloads(reason);
    this.#side?.run.instance.channel.close(reason);
    onUnload();
    await hooks.run("postUnload", this).catch((error) => this.#complain(error));
    await bus.emit("plugin.unloaded", { plugin_name: this.name, reason });
  }

  /** The version that serves ends as if there were no other; what waits to be called is refused. */
  #leaveReload(reason: string): void {
    this.#reloads.giveUp(this.#life.gone(reason));
    if (this.#calls.gate.isClosed) this.#calls.gate.fail(this.#life.gone(reason));
    if (this.#life.state === "reloading") this.#life.go(this.#side ? "resume" : "fail");
  }

  async #endIfSilent(): Promise<void> {
    const run = this.#side?.run;
    if (run && await whyStuck(run) !== undefined) run.channel.close("it does nothing any more");
  }

  #complain(error: unknown): void {
    const record = { message: `While the plugin ${this.name} ended: ${messageOf(error)}`, fields: {} };
    this.#options.bus.post("log.warning", record);
  }

  /** What calls it, or why it cannot be called. */
  #serving(): Side | Error {
    if (this.#life.isServing && this.#side) return this.#side;
    // Why it is gone says more than that it is.
    return this.#life.ended ?? this.#life.notNow("call");
  }
}

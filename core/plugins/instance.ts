/**
 * One run of a plugin's code: a place, a channel to it, and the image that was sent there.
 *
 * It is made once and ends once. A plugin that is started again after a crash gets another one, so nothing
 * of the first can leak into the second.
 *
 * @module
 */
import { after } from "../bus/settle.ts";
import type { PortName } from "../manifest/families.ts";
import { splitEntryPoint } from "../manifest/schema.ts";
import { moduleUrl, type PluginImage } from "../security/image.ts";
import { Channel } from "../wall/channel.ts";
import { KBertError, messageOf } from "../wall/errors.ts";
import { printable } from "../wall/printable.ts";
import type { CallOptions, ChannelOptions } from "../wall/options.ts";
import type { Sandbox, SandboxFactory, SandboxOptions, Tier } from "../wall/sandbox.ts";
import type { WireValue } from "../wall/values.ts";
import { parseDescription, type PluginDescription } from "./description.ts";
import { PORTS } from "./ports.ts";
import type { HeldMemory } from "./memory_watch.ts";
import { parseLosses, parseState, type PluginState } from "./plugin_state.ts";

/** What an instance is made of. */
export interface InstanceOptions {
  readonly image: PluginImage;
  /** What it is called here, which need not be the manifest's name. */
  readonly name: string;
  readonly createSandbox: SandboxFactory;
  /** Where it is to run, with which limits, and who hears what it writes besides frames. */
  readonly sandbox?: Pick<SandboxOptions, "tier" | "memoryMb" | "heapMb" | "log">;
  readonly channel: Pick<
    ChannelOptions,
    "serve" | "onEvents" | "onDropped" | "onListenerError" | "eventsPerSecond"
  >;
  /** Called once, when it has ended, by whomever. */
  readonly onEnd: (reason: Error) => void;
}

/** What is sent to make it a plugin. */
export interface InstanceSetup {
  readonly port: PortName;
  readonly config: Readonly<Record<string, unknown>>;
  readonly seed: number;
  /** Whether it may compute on the graphics card. */
  readonly gpu: boolean;
  readonly timeoutMs: number;
}

/** The phases that a plugin runs on its side, and how an error says that one failed. */
const PHASES = {
  $initialize: "initialized",
  $activate: "activated",
  $deactivate: "deactivated",
  $unload: "unloaded in order",
  $capture: "asked for its state",
  $restore: "given the state of the version before",
} as const;

/** See {@linkcode PluginInstance.phase}. */
export type PhaseMethod = Exclude<keyof typeof PHASES, "$capture" | "$restore">;

/** Owns a sandbox and a channel: disposing of it ends both at once, and rejects what was open. */
export class PluginInstance implements Disposable {
  readonly channel: Channel;
  readonly #image: PluginImage;
  readonly #name: string;
  readonly #sandbox: Sandbox;
  readonly #isReady = Promise.withResolvers<void>();

  constructor({ image, name, createSandbox, sandbox, channel, onEnd }: InstanceOptions) {
    this.#image = image;
    this.#name = name;
    // It may end before anybody waits for it.
    this.#isReady.promise.catch(() => {});
    this.#sandbox = createSandbox({
      ...sandbox,
      name,
      kit: image.kit,
      onFailure: (reason) => this.channel.close(printable(reason)),
    });
    this.channel = new Channel(this.#sandbox.port, {
      ...channel,
      peer: `The plugin ${name}`,
      plugin: name,
      onReady: () => this.#isReady.resolve(),
      onClose: (reason) => {
        this.#sandbox[Symbol.dispose]();
        this.#isReady.reject(reason);
        onEnd(reason);
      },
    });
  }

  get tier(): Tier {
    return this.#sandbox.tier;
  }

  /**
   * Sends the image and waits until the plugin's constructor has run.
   *
   * @throws {KBertError} `call/failed` with the plugin's error, `call/timeout`, `plugin/closed`,
   * `plugin/answer`
   */
  async load({ port, config, seed, gpu, timeoutMs }: InstanceSetup): Promise<PluginDescription> {
    await this.#ready(timeoutMs);
    const { manifest, modules } = this.#image;
    const { file, name: exportName } = splitEntryPoint(manifest.entry_points[port] ?? "");
    const encoder = new TextEncoder();
    const loading = this.channel.call("$load", [{
      port,
      entry: moduleUrl(file),
      exportName,
      moduleUrls: [...modules.keys()],
      moduleSources: [...modules.values()].map((source) => encoder.encode(source)),
      config: config as Record<string, WireValue>,
      seed,
      gpu,
      listens: manifest.events.listens,
      services: manifest.permissions.services,
    }], { timeoutMs });
    const description = await loading.catch((error: unknown) => {
      throw this.#phaseError("loaded", "$load", error);
    });
    return parseDescription(description, this.#name, PORTS[port].methods);
  }

  /**
   * What it remembers, to be given to another version of it.
   *
   * @throws {KBertError} as {@linkcode PluginInstance.phase} does, `call/aborted`, and `plugin/answer` for what is no
   * state
   */
  async capture(timeoutMs: number, signal: AbortSignal): Promise<PluginState> {
    const answer = await this.#call("$capture", [], { timeoutMs, signal });
    return parseState(answer, this.#name);
  }

  /**
   * Goes on from what another version remembered. Its tensors are copied: the caller keeps the state.
   *
   * @returns what begins anew because this version has no place for it
   * @throws {KBertError} as {@linkcode PluginInstance.phase} does, also for the first thing that would begin
   * anew, unless `allowLoss`
   */
  async restore(state: PluginState, allowLoss: boolean, timeoutMs: number): Promise<readonly string[]> {
    const args = [state as unknown as WireValue, allowLoss];
    const answer = await this.#call("$restore", args, { timeoutMs, transfer: [] });
    return parseLosses(answer, this.#name);
  }

  /** Runs a phase of its life on its side. */
  async phase(method: PhaseMethod, timeoutMs: number): Promise<void> {
    await this.#call(method, [], { timeoutMs });
  }

  /**
   * Whether it still does anything: a plugin that loops answers nothing, one that is slow does.
   *
   * @param timeoutMs how long it has to say so
   */
  async isAlive(timeoutMs: number): Promise<boolean> {
    try {
      await this.channel.call("$ping", [], { timeoutMs });
      return true;
    } catch (error) {
      return !(error instanceof KBertError && error.code === "call/timeout");
    }
  }

  /** What it says it holds; undefined if it does not say so in time, or says something else. */
  async holds(timeoutMs: number): Promise<HeldMemory | undefined> {
    const answer = await this.channel.call("$memory", [], { timeoutMs }).catch(() => undefined);
    const { heapMb, memoryMb } = Object(answer) as Partial<HeldMemory>;
    const areNumbers = [heapMb, memoryMb].every((held) => typeof held === "number" && held >= 0);
    return areNumbers ? { heapMb: heapMb!, memoryMb: memoryMb! } : undefined;
  }

  [Symbol.dispose](): void {
    this.channel.close();
  }

  async #call(
    method: keyof typeof PHASES,
    args: readonly WireValue[],
    options: CallOptions,
  ): Promise<WireValue> {
    return await this.channel.call(method, args, options).catch((error: unknown) => {
      throw this.#phaseError(PHASES[method], method, error);
    });
  }

  /** The name of our own call says nothing to whoever wrote or uses the plugin. */
  #phaseError(done: string, method: string, error: unknown): unknown {
    if (!(error instanceof KBertError) || error.code !== "call/failed") return error;
    const message = `The plugin ${this.#name} cannot be ${done}: ${messageOf(error.cause)}`;
    const detail = { plugin: this.#name, method };
    return new KBertError("call/failed", message, detail, { cause: error.cause });
  }

  async #ready(timeoutMs: number): Promise<void> {
    const timer = after(timeoutMs, () => this.channel.close(`it did not start within ${timeoutMs} ms`));
    try {
      await this.#isReady.promise;
    } finally {
      clearTimeout(timer);
    }
  }
}

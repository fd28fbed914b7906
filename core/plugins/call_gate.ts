/**
 * Where calls wait while a plugin is exchanged for another version of itself.
 *
 * They pass in the order in which they came, and before any call that comes after the gate has opened. Waiting
 * is part of a call: its deadline and its signal hold here, too, and as many may wait as may be open.
 *
 * @module
 */
import { after } from "../bus/settle.ts";
import { KBertError } from "../wall/errors.ts";
import { type CallOptions, DEFAULT_CALL_TIMEOUT_MS } from "../wall/options.ts";

/** Makes a call, with what is left of its time. Called at most once. */
export type Pass<T> = (options: CallOptions) => Promise<T>;

interface Waiting {
  readonly pass: () => void;
  readonly refuse: (reason: Error) => void;
}

/**
 * One for each plugin. Whoever closes it opens it again, or says why it never will.
 *
 * @example
 * ```ts
 * import { CallGate } from "./call_gate.ts";
 * import { assertEquals } from "../deps/assert.ts";
 *
 * const gate = new CallGate("sample", () => 200);
 * gate.close();
 * const calls: string[] = [];
 * const first = gate.enter("greet", {}, () => Promise.resolve(calls.push("first")));
 * const second = gate.enter("greet", {}, () => Promise.resolve(calls.push("second")));
 * assertEquals([gate.waiting, calls], [2, []]);
 * gate.open();
 * assertEquals([await first, await second, calls], [1, 2, ["first", "second"]]);
 * ```
 */
export class CallGate {
  readonly #plugin: string;
  readonly #most: () => number;
  /** In the order in which they came; undefined while it is open. */
  #queue: Set<Waiting> | undefined;
  #held = 0;

  /** @param most calls that may wait at once */
  constructor(plugin: string, most: () => number) {
    this.#plugin = plugin;
    this.#most = most;
  }

  get isClosed(): boolean {
    return this.#queue !== undefined;
  }

  /** Calls that wait now. */
  get waiting(): number {
    return this.#queue?.size ?? 0;
  }

  /** Calls that waited since it was closed last, whatever came of them. */
  get held(): number {
    return this.#held;
  }

  /** Twice is harmless. */
  close(): void {
    if (this.#queue) return;
    this.#queue = new Set();
    this.#held = 0;
  }

  /** Lets those that wait pass, and all that come after them. */
  open(): void {
    const queue = this.#queue ?? [];
    this.#queue = undefined;
    for (const { pass } of queue) pass();
  }

  /** Opens it; those that wait are refused. */
  fail(reason: Error): void {
    const queue = this.#queue ?? [];
    this.#queue = undefined;
    for (const { refuse } of queue) refuse(reason);
  }

  /**
   * Waits until the gate opens, and then makes the call, before anybody else gets a turn.
   *
   * @throws {KBertError} `call/timeout`, `call/aborted`, `plugin/limit` if too many wait, the reason of
   * {@linkcode CallGate.fail}, and what `pass` throws; all as rejections
   */
  enter<T>(method: string, options: CallOptions, pass: Pass<T>): Promise<T> {
    const queue = this.#queue;
    if (queue === undefined) return pass(options);
    const { timeoutMs = DEFAULT_CALL_TIMEOUT_MS, signal } = options;
    if (!(timeoutMs >= 0)) return pass(options); // is refused there
    if (queue.size >= this.#most()) return Promise.reject(this.#full());
    if (signal?.aborted) return Promise.reject(this.#aborted(method, signal.reason));
    this.#held++;
    const began = performance.now();
    return new Promise((resolve, reject) => {
      const leave = (): void => {
        queue.delete(waiting);
        clearTimeout(timer);
        signal?.removeEventListener("abort", onAbort);
      };
      const refuse = (reason: Error): void => {
        leave();
        reject(reason);
      };
      const onAbort = (): void => refuse(this.#aborted(method, signal?.reason));
      const timer = after(timeoutMs, () => refuse(this.#late(method, timeoutMs)));
      const waiting: Waiting = {
        refuse,
        pass: () => {
          leave();
          resolve(pass({ ...options, timeoutMs: Math.max(0, timeoutMs - (performance.now() - began)) }));
        },
      };
      signal?.addEventListener("abort", onAbort, { once: true });
      queue.add(waiting);
    });
  }

  #late(method: string, timeoutMs: number): KBertError<"call/timeout"> {
    const message = `The plugin ${this.#plugin} did not answer ${method}() within ${timeoutMs} ms: ` +
      "it was being reloaded, and the call waited for that";
    return new KBertError("call/timeout", message, { plugin: this.#plugin, method, timeoutMs });
  }

  #aborted(method: string, cause: unknown): KBertError<"call/aborted"> {
    const message = `The call of ${method}() of the plugin ${this.#plugin} was given up`;
    return new KBertError("call/aborted", message, { plugin: this.#plugin, method }, { cause });
  }

  #full(): KBertError<"plugin/limit"> {
    const [most, value] = [this.#most(), this.waiting];
    const message =
      `The plugin ${this.#plugin} is being reloaded, and ${value} calls wait for that already; ` +
      "wait for some of them, or load it with a higher limits.openCalls";
    return new KBertError("plugin/limit", message, { plugin: this.#plugin, limit: "openCalls", most, value });
  }
}

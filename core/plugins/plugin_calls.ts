/**
 * The calls of a plugin, whichever version of it serves: they wait while one takes over from another, and go to
 * both while two are compared.
 *
 * @module
 */
import { KBertError } from "../wall/errors.ts";
import type { CallOptions } from "../wall/options.ts";
import type { WireValue } from "../wall/values.ts";
import { CallGate } from "./call_gate.ts";
import type { PluginRun } from "./run.ts";
import type { ShadowRun } from "./shadow.ts";
import type { Side } from "./side.ts";

/** What calls are made of. */
export interface PluginCallsOptions {
  readonly name: string;
  /** Calls that may wait at once. */
  readonly openCalls: () => number;
  /** How long a call may take whose caller says nothing else. */
  readonly callMs: () => number;
  /** What serves now, or why nothing does. */
  readonly serving: () => Side | Error;
  /** A call to this run missed its deadline. */
  readonly onTimeout: (run: PluginRun, error: KBertError) => void;
}

/** See the module's text. */
export class PluginCalls {
  readonly gate: CallGate;
  readonly #options: PluginCallsOptions;
  #shadow: ShadowRun | undefined;

  constructor(options: PluginCallsOptions) {
    this.#options = options;
    this.gate = new CallGate(options.name, options.openCalls);
  }

  /** Calls and streams that wait for an answer, or for a version to take over. */
  get open(): number {
    const serving = this.#options.serving();
    return (serving instanceof Error ? 0 : serving.caller.openCalls) + this.gate.waiting;
  }

  /** See `Plugin.call`. */
  call(method: string, args: readonly WireValue[], options?: CallOptions): Promise<WireValue> {
    if (!this.gate.isClosed) return this.#callNow(method, args, options);
    return this.gate.enter(method, this.#limited(options), (left) => this.#callNow(method, args, left));
  }

  /** See `Plugin.stream`. */
  async *stream(
    method: string,
    args: readonly WireValue[],
    options?: CallOptions,
  ): AsyncGenerator<WireValue, void, void> {
    const open = (): Promise<OpenStream> => this.#openNow(method, args, options);
    const limited = this.#limited(options);
    const { run, stream, first } = this.gate.isClosed
      ? await this.gate.enter(method, limited, open)
      : await open();
    try {
      for (let item = await first; !item.done; item = await stream.next()) yield item.value;
    } catch (error) {
      this.#heed(run, error);
      throw error;
    } finally {
      await stream.return();
    }
  }

  /** Makes each call of this one, too, until the result is disposed of. */
  shadow(run: ShadowRun): Disposable {
    this.#shadow = run;
    return { [Symbol.dispose]: () => void (this.#shadow = undefined) };
  }

  #callNow(method: string, args: readonly WireValue[], options?: CallOptions): Promise<WireValue> {
    const serving = this.#options.serving();
    if (serving instanceof Error) return Promise.reject(serving);
    const { run, caller } = serving;
    const call = (): Promise<WireValue> => caller.call(method, args, options);
    const answer = this.#shadow?.call(method, args, options ?? {}, call) ?? call();
    answer.catch((error) => this.#heed(run, error));
    return answer;
  }

  /** Asks for the first item at once, so that what is called after this comes after it. */
  #openNow(method: string, args: readonly WireValue[], options?: CallOptions): Promise<OpenStream> {
    const serving = this.#options.serving();
    if (serving instanceof Error) return Promise.reject(serving);
    const { run, caller } = serving;
    const stream = caller.stream(method, args, options);
    const first = stream.next();
    first.catch(() => {}); // whoever reads it hears of it
    return Promise.resolve({ run, stream, first });
  }

  #heed(run: PluginRun, error: unknown): void {
    if (error instanceof KBertError && error.code === "call/timeout") this.#options.onTimeout(run, error);
  }

  /** A call that waits has no caller yet who would know the usual deadline. */
  #limited(options: CallOptions = {}): CallOptions {
    return { timeoutMs: this.#options.callMs(), ...options };
  }
}

interface OpenStream {
  readonly run: PluginRun;
  readonly stream: AsyncGenerator<WireValue, void, void>;
  readonly first: Promise<IteratorResult<WireValue, void>>;
}

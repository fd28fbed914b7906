/**
 * Calls over a port of frames: every call that is opened ends, in an answer, an error, a cancel, a
 * deadline, or the end of the other side.
 *
 * The class is the same on both sides of the wall. What arrives is checked by size, then by schema, then
 * by whether it was asked for: an answer to a call that is not open is dropped. A frame that breaks the
 * protocol closes the channel, because whoever sends one is broken or hostile, and either way done.
 *
 * @module
 */
import { KBertError, messageOf } from "./errors.ts";
import { PluginError, toFailure } from "./failure.ts";
import { checkFrame, type FramePort } from "./frame.ts";
import { type Message, parseMessage } from "./protocol.ts";
import { decodeValue, encodeValue, type WireValue } from "./values.ts";

/** What a channel does with what the other side asks. All are optional: what is not served is refused. */
export interface ChannelOptions {
  /** Who is on the other side, for errors. */
  readonly peer: string;
  /** Answers a call of the other side. The signal aborts when it cancels. */
  readonly serve?: (method: string, args: readonly WireValue[], signal: AbortSignal) => Promise<WireValue>;
  /** The other side is loaded. */
  readonly onReady?: () => void;
  readonly onEvent?: (topic: string, payload: WireValue) => void;
  readonly onLog?: (level: "debug" | "info" | "warn" | "error", text: string) => void;
  /** The channel closed; `reason` is why. Called once. */
  readonly onClose?: (reason: Error) => void;
}

/** How one call is made. */
export interface CallOptions {
  /** Milliseconds until the call is given up and cancelled on the other side. @default {30_000} */
  timeoutMs?: number;
  /** Gives the call up and cancels it on the other side. */
  signal?: AbortSignal;
}

/** See {@linkcode CallOptions.timeoutMs}. */
export const DEFAULT_CALL_TIMEOUT_MS = 30_000;

interface OpenCall {
  readonly method: string;
  readonly settle: (outcome: { value: WireValue } | { error: Error }) => void;
}

/** One end of the wall. Owns its port: closing the one closes the other. */
export class Channel implements Disposable {
  readonly #port: FramePort;
  readonly #options: ChannelOptions;
  readonly #open = new Map<number, OpenCall>();
  readonly #serving = new Map<number, AbortController>();
  #lastId = 0;
  #closed: Error | undefined;

  constructor(port: FramePort, options: ChannelOptions) {
    this.#port = port;
    this.#options = options;
    port.onframe = (data) => this.#receive(data);
  }

  /** Calls that wait for the other side, for leak checks. */
  get openCalls(): number {
    return this.#open.size;
  }

  /**
   * Calls a method of the other side. The buffers of tensors in `args` are moved and become empty here.
   *
   * @throws {KBertError} `call/timeout`, `call/aborted`, `call/failed` (its `cause` is the other side's
   * error) or `plugin/closed`.
   */
  call(method: string, args: readonly WireValue[], options: CallOptions = {}): Promise<WireValue> {
    const { timeoutMs = DEFAULT_CALL_TIMEOUT_MS, signal } = options;
    const plugin = this.#options.peer;
    return new Promise((resolve, reject) => {
      if (this.#closed) return reject(this.#closed);
      if (signal?.aborted) return reject(aborted(plugin, method, signal.reason));
      const id = ++this.#lastId;
      // Encoded before the call is open: a value that cannot cross leaves nothing behind.
      const buffers: ArrayBuffer[] = [];
      const encoded = encodeValue(args, buffers);

      const giveUp = (error: Error): void => {
        settle({ error });
        this.#send({ kind: "cancel", id });
      };
      const onAbort = (): void => giveUp(aborted(plugin, method, signal?.reason));
      const timer = setTimeout(() => giveUp(timedOut(plugin, method, timeoutMs)), timeoutMs);
      signal?.addEventListener("abort", onAbort, { once: true });
      const settle: OpenCall["settle"] = (outcome) => {
        clearTimeout(timer);
        signal?.removeEventListener("abort", onAbort);
        this.#open.delete(id);
        if ("error" in outcome) reject(outcome.error);
        else resolve(outcome.value);
      };
      this.#open.set(id, { method, settle });
      this.#send({ kind: "call", id, method, args: encoded }, buffers);
    });
  }

  /** Tells the other side that this one is loaded and listens. */
  ready(): void {
    this.#send({ kind: "ready" });
  }

  /** Sends the events of one turn. */
  events(events: readonly { topic: string; payload: WireValue }[]): void {
    const buffers: ArrayBuffer[] = [];
    const encoded = events.map(({ topic, payload }) => ({ topic, payload: encodeValue(payload, buffers) }));
    this.#send({ kind: "events", events: encoded }, buffers);
  }

  /** Sends a line for the log. */
  log(level: "debug" | "info" | "warn" | "error", text: string): void {
    this.#send({ kind: "log", level, text: text.slice(0, 8_192) });
  }

  /** Closes the port and rejects every open call with `plugin/closed`. Twice is harmless. */
  close(reason: string | Error = "it was stopped"): void {
    if (this.#closed) return;
    const plugin = this.#options.peer;
    const text = messageOf(reason);
    this.#closed = reason instanceof KBertError
      ? reason
      : new KBertError("plugin/closed", `${plugin} cannot be called because ${text}`, {
        plugin,
        reason: text,
      });
    this.#port.close();
    for (const { settle } of [...this.#open.values()]) settle({ error: this.#closed });
    for (const controller of this.#serving.values()) controller.abort(this.#closed);
    this.#serving.clear();
    this.#options.onClose?.(this.#closed);
  }

  [Symbol.dispose](): void {
    this.close();
  }

  #send(message: Message, buffers: ArrayBuffer[] = []): void {
    if (!this.#closed) this.#port.send({ head: JSON.stringify(message), buffers });
  }

  #receive(data: unknown): void {
    if (this.#closed) return;
    try {
      const { head, buffers } = checkFrame(data, this.#options.peer);
      this.#handle(parseMessage(head, this.#options.peer), buffers);
    } catch (error) {
      this.close(error instanceof Error ? error : new Error(messageOf(error)));
    }
  }

  #handle(message: Message, buffers: readonly ArrayBuffer[]): void {
    switch (message.kind) {
      case "ready":
        return this.#options.onReady?.();
      case "call":
        return void this.#serve(message.id, message.method, decodeValue(message.args, buffers));
      case "cancel":
        return this.#serving.get(message.id)?.abort(new Error("The call was given up"));
      case "return":
        return this.#open.get(message.id)?.settle({ value: decodeValue(message.value, buffers) });
      case "throw": {
        const call = this.#open.get(message.id);
        return call?.settle({ error: this.#failed(call.method, new PluginError(message.failure)) });
      }
      case "events":
        for (const { topic, payload } of message.events) {
          this.#options.onEvent?.(topic, decodeValue(payload, buffers));
        }
        return;
      case "log":
        return this.#options.onLog?.(message.level, message.text);
      default:
        message satisfies never; // a new kind does not compile until it is handled here
    }
  }

  async #serve(id: number, method: string, args: WireValue): Promise<void> {
    const controller = new AbortController();
    this.#serving.set(id, controller);
    const buffers: ArrayBuffer[] = [];
    let answer: Message;
    try {
      if (!this.#options.serve) throw new Error("Nothing is served here");
      const value = await this.#options.serve(method, Array.isArray(args) ? args : [], controller.signal);
      answer = { kind: "return", id, value: encodeValue(value, buffers) };
    } catch (thrown) {
      answer = { kind: "throw", id, failure: toFailure(thrown) };
    }
    // A cancelled call is over on the other side: nobody waits for its answer.
    if (this.#serving.delete(id) && !controller.signal.aborted) this.#send(answer, buffers);
  }

  #failed(method: string, cause: PluginError): KBertError<"call/failed"> {
    const plugin = this.#options.peer;
    const message = `${plugin} failed in ${method}(): ${cause.message}`;
    return new KBertError("call/failed", message, { plugin, method }, { cause });
  }
}

function timedOut(plugin: string, method: string, timeoutMs: number): KBertError {
  const message = `${plugin} did not answer ${method}() within ${timeoutMs} ms`;
  return new KBertError("call/timeout", message, { plugin, method, timeoutMs });
}

function aborted(plugin: string, method: string, cause: unknown): KBertError {
  return new KBertError("call/aborted", `The call of ${method}() of ${plugin} was given up`, {
    plugin,
    method,
  }, { cause });
}

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
import { MAX_EVENTS, MAX_NAME, type Message, parseMessage } from "./protocol.ts";
import { decodeValue, encodeValue, type WireValue } from "./values.ts";

/** What a channel does with what the other side asks. All are optional: what is not served is refused. */
export interface ChannelOptions {
  /** Who is on the other side, as errors call it. */
  readonly peer: string;
  /** Its name, for `detail` of errors. @default {peer} */
  readonly plugin?: string;
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

/** The longest time that a timer can wait; beyond it, Deno's fires at once. */
const MAX_TIMEOUT_MS = 2 ** 31 - 1;
/** Calls of the other side that are served at once: every one that is open holds its arguments. */
const MAX_SERVED = 256;

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
   * error), `plugin/closed`, or `wall/frame` if the arguments cannot cross or the other side broke the
   * protocol.
   */
  call(method: string, args: readonly WireValue[], options: CallOptions = {}): Promise<WireValue> {
    const { timeoutMs = DEFAULT_CALL_TIMEOUT_MS, signal } = options;
    return new Promise((resolve, reject) => {
      if (this.#closed) return reject(this.#closed);
      if (signal?.aborted) return reject(this.#aborted(method, signal.reason));
      if (!(timeoutMs >= 0)) throw new RangeError(`A call cannot wait for ${timeoutMs} ms`);
      const id = ++this.#lastId;
      // Encoded before the call is open: a value that cannot cross leaves nothing behind.
      const buffers: ArrayBuffer[] = [];
      const encoded = args.map((value) => encodeValue(value, buffers));

      const giveUp = (error: Error): void => {
        settle({ error });
        this.#trySend({ kind: "cancel", id });
      };
      const onAbort = (): void => giveUp(this.#aborted(method, signal?.reason));
      const onTimeout = (): void => giveUp(this.#timedOut(method, timeoutMs));
      const timer = setTimeout(onTimeout, Math.min(timeoutMs, MAX_TIMEOUT_MS));
      signal?.addEventListener("abort", onAbort, { once: true });
      const settle: OpenCall["settle"] = (outcome) => {
        clearTimeout(timer);
        signal?.removeEventListener("abort", onAbort);
        this.#open.delete(id);
        if ("error" in outcome) reject(outcome.error);
        else resolve(outcome.value);
      };
      this.#open.set(id, { method, settle });
      const unsent = this.#trySend({ kind: "call", id, method, args: encoded }, buffers);
      if (unsent) settle({ error: unsent });
    });
  }

  /** Tells the other side that this one is loaded and listens. */
  ready(): void {
    this.#send({ kind: "ready" });
  }

  /**
   * Sends the events of one turn, all or none of them.
   *
   * @throws {KBertError} `wall/frame` if a payload cannot cross or there is more than a frame holds.
   */
  events(events: readonly { topic: string; payload: WireValue }[]): void {
    if (events.length > MAX_EVENTS) throw this.#frameError(`send ${events.length} events at once`);
    const buffers: ArrayBuffer[] = [];
    const encoded = events.map(({ topic, payload }) => {
      if (topic.length < 1 || topic.length > MAX_NAME) {
        throw this.#frameError(
          `send an event whose topic has ${topic.length} characters instead of 1 to ${MAX_NAME}`,
        );
      }
      return { topic, payload: encodeValue(payload, buffers) };
    });
    this.#send({ kind: "events", events: encoded }, buffers);
  }

  /** Tells the other side that this one is of no use any more, and why. */
  fail(error: unknown): void {
    this.#trySend({ kind: "failed", failure: toFailure(error) });
  }

  /** Sends a line for the log. */
  log(level: "debug" | "info" | "warn" | "error", text: string): void {
    this.#send({ kind: "log", level, text: text.slice(0, 8_192) });
  }

  /** Closes the port and rejects every open call with `plugin/closed`. Twice is harmless. */
  close(reason: string | Error = "it was stopped"): void {
    if (this.#closed) return;
    const closed = reason instanceof KBertError ? reason : this.#gone(messageOf(reason));
    this.#closed = closed;
    this.#port.close();
    for (const { settle } of [...this.#open.values()]) settle({ error: closed });
    for (const controller of this.#serving.values()) controller.abort(closed);
    this.#serving.clear();
    this.#tell(() => this.#options.onClose?.(closed));
  }

  [Symbol.dispose](): void {
    this.close();
  }

  /** @throws {KBertError} `wall/frame`: what the other side would refuse is not sent. */
  #send(message: Message, buffers: readonly ArrayBuffer[] = []): void {
    if (this.#closed) return;
    try {
      this.#port.send(checkFrame({ head: JSON.stringify(message), buffers }, "This side"));
    } catch (cause) {
      throw this.#frameError(`send a ${message.kind}: ${messageOf(cause)}`, cause);
    }
  }

  /** Answers the error instead of throwing it. */
  #trySend(message: Message, buffers?: readonly ArrayBuffer[]): Error | undefined {
    try {
      this.#send(message, buffers);
      return undefined;
    } catch (error) {
      return error as Error;
    }
  }

  /** Calls a listener. One that throws must not end what it listens to, so its error goes to the log. */
  #tell(listener: () => void): void {
    try {
      listener();
    } catch (error) {
      try {
        this.#options.onLog?.("error", `A listener failed: ${messageOf(error)}`);
      } catch {
        // The log's own listener failed: there is nobody left to tell.
      }
    }
  }

  /** Called by the port; nothing of what happens here may reach the event loop as an error. */
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
        return this.#tell(() => this.#options.onReady?.());
      case "call":
        return this.#handleCall(message.id, message.method, message.args, buffers);
      case "cancel":
        return this.#serving.get(message.id)?.abort(new Error("The call was given up"));
      case "return":
        return this.#open.get(message.id)?.settle({ value: decodeValue(message.value, buffers) });
      case "throw": {
        const call = this.#open.get(message.id);
        return call?.settle({ error: this.#failed(call.method, new PluginError(message.failure)) });
      }
      case "failed": {
        const cause = new PluginError(message.failure);
        return this.close(this.#gone(`of an error that nobody caught: ${cause.message}`, cause));
      }
      case "events": {
        const events = message.events.map(({ topic, payload }) => ({
          topic,
          payload: decodeValue(payload, buffers),
        }));
        for (const { topic, payload } of events) {
          this.#tell(() => this.#options.onEvent?.(topic, payload));
        }
        return;
      }
      case "log":
        return this.#tell(() => this.#options.onLog?.(message.level, message.text));
      default:
        message satisfies never; // a new kind does not compile until it is handled here
    }
  }

  #handleCall(id: number, method: string, args: readonly unknown[], buffers: readonly ArrayBuffer[]): void {
    const { serve } = this.#options;
    // Refused without a stack and a promise: it may be one of a million.
    if (!serve) {
      const failure = { name: "Error", message: "Nothing is served here" };
      return void this.#trySend({ kind: "throw", id, failure });
    }
    if (this.#serving.has(id)) throw this.#frameError(`serve two calls with the number ${id}`);
    if (this.#serving.size >= MAX_SERVED) {
      throw this.#frameError(`serve more than ${MAX_SERVED} calls at once`);
    }
    const values = decodeValue(args, buffers) as WireValue[];
    void this.#serve(id, (signal) => serve(method, values, signal));
  }

  /** Never rejects: whatever goes wrong becomes the answer. */
  async #serve(id: number, run: (signal: AbortSignal) => Promise<WireValue>): Promise<void> {
    const controller = new AbortController();
    this.#serving.set(id, controller);
    let problem: unknown;
    try {
      const value = await run(controller.signal);
      // A cancelled call is over on the other side: nobody waits for its answer.
      if (!this.#serving.delete(id) || controller.signal.aborted) return;
      const buffers: ArrayBuffer[] = [];
      return this.#send({ kind: "return", id, value: encodeValue(value, buffers) }, buffers);
    } catch (thrown) {
      problem = thrown;
    }
    this.#serving.delete(id);
    if (!controller.signal.aborted) this.#trySend({ kind: "throw", id, failure: toFailure(problem) });
  }

  get #plugin(): string {
    return this.#options.plugin ?? this.#options.peer;
  }

  #gone(reason: string, cause?: unknown): KBertError<"plugin/closed"> {
    const message = `${this.#options.peer} cannot be called because ${reason}`;
    return new KBertError("plugin/closed", message, { plugin: this.#plugin, reason }, { cause });
  }

  #failed(method: string, cause: PluginError): KBertError<"call/failed"> {
    const message = `${this.#options.peer} failed in ${method}(): ${cause.message}`;
    return new KBertError("call/failed", message, { plugin: this.#plugin, method }, { cause });
  }

  #timedOut(method: string, timeoutMs: number): KBertError<"call/timeout"> {
    const message = `${this.#options.peer} did not answer ${method}() within ${timeoutMs} ms`;
    return new KBertError("call/timeout", message, { plugin: this.#plugin, method, timeoutMs });
  }

  #aborted(method: string, cause: unknown): KBertError<"call/aborted"> {
    const message = `The call of ${method}() of ${this.#options.peer} was given up`;
    return new KBertError("call/aborted", message, { plugin: this.#plugin, method }, { cause });
  }

  #frameError(what: string, cause?: unknown): KBertError<"wall/frame"> {
    const message = `Cannot ${what} (${this.#options.peer})`;
    return new KBertError("wall/frame", message, { plugin: this.#plugin }, { cause });
  }
}

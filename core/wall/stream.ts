/**
 * The streams that this side reads: one item is asked for at a time, so there is never more than one that
 * nobody wanted yet.
 *
 * A stream is opened by its first next(), and ends like a call does. Leaving a `for await` cancels it, and
 * the generator's `finally` runs on the other side. One that is neither read to its end nor left stays open
 * until the channel closes.
 *
 * @module
 */
import { encodeArguments } from "./calls.ts";
import type { Deadlines, Waiting } from "./deadlines.ts";
import { PluginError } from "./failure.ts";
import { closed, opened } from "./ledger.ts";
import { type CallOptions, DEFAULT_CALL_TIMEOUT_MS, type WireStream } from "./options.ts";
import type { Failure } from "./protocol.ts";
import { decodeValue, type WireValue } from "./values.ts";
import type { Asked, Wire } from "./wire.ts";

type Result = IteratorResult<WireValue, undefined>;

/** Open streams by their numbers. Owned by a channel, which closes it. */
export class OpenStreams {
  readonly #open = new Map<number, RemoteStream>();
  readonly #wire: Wire;
  readonly #deadlines: Deadlines;

  constructor(wire: Wire, deadlines: Deadlines) {
    this.#wire = wire;
    this.#deadlines = deadlines;
  }

  get size(): number {
    return this.#open.size;
  }

  has(id: number): boolean {
    return this.#open.has(id);
  }

  /** @throws {RangeError} for a time that is none */
  create(
    method: string,
    args: readonly WireValue[],
    options: CallOptions,
    caller: (...args: never[]) => unknown,
  ): WireStream {
    const { timeoutMs = DEFAULT_CALL_TIMEOUT_MS } = options;
    if (!(timeoutMs >= 0)) throw new RangeError(`An item cannot be waited for ${timeoutMs} ms`);
    const asked: Asked = {};
    Error.captureStackTrace(asked, caller);
    const request = { ...options, timeoutMs, method, args, asked };
    return new RemoteStream(this.#wire, this.#deadlines, this.#open, request);
  }

  /** @throws {KBertError} `wall/frame` for an item that was not pulled, or is none */
  item(id: number, value: unknown, buffers: readonly ArrayBuffer[]): void {
    this.#open.get(id)?.receive(value, buffers);
  }

  end(id: number): void {
    this.#open.get(id)?.finish();
  }

  threw(id: number, failure: Failure): void {
    this.#open.get(id)?.fail(failure);
  }

  /** Ends all here and there. */
  giveUp(reason: Error): void {
    for (const stream of [...this.#open.values()]) stream.giveUp(reason);
  }

  close(reason: Error): void {
    for (const stream of [...this.#open.values()]) stream.finish(reason);
  }
}

interface StreamRequest extends CallOptions {
  readonly timeoutMs: number;
  readonly method: string;
  readonly args: readonly WireValue[];
  readonly asked: Asked;
}

class RemoteStream implements WireStream, Waiting {
  deadline = Infinity;
  readonly #wire: Wire;
  readonly #deadlines: Deadlines;
  readonly #open: Map<number, RemoteStream>;
  readonly #request: StreamRequest;
  /** Calls of next() that wait for their item; the first one's is pulled. */
  readonly #waiting: PromiseWithResolvers<Result>[] = [];
  #state: "new" | "open" | "over" = "new";
  #id = 0;
  /** Why it ended while nobody waited: for the next one who asks. */
  #problem: Error | undefined;

  constructor(wire: Wire, deadlines: Deadlines, open: Map<number, RemoteStream>, request: StreamRequest) {
    this.#wire = wire;
    this.#deadlines = deadlines;
    this.#open = open;
    this.#request = request;
  }

  next(): Promise<Result> {
    if (this.#state === "new") this.#start();
    if (this.#state === "over") {
      const problem = this.#problem;
      this.#problem = undefined;
      return problem ? Promise.reject(problem) : Promise.resolve(OVER);
    }
    const waiting = Promise.withResolvers<Result>();
    if (this.#waiting.push(waiting) === 1) this.#pull();
    return waiting.promise;
  }

  return(): Promise<Result> {
    this.giveUp();
    return Promise.resolve(OVER);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.return();
  }

  [Symbol.asyncIterator](): WireStream {
    return this;
  }

  /** Called by the deadline of an item. */
  expire(): void {
    const { method, timeoutMs, asked } = this.#request;
    this.giveUp(this.#wire.timedOut(method, timeoutMs, asked));
  }

  receive(value: unknown, buffers: readonly ArrayBuffer[]): void {
    if (this.#waiting.length === 0) throw this.#wire.frameError("take an item that nobody asked for");
    const decoded = decodeValue(value, buffers);
    this.#deadlines.delete(this);
    this.#waiting.shift()?.resolve({ done: false, value: decoded });
    if (this.#waiting.length > 0) this.#pull();
  }

  fail(failure: Failure): void {
    const { method, asked } = this.#request;
    this.finish(this.#wire.failed(method, new PluginError(failure), asked));
  }

  /** Ends it here. An error is for the one who waits, or for the next; all others are at the end. */
  finish(error?: Error): void {
    if (this.#state === "open") {
      this.#open.delete(this.#id);
      this.#deadlines.delete(this);
      this.#request.signal?.removeEventListener("abort", this.#onAbort);
      closed("streams");
    }
    this.#state = "over";
    this.#problem = error;
    for (const waiting of this.#waiting.splice(0)) {
      if (this.#problem) waiting.reject(this.#problem);
      else waiting.resolve(OVER);
      this.#problem = undefined;
    }
  }

  /** Ends it here and there. */
  giveUp(error?: Error): void {
    const wasOpen = this.#state === "open";
    if (this.#state !== "over") this.finish(error);
    else this.#problem = undefined;
    if (wasOpen) this.#wire.trySend({ kind: "cancel", id: this.#id });
  }

  readonly #onAbort = (): void => {
    this.giveUp(this.#wire.aborted(this.#request.method, this.#request.signal?.reason));
  };

  #start(): void {
    const { method, args, signal, transfer } = this.#request;
    if (this.#wire.closed) return this.finish(this.#wire.closed);
    if (signal?.aborted) return this.finish(this.#wire.aborted(method, signal.reason));
    try {
      const buffers: ArrayBuffer[] = [];
      const encoded = encodeArguments(args, buffers, transfer);
      this.#id = this.#wire.nextId();
      this.#wire.send({ kind: "call", id: this.#id, method, args: encoded, stream: true }, buffers);
    } catch (error) {
      return this.finish(error as Error);
    }
    this.#state = "open";
    this.#open.set(this.#id, this);
    signal?.addEventListener("abort", this.#onAbort, { once: true });
    opened("streams");
  }

  #pull(): void {
    this.#deadlines.add(this, this.#request.timeoutMs);
    const unsent = this.#wire.trySend({ kind: "pull", id: this.#id });
    if (unsent) this.giveUp(unsent);
  }
}

const OVER: Result = Object.freeze({ done: true, value: undefined });

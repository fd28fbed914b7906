/**
 * The calls that this side made: each ends in an answer, an error, its deadline, its signal, or the end of
 * the channel, whichever comes first. Later ones find nothing to end and are dropped.
 *
 * @module
 */
import type { Deadlines, Waiting } from "./deadlines.ts";
import { PluginError } from "./failure.ts";
import { closed, opened } from "./ledger.ts";
import { type CallOptions, DEFAULT_CALL_TIMEOUT_MS } from "./options.ts";
import type { Failure } from "./protocol.ts";
import { decodeValue, encodeValue, type WireValue } from "./values.ts";
import type { Asked, Wire } from "./wire.ts";

/** Open calls by their numbers. Owned by a channel, which closes it. */
export class OpenCalls {
  readonly #open = new Map<number, OpenCall>();
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

  /**
   * Makes a call. Whoever catches what it throws sees the frames above `caller`.
   *
   * @throws {RangeError} for a time that is none
   */
  open(
    method: string,
    args: readonly WireValue[],
    options: CallOptions,
    caller: (...args: never[]) => unknown,
  ): Promise<WireValue> {
    const wire = this.#wire;
    const { timeoutMs = DEFAULT_CALL_TIMEOUT_MS, signal, transfer } = options;
    return new Promise((resolve, reject) => {
      if (wire.closed) return reject(wire.closed);
      if (signal?.aborted) return reject(wire.aborted(method, signal.reason));
      if (!(timeoutMs >= 0)) throw new RangeError(`A call cannot wait for ${timeoutMs} ms`);
      // Encoded before the call is open: a value that cannot cross leaves nothing behind.
      const buffers: ArrayBuffer[] = [];
      const encoded = encodeArguments(args, buffers, transfer);
      const id = wire.nextId();

      const giveUp = (error: Error): void => {
        this.#settle(id)?.reject(error);
        wire.trySend({ kind: "cancel", id });
      };
      const call = new OpenCall(method, resolve, reject);
      call.expire = () => giveUp(wire.timedOut(method, timeoutMs, call));
      Error.captureStackTrace(call, caller);
      if (signal) {
        const onAbort = (): void => giveUp(wire.aborted(method, signal.reason));
        signal.addEventListener("abort", onAbort, { once: true });
        call.release = () => signal.removeEventListener("abort", onAbort);
      }
      this.#open.set(id, call);
      opened("calls");
      this.#deadlines.add(call, timeoutMs);
      const unsent = wire.trySend({ kind: "call", id, method, args: encoded }, buffers);
      if (unsent) this.#settle(id)?.reject(unsent);
    });
  }

  /** @throws {KBertError} `wall/frame` if the value is none; the call is still open then. */
  returned(id: number, value: unknown, buffers: readonly ArrayBuffer[]): void {
    // What nobody waits for is not even decoded.
    if (!this.#open.has(id)) return;
    const decoded = decodeValue(value, buffers);
    this.#settle(id)?.resolve(decoded);
  }

  threw(id: number, failure: Failure): void {
    const call = this.#settle(id);
    call?.reject(this.#wire.failed(call.method, new PluginError(failure), call));
  }

  /** Ends those of the plugin's methods here and there; the phases of its life (`$…`) go on. */
  giveUp(reason: Error): void {
    for (const [id, { method }] of [...this.#open]) {
      if (method.startsWith("$")) continue;
      this.#settle(id)?.reject(reason);
      this.#wire.trySend({ kind: "cancel", id });
    }
  }

  /** Ends all. */
  close(reason: Error): void {
    for (const id of [...this.#open.keys()]) this.#settle(id)?.reject(reason);
  }

  /** Takes a call from the list: from here on it is the caller's to end it. */
  #settle(id: number): OpenCall | undefined {
    const call = this.#open.get(id);
    if (call === undefined) return undefined;
    this.#open.delete(id);
    this.#deadlines.delete(call);
    call.release();
    closed("calls");
    return call;
  }
}

/** @throws {KBertError} `wall/frame` for what cannot cross */
export function encodeArguments(
  args: readonly WireValue[],
  buffers: ArrayBuffer[],
  transfer: readonly ArrayBuffer[] | undefined,
): unknown[] {
  return args.map((value) => encodeValue(value, buffers, transfer));
}

class OpenCall implements Waiting, Asked {
  deadline = Infinity;
  declare readonly stack?: string;
  expire = nothing;
  release = nothing;

  constructor(
    readonly method: string,
    readonly resolve: (value: WireValue) => void,
    readonly reject: (error: Error) => void,
  ) {}
}

function nothing(): void {}

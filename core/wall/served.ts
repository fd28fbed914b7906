/**
 * The calls and streams of the other side that are served here.
 *
 * Each counts until its work is done, not until it is cancelled: what does not listen to its signal still
 * takes room. A stream computes nothing that was not asked for, item by item.
 *
 * @module
 */
import type { Served, ServedCall } from "./options.ts";
import type { Message } from "./protocol.ts";
import { encodeValue, valueDecoder, type WireValue } from "./values.ts";
import type { Wire } from "./wire.ts";

/** Calls of the other side that are served at once: every one that is open holds its arguments. */
const MAX_SERVED = 256;

/** Served calls by their numbers, which the other side gives. Owned by a channel, which closes it. */
export class ServedCalls {
  readonly #open = new Map<number, Serving>();
  readonly #wire: Wire;
  readonly #serve: ((call: ServedCall) => Served) | undefined;

  constructor(wire: Wire, serve: ((call: ServedCall) => Served) | undefined) {
    this.#wire = wire;
    this.#serve = serve;
  }

  /** @throws {KBertError} `wall/frame` for a number that is in use, too many calls, arguments that are none */
  start({ id, method, args, stream }: Message & { kind: "call" }, buffers: readonly ArrayBuffer[]): void {
    // Refused without a stack and a promise: it may be one of a million.
    if (!this.#serve) {
      const failure = { name: "Error", message: "Nothing is served here" };
      return void this.#wire.trySend({ kind: "throw", id, failure });
    }
    if (this.#open.has(id)) throw this.#wire.frameError(`serve two calls with the number ${id}`);
    if (this.#open.size >= MAX_SERVED) {
      throw this.#wire.frameError(`serve more than ${MAX_SERVED} calls at once`);
    }
    const call = new Serving(id, method, args.map(valueDecoder(buffers)), stream === true);
    this.#open.set(id, call);
    void this.#run(call, this.#serve);
  }

  /** @throws {KBertError} `wall/frame` if the call is no stream, or its last item is still asked for */
  pull(id: number): void {
    const call = this.#open.get(id);
    // It may have ended while this was on its way.
    if (call === undefined || call.isOver) return;
    if (!call.stream || call.isPulled) throw this.#wire.frameError("answer a pull that has no place");
    call.isPulled = true;
    if (call.iterator) void this.#next(call, call.iterator);
  }

  /** The other side gave it up. */
  cancel(id: number): void {
    const call = this.#open.get(id);
    if (call && !call.isOver) this.#giveUp(call, new Error("The call was given up"));
  }

  close(reason: Error): void {
    for (const call of this.#open.values()) if (!call.isOver) this.#giveUp(call, reason);
    this.#open.clear();
  }

  /** Never rejects: whatever goes wrong becomes the answer. */
  async #run(call: Serving, serve: (call: ServedCall) => Served): Promise<void> {
    try {
      const served = serve(call);
      // At once: what is called after a stream comes after its first item was asked for.
      const answer = isAsyncIterable(served) ? served : await served;
      if (!isAsyncIterable(answer)) {
        if (call.stream) throw new TypeError(`${call.method}() answers no stream; call it with call()`);
        return this.#answer(call, answer);
      }
      const iterator = answer[Symbol.asyncIterator]();
      if (!call.isOver && call.stream) {
        call.iterator = iterator;
        return call.isPulled ? void this.#next(call, iterator) : undefined;
      }
      const misused = new TypeError(`${call.method}() answers a stream; call it with stream()`);
      if (!call.stream) this.#throw(call, misused);
      await end(iterator);
      this.#forget(call);
    } catch (thrown) {
      this.#throw(call, thrown);
    }
  }

  /** One item, for one pull. Never rejects. */
  async #next(call: Serving, iterator: AsyncIterator<WireValue>): Promise<void> {
    try {
      const { done, value } = await iterator.next();
      // A cancelled one is over on the other side: nobody waits for its items.
      if (call.isOver) return;
      if (done) {
        call.isOver = true;
        this.#forget(call);
        return this.#wire.send({ kind: "end", id: call.id });
      }
      const buffers: ArrayBuffer[] = [];
      const encoded = encodeValue(value, buffers);
      call.isPulled = false;
      this.#wire.send({ kind: "item", id: call.id, value: encoded }, buffers);
    } catch (thrown) {
      const wasOver = call.isOver;
      this.#throw(call, thrown);
      if (!wasOver) await end(iterator);
    }
  }

  #answer(call: Serving, value: WireValue): void {
    const { id, isOver } = call;
    if (isOver) return this.#forget(call);
    const buffers: ArrayBuffer[] = [];
    this.#wire.send({ kind: "return", id, value: encodeValue(value, buffers) }, buffers);
    call.isOver = true;
    this.#forget(call);
  }

  #throw(call: Serving, thrown: unknown): void {
    this.#forget(call);
    if (call.isOver) return;
    call.isOver = true;
    this.#wire.trySend({ kind: "throw", id: call.id, failure: this.#wire.toFailure(thrown) });
  }

  /** The work learns of it, and is waited for. */
  #giveUp(call: Serving, reason: Error): void {
    call.isOver = true;
    call.abort(reason);
    const { iterator } = call;
    if (iterator) void end(iterator).then(() => this.#forget(call));
  }

  /** Its number may be another's by now. */
  #forget(call: Serving): void {
    if (this.#open.get(call.id) === call) this.#open.delete(call.id);
  }
}

/** A call while it is served. */
class Serving implements ServedCall {
  /** Its end was sent, or the other side does not want it any more. */
  isOver = false;
  /** The other side waits for an item. */
  isPulled = false;
  iterator: AsyncIterator<WireValue> | undefined;
  #controller: AbortController | undefined;
  #reason: Error | undefined;

  constructor(
    readonly id: number,
    readonly method: string,
    readonly args: readonly WireValue[],
    readonly stream: boolean,
  ) {}

  /** Most calls never ask for it, and are a little faster for that. */
  get signal(): AbortSignal {
    if (this.#controller === undefined) {
      this.#controller = new AbortController();
      if (this.#reason) this.#controller.abort(this.#reason);
    }
    return this.#controller.signal;
  }

  abort(reason: Error): void {
    this.#reason = reason;
    this.#controller?.abort(reason);
  }
}

function isAsyncIterable(value: unknown): value is AsyncIterable<WireValue> {
  return typeof value === "object" && value !== null &&
    typeof (value as Partial<AsyncIterable<WireValue>>)[Symbol.asyncIterator] === "function";
}

/** Runs its `finally`. What goes wrong there is nobody's any more. */
async function end(iterator: AsyncIterator<WireValue>): Promise<void> {
  try {
    await iterator.return?.();
  } catch {
    // The other side has its answer, or does not want one.
  }
}

/**
 * One end of the wall: calls, streams and events over a port of frames. Everything that is opened ends, in
 * an answer, an error, a cancel, a deadline, or the end of the other side.
 *
 * The class is the same on both sides. What arrives is checked by size, then against the protocol, then by
 * whether it was asked for: an answer to a call that is not open is dropped. A frame that breaks the protocol
 * closes the channel, because whoever sends one is broken or hostile, and either way done.
 *
 * @module
 */
import { OpenCalls } from "./calls.ts";
import { Deadlines } from "./deadlines.ts";
import { KBertError, messageOf } from "./errors.ts";
import { PluginError } from "./failure.ts";
import { checkFrame, type Frame, type FramePort } from "./frame.ts";
import { EventInbox } from "./inbox.ts";
import { closed, opened } from "./ledger.ts";
import type { CallOptions, ChannelOptions, WireEvent, WireStream } from "./options.ts";
import { EventOutbox } from "./outbox.ts";
import { type Message, parseMessage } from "./protocol.ts";
import { ServedCalls } from "./served.ts";
import { OpenStreams } from "./stream.ts";
import type { WireValue } from "./values.ts";
import { Wire } from "./wire.ts";

export {
  type CallOptions,
  type ChannelOptions,
  DEFAULT_CALL_TIMEOUT_MS,
  type Served,
  type ServedCall,
  type WireEvent,
  type WireStream,
} from "./options.ts";

/**
 * Owns its port: closing the one closes the other. Whoever made it closes it.
 *
 * @example
 * ```ts
 * import { Channel } from "./channel.ts";
 * import { framePortPair } from "./frame.ts";
 * import { assertEquals } from "../deps/assert.ts";
 *
 * const [here, there] = framePortPair();
 * using host = new Channel(here, { peer: "The plugin x", plugin: "x" });
 * using _plugin = new Channel(there, {
 *   peer: "the host",
 *   side: "plugin",
 *   serve: ({ method, args }) => `${method} ${args[0]}`,
 * });
 * assertEquals(await host.call("hello", ["you"]), "hello you");
 * ```
 */
export class Channel implements Disposable {
  readonly #peer: string;
  readonly #options: ChannelOptions;
  readonly #wire: Wire;
  readonly #deadlines = new Deadlines();
  readonly #calls: OpenCalls;
  readonly #streams: OpenStreams;
  readonly #served: ServedCalls;
  readonly #outbox: EventOutbox;
  readonly #inbox: EventInbox;

  /** @throws {RangeError} if `eventsPerSecond` is not above 0 */
  constructor(port: FramePort, options: ChannelOptions) {
    this.#peer = options.peer;
    this.#options = options;
    const wire = new Wire(port, options);
    this.#wire = wire;
    this.#calls = new OpenCalls(wire, this.#deadlines);
    this.#streams = new OpenStreams(wire, this.#deadlines);
    this.#served = new ServedCalls(wire, options.serve);
    this.#inbox = new EventInbox(wire, options, (error) => this.#report(error));
    this.#outbox = new EventOutbox(
      (head, buffers) => wire.sendText(head, buffers, "events"),
      (error) => this.#report(error),
    );
    wire.beforeSend = () => this.#outbox.flush();
    port.onframe = (data) => this.#receive(data);
    opened("channels");
  }

  /** Calls that wait for the other side, for leak checks. */
  get openCalls(): number {
    return this.#calls.size;
  }

  /** Streams that were begun and are neither at their end nor left. */
  get openStreams(): number {
    return this.#streams.size;
  }

  /**
   * Calls a method of the other side. The buffers of bytes and tensors in `args` are moved and become empty
   * here, unless `transfer` says otherwise.
   *
   * @throws {KBertError} `call/timeout`, `call/aborted`, `call/failed` (its `cause` is the other side's
   * error), `plugin/closed`, or `wall/frame` if the arguments cannot cross or the other side broke the
   * protocol.
   */
  call(method: string, args: readonly WireValue[], options: CallOptions = {}): Promise<WireValue> {
    return this.#calls.open(method, args, options, this.call);
  }

  /**
   * Calls a method that answers a stream. Nothing is sent before the first next(), and nothing computed that
   * was not asked for; `timeoutMs` is for each item. Its errors are those of {@linkcode Channel.call}.
   *
   * Whoever takes it reads it to its end or leaves it, by `break`, `return()` or `await using`.
   *
   * @throws {RangeError} for a time that is none
   * @example
   * ```ts
   * import { Channel } from "./channel.ts";
   * import { framePortPair } from "./frame.ts";
   * import { assertEquals } from "../deps/assert.ts";
   *
   * const [here, there] = framePortPair();
   * using host = new Channel(here, { peer: "The plugin x", plugin: "x" });
   * using _plugin = new Channel(there, {
   *   peer: "the host",
   *   side: "plugin",
   *   serve: async function* ({ args }) {
   *     for (let item = 0; item < Number(args[0]); item++) yield item;
   *   },
   * });
   * assertEquals(await Array.fromAsync(host.stream("count", [3])), [0, 1, 2]);
   * ```
   */
  stream(method: string, args: readonly WireValue[], options: CallOptions = {}): WireStream {
    return this.#streams.create(method, args, options, this.stream);
  }

  /** Tells the other side that this one is loaded and listens. */
  ready(): void {
    this.#wire.send({ kind: "ready" });
  }

  /** Sends an event if the other side has room, and drops it otherwise. What cannot cross is reported. */
  post(event: WireEvent): void {
    try {
      this.#outbox.post(event);
    } catch (error) {
      this.#report(error);
    }
  }

  /**
   * Sends an event, and resolves when it is on its way: waits until the other side has room.
   *
   * @throws {KBertError} `wall/frame` if it cannot cross or 10,000 wait already, `plugin/closed`
   */
  emit(event: WireEvent): Promise<void> {
    return this.#outbox.emit(event);
  }

  /**
   * Gives up every call and stream of the other side's methods: their callers get this reason, and the other
   * side's signals abort. The phases of a plugin's life (`$…`) go on.
   */
  giveUpCalls(reason: Error): void {
    this.#calls.giveUp(reason);
    this.#streams.giveUp(reason);
  }

  /** Tells the other side that this one is of no use any more, and why. */
  fail(error: unknown): void {
    this.#wire.trySend({ kind: "failed", failure: this.#wire.toFailure(error) });
  }

  /** Closes the port and rejects everything that waits with `plugin/closed`. Twice is harmless. */
  close(reason: string | Error = "it was stopped"): void {
    if (this.#wire.closed) return;
    const error = reason instanceof KBertError ? reason : this.#wire.gone(messageOf(reason));
    this.#wire.close(error);
    this.#deadlines.close();
    this.#inbox.close();
    this.#calls.close(error);
    this.#streams.close(error);
    this.#served.close(error);
    this.#outbox.close(error);
    closed("channels");
    this.#tell(() => this.#options.onClose?.(error));
  }

  [Symbol.dispose](): void {
    this.close();
  }

  /** Called by the port; nothing of what happens here may reach the event loop as an error. */
  #receive(data: unknown): void {
    if (this.#wire.closed) return;
    try {
      const frame = checkFrame(data, this.#peer);
      this.#handle(parseMessage(frame.head, this.#peer), frame);
    } catch (error) {
      this.close(error instanceof Error ? error : new Error(messageOf(error)));
    }
  }

  #handle(message: Message, frame: Frame): void {
    switch (message.kind) {
      case "ready":
        return this.#tell(() => this.#options.onReady?.());
      case "call":
        return this.#served.start(message, frame.buffers);
      case "cancel":
        return this.#served.cancel(message.id);
      case "pull":
        return this.#served.pull(message.id);
      case "return":
        this.#refuse(this.#streams, message);
        return this.#calls.returned(message.id, message.value, frame.buffers);
      case "item":
        this.#refuse(this.#calls, message);
        return this.#streams.item(message.id, message.value, frame.buffers);
      case "end":
        this.#refuse(this.#calls, message);
        return this.#streams.end(message.id);
      case "throw":
        this.#calls.threw(message.id, message.failure);
        return this.#streams.threw(message.id, message.failure);
      case "failed": {
        const cause = new PluginError(message.failure);
        return this.close(this.#wire.gone(`of an error that nobody caught: ${cause.message}`, cause));
      }
      case "events":
        return this.#inbox.receive(message, frame);
      case "credit":
        if (this.#outbox.addCredit(message.events)) return;
        throw this.#wire.frameError(`take an answer for ${message.events} events that were not sent`);
      default:
        message satisfies never; // a new kind does not compile until it is handled here
    }
  }

  /** @throws {KBertError} `wall/frame` for an answer to a stream, or an item of what is a plain call */
  #refuse(others: OpenCalls | OpenStreams, { kind, id }: { kind: string; id: number }): void {
    if (others.has(id)) throw this.#wire.frameError(`take a message "${kind}" for the number ${id}`);
  }

  /** Calls a listener. One that throws must not end what it listens to. */
  #tell(listener: () => void): void {
    try {
      listener();
    } catch (error) {
      this.#report(error);
    }
  }

  #report(error: unknown): void {
    try {
      this.#options.onListenerError?.(error);
    } catch {
      // There is nobody left to tell.
    }
  }
}

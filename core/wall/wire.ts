/**
 * The sending half of a channel: messages become frames here, and errors get the name of the other side.
 *
 * Owns the port and the reason why it was closed.
 *
 * @module
 */
import { KBertError, messageOf } from "./errors.ts";
import { type PluginError, toFailure } from "./failure.ts";
import { checkFrame, type FramePort } from "./frame.ts";
import type { ChannelOptions } from "./options.ts";
import { printable } from "./printable.ts";
import type { Failure, Message } from "./protocol.ts";

/** Where something was asked for: the place in the program, written as a text only when it is needed. */
export interface Asked {
  readonly stack?: string;
}

/** Frames of a stack that are kept; how an engine writes one. */
const FRAME = /^ {4}at /m;

/** See the module's text. */
export class Wire {
  /** Why nothing is sent any more. */
  closed: KBertError | undefined;
  /** Called before a message: what waits to be sent was said before it. */
  beforeSend: () => void = () => {};
  readonly #port: FramePort;
  readonly #peer: string;
  readonly #plugin: string;
  /** Where the other side is, as a stack shows it. */
  readonly #there: string;
  readonly #tellsStacks: boolean;
  #lastId = 0;

  constructor(port: FramePort, { peer, plugin, side }: ChannelOptions) {
    this.#port = port;
    this.#peer = peer;
    this.#plugin = plugin ?? peer;
    this.#there = printable(plugin === undefined ? peer : `the plugin ${plugin}`, 150);
    this.#tellsStacks = side === "plugin";
  }

  /** A number for a call or stream. None is used twice. */
  nextId(): number {
    return ++this.#lastId;
  }

  /** @throws {KBertError} `wall/frame`: what the other side would refuse is not sent. */
  send(message: Message, buffers: readonly ArrayBuffer[] = []): void {
    this.beforeSend();
    this.sendText(JSON.stringify(message), buffers, message.kind);
  }

  /** Sends the text of a message of this kind. */
  sendText(head: string, buffers: readonly ArrayBuffer[], kind: Message["kind"]): void {
    if (this.closed) return;
    try {
      this.#port.send(checkFrame({ head, buffers }, "This side"));
    } catch (cause) {
      throw this.frameError(`send a message of the kind "${kind}": ${messageOf(cause)}`, cause);
    }
  }

  /** Answers the error instead of throwing it. */
  trySend(message: Message, buffers?: readonly ArrayBuffer[]): Error | undefined {
    try {
      this.send(message, buffers);
      return undefined;
    } catch (error) {
      return error as Error;
    }
  }

  /** What the other side may know of an error. */
  toFailure(thrown: unknown): Failure {
    return toFailure(thrown, this.#tellsStacks);
  }

  /** Nothing is sent or heard from now on. */
  close(reason: KBertError): void {
    this.closed = reason;
    this.#port.close();
  }

  gone(reason: string, cause?: unknown): KBertError<"plugin/closed"> {
    const message = `${this.#peer} cannot be called because ${reason}`;
    return new KBertError("plugin/closed", message, { plugin: this.#plugin, reason }, { cause });
  }

  /** The stack of the answer shows both sides: who called, and below it what the other side said. */
  failed(method: string, cause: PluginError, asked: Asked): KBertError<"call/failed"> {
    const message = `${this.#peer} failed in ${method}(): ${cause.message}`;
    const error = new KBertError("call/failed", message, { plugin: this.#plugin, method }, { cause });
    const remote = framesOf(cause.remoteStack);
    const there = remote && `\n    --- in ${this.#there} ---\n${remote}`;
    return withFrames(error, framesOf(asked.stack) + there);
  }

  timedOut(method: string, timeoutMs: number, asked: Asked): KBertError<"call/timeout"> {
    const message = `${this.#peer} did not answer ${method}() within ${timeoutMs} ms`;
    const detail = { plugin: this.#plugin, method, timeoutMs };
    return withFrames(new KBertError("call/timeout", message, detail), framesOf(asked.stack));
  }

  aborted(method: string, cause: unknown): KBertError<"call/aborted"> {
    const message = `The call of ${method}() of ${this.#there} was given up`;
    return new KBertError("call/aborted", message, { plugin: this.#plugin, method }, { cause });
  }

  frameError(what: string, cause?: unknown): KBertError<"wall/frame"> {
    const message = `Cannot ${what} (${this.#peer})`;
    return new KBertError("wall/frame", message, { plugin: this.#plugin }, { cause });
  }
}

/** The frames of a stack, without its title, which may be of several lines. */
function framesOf(stack: string | undefined): string {
  const start = stack?.search(FRAME) ?? -1;
  return start < 0 ? "" : stack!.slice(start);
}

function withFrames<Failed extends KBertError>(error: Failed, frames: string): Failed {
  if (frames === "") return error;
  const value = `${error.name}: ${error.message}\n${frames.replace(/^\n/, "")}`;
  return Object.defineProperty(error, "stack", { value, configurable: true, writable: true });
}

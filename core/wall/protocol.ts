/**
 * The wall as a union: every message that host and plugin may send each other.
 *
 * Both sides speak the same messages, because both may call (the host a plugin's method, a plugin a
 * service of the host). An id is issued by the side that opens a call and means nothing on the other.
 * There is no field for the sender: who sent a message is the port that it came in on.
 *
 * The checks are written by hand: a schema library costs a small call 0.8 µs of each way and an event half
 * as much again as JSON.parse. The tests hold them against a schema, which says the same in another way.
 *
 * @module
 */
import { KBertError } from "./errors.ts";

/** An error as it crosses: names, texts and plain data, never an object of the other realm. */
export interface Failure {
  readonly name: string;
  readonly message: string;
  readonly code?: string | undefined;
  readonly stack?: string | undefined;
  readonly cause?: Failure | undefined;
  /** Those of an AggregateError. */
  readonly errors?: readonly Failure[] | undefined;
  /** What else the error carries, as far as it is plain data. */
  readonly properties?: { readonly [key: string]: FailureData } | undefined;
}

/** What JSON can say. */
export type FailureData =
  | null
  | boolean
  | number
  | string
  | readonly FailureData[]
  | { readonly [key: string]: FailureData };

/** Topic and payload, and from the host also who emitted it and when (milliseconds since the epoch). */
export type EventTuple =
  | readonly [topic: string, payload: unknown]
  | readonly [topic: string, payload: unknown, source: string, time: number];

/** See the module's text. `args`, `value` and payloads are in the form of values.ts. */
export type Message =
  /** The other side is loaded and listens. */
  | { readonly kind: "ready" }
  /** With `stream`, nothing is computed before the first `pull`. */
  | {
    readonly kind: "call";
    readonly id: number;
    readonly method: string;
    readonly args: readonly unknown[];
    readonly stream?: true | undefined;
  }
  | { readonly kind: "cancel"; readonly id: number }
  | { readonly kind: "return"; readonly id: number; readonly value: unknown }
  /** Ends a call or a stream. */
  | { readonly kind: "throw"; readonly id: number; readonly failure: Failure }
  /** Asks for exactly one item of a stream. */
  | { readonly kind: "pull"; readonly id: number }
  | { readonly kind: "item"; readonly id: number; readonly value: unknown }
  | { readonly kind: "end"; readonly id: number }
  /** Something failed that was nobody's call: the sender is of no use any more. */
  | { readonly kind: "failed"; readonly failure: Failure }
  /** Events in the order in which they were emitted, and how many were dropped before them for lack of room. */
  | { readonly kind: "events"; readonly events: readonly EventTuple[]; readonly dropped?: number | undefined }
  /** So many events were handled: as many more may be sent. */
  | { readonly kind: "credit"; readonly events: number };

/** Characters of the name of an event or a method. */
export const MAX_NAME = 128;
/** Events that are underway at once: sent, and not known to be handled. */
export const EVENT_WINDOW = 1_000;
/** Characters of one event's text, with the bytes of its buffers. */
export const MAX_EVENT_SIZE = 2 ** 16;
/** Characters of the events of one message. */
export const MAX_EVENTS_CHARACTERS = 2 ** 18;

/** Deeper failures are left out: a recursive check could be made to overflow. */
const MAX_FAILURE_DEPTH = 8;
/** Failures of one message, causes and parts included; more are left out. */
const MAX_FAILURES = 64;

/**
 * Parses the head of a frame whose sizes are already checked.
 *
 * @throws {KBertError} `wall/frame` naming the sender, if it is not one of the messages above.
 * @example
 * ```ts
 * import { parseMessage } from "./protocol.ts";
 * import { assertEquals } from "../deps/assert.ts";
 *
 * assertEquals(parseMessage('{"kind":"pull","id":1,"more":2}', "The plugin x"), { kind: "pull", id: 1 });
 * ```
 */
export function parseMessage(head: string, sender: string): Message {
  let json: unknown;
  try {
    json = JSON.parse(head);
  } catch {
    // Without its cause, which quotes the text: whatever it holds would reach the terminal with the error.
    throw new KBertError("wall/frame", `${sender} sent a frame that is not JSON`, { plugin: sender });
  }
  const message = isRecord(json) ? readMessage(json) : undefined;
  if (message !== undefined) return message;
  const sentence = `${sender} sent a message that the protocol does not have`;
  throw new KBertError("wall/frame", sentence, { plugin: sender });
}

/** Only the keys of the protocol get out, and `undefined` for what it does not have. */
function readMessage(json: Record<string, unknown>): Message | undefined {
  const { kind, id } = json;
  switch (kind) {
    case "ready":
      return { kind };
    case "failed": {
      const failure = readFailure(json["failure"]);
      return failure && { kind, failure };
    }
    case "events":
      return readEvents(json);
    case "credit": {
      const { events } = json;
      return isCount(events) ? { kind, events } : undefined;
    }
  }
  if (!isCount(id)) return undefined;
  switch (kind) {
    case "call":
      return readCall(json, id);
    case "return":
    case "item":
      return Object.hasOwn(json, "value") ? { kind, id, value: json["value"] } : undefined;
    case "throw": {
      const failure = readFailure(json["failure"]);
      return failure && { kind, id, failure };
    }
    case "cancel":
    case "pull":
    case "end":
      return { kind, id };
    default:
      return undefined;
  }
}

function readCall({ method, args, stream }: Record<string, unknown>, id: number): Message | undefined {
  if (!isName(method) || !Array.isArray(args)) return undefined;
  if (stream === undefined) return { kind: "call", id, method, args };
  return stream === true ? { kind: "call", id, method, args, stream } : undefined;
}

function readEvents({ events, dropped }: Record<string, unknown>): Message | undefined {
  if (!Array.isArray(events) || events.length < 1 || events.length > EVENT_WINDOW) return undefined;
  if (!events.every(isEvent)) return undefined;
  if (dropped === undefined) return { kind: "events", events };
  return isCount(dropped) ? { kind: "events", events, dropped } : undefined;
}

function isEvent(event: unknown): event is EventTuple {
  if (!Array.isArray(event) || !isName(event[0])) return false;
  if (event.length === 2) return true;
  // JSON can say 1e999, which is Infinity here.
  return event.length === 4 && isName(event[2]) && Number.isFinite(event[3]);
}

/** `undefined` for what is none. What is too deep or too much is left out of it. */
function readFailure(json: unknown): Failure | undefined {
  let left = MAX_FAILURES;
  return isFailure(json, 0) ? read(json, 0) : undefined;

  /** Whether it is one down to where it is read. */
  function isFailure(json: unknown, depth: number): json is Failure {
    if (!isRecord(json) || !isText(json["name"], 200) || !isText(json["message"], 20_000)) return false;
    const { code, stack, cause, errors, properties } = json;
    return (code === undefined || isText(code, 200)) &&
      (stack === undefined || isText(stack, 20_000)) &&
      (properties === undefined || isRecord(properties)) &&
      (cause === undefined || depth >= MAX_FAILURE_DEPTH || isFailure(cause, depth + 1)) &&
      (errors === undefined || depth >= MAX_FAILURE_DEPTH ||
        Array.isArray(errors) && errors.length <= MAX_FAILURES &&
          errors.every((part) => isFailure(part, depth + 1)));
  }

  function read({ name, message, code, stack, cause, errors, properties }: Failure, depth: number): Failure {
    left--;
    const isLast = depth >= MAX_FAILURE_DEPTH;
    const deeper = (part: Failure): Failure | undefined => left > 0 ? read(part, depth + 1) : undefined;
    return {
      name,
      message,
      ...(code !== undefined && { code }),
      ...(stack !== undefined && { stack }),
      ...(properties !== undefined && { properties }),
      ...(cause !== undefined && !isLast && { cause: deeper(cause) }),
      ...(errors !== undefined && !isLast &&
        { errors: errors.map(deeper).filter((part) => part !== undefined) }),
    };
  }
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function isText(value: unknown, most: number): value is string {
  return typeof value === "string" && value.length <= most;
}

function isName(value: unknown): value is string {
  return typeof value === "string" && value.length > 0 && value.length <= MAX_NAME;
}

/** Ids and numbers of events. */
function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && value as number > 0;
}

/**
 * The wall as a union: every message that host and plugin may send each other.
 *
 * Both sides speak the same messages, because both may call (the host a plugin's method, a plugin a
 * service of the host). An id is issued by the side that opens a call and means nothing on the other.
 * There is no field for the sender: who sent a message is the port that it came in on.
 *
 * @module
 */
import { z } from "../deps/zod.ts";
import { KBertError } from "./errors.ts";

/** An error as it crosses: names and texts, never an object of the other realm. */
export interface Failure {
  readonly name: string;
  readonly message: string;
  readonly code?: string | undefined;
  readonly stack?: string | undefined;
  readonly cause?: Failure | undefined;
}

/** See the module's text. `args`, `value` and `payload` are in the form of values.ts. */
export type Message =
  /** The other side is loaded and listens. */
  | { readonly kind: "ready" }
  | { readonly kind: "call"; readonly id: number; readonly method: string; readonly args: readonly unknown[] }
  | { readonly kind: "cancel"; readonly id: number }
  | { readonly kind: "return"; readonly id: number; readonly value: unknown }
  | { readonly kind: "throw"; readonly id: number; readonly failure: Failure }
  /** Something failed that was nobody's call: the sender is of no use any more. */
  | { readonly kind: "failed"; readonly failure: Failure }
  /** The events of one turn, in the order in which they were emitted. */
  | { readonly kind: "events"; readonly events: readonly { topic: string; payload: unknown }[] }
  | { readonly kind: "log"; readonly level: "debug" | "info" | "warn" | "error"; readonly text: string };

/** Events of one message; a sender with more sends several. */
export const MAX_EVENTS = 1_000;
/** Characters of the name of an event or a method. */
export const MAX_NAME = 128;

const id = z.int().positive();

const failureParts = {
  name: z.string().max(200),
  message: z.string().max(20_000),
  code: z.string().max(200).optional(),
  stack: z.string().max(20_000).optional(),
};

/** Causes nested to a bounded depth, what is below is left out: a recursive schema could be made to overflow. */
const failure = failureSchema(8);

function failureSchema(causes: number): z.ZodType<Failure> {
  if (causes === 0) return z.object(failureParts);
  return z.object({ ...failureParts, cause: failureSchema(causes - 1).optional() });
}

const messageSchema = z.discriminatedUnion("kind", [
  z.object({ kind: z.literal("ready") }),
  z.object({
    kind: z.literal("call"),
    id,
    method: z.string().min(1).max(MAX_NAME),
    args: z.array(z.unknown()),
  }),
  z.object({ kind: z.literal("cancel"), id }),
  z.object({ kind: z.literal("return"), id, value: z.unknown() }),
  z.object({ kind: z.literal("throw"), id, failure }),
  z.object({ kind: z.literal("failed"), failure }),
  z.object({
    kind: z.literal("events"),
    events: z.array(z.object({ topic: z.string().min(1).max(MAX_NAME), payload: z.unknown() })).max(
      MAX_EVENTS,
    ),
  }),
  z.object({
    kind: z.literal("log"),
    level: z.enum(["debug", "info", "warn", "error"]),
    text: z.string().max(8_192),
  }),
]) satisfies z.ZodType<Message>;

/**
 * Parses the head of a frame whose sizes are already checked.
 *
 * @throws {KBertError} `wall/frame` naming the sender, if it is not one of the messages above.
 */
export function parseMessage(head: string, sender: string): Message {
  let json: unknown;
  try {
    json = JSON.parse(head);
  } catch {
    // Without its cause, which quotes the text: whatever it holds would reach the terminal with the error.
    throw new KBertError("wall/frame", `${sender} sent a frame that is not JSON`, { plugin: sender });
  }
  const parsed = messageSchema.safeParse(json);
  if (parsed.success) return parsed.data;
  const sentence = `${sender} sent a message that the protocol does not have`;
  throw new KBertError("wall/frame", sentence, { plugin: sender }, { cause: parsed.error });
}

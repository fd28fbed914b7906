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
  | { readonly kind: "call"; readonly id: number; readonly method: string; readonly args: unknown }
  | { readonly kind: "cancel"; readonly id: number }
  | { readonly kind: "return"; readonly id: number; readonly value?: unknown }
  | { readonly kind: "throw"; readonly id: number; readonly failure: Failure }
  /** The events of one turn, in the order in which they were emitted. */
  | { readonly kind: "events"; readonly events: readonly { topic: string; payload?: unknown }[] }
  | { readonly kind: "log"; readonly level: "debug" | "info" | "warn" | "error"; readonly text: string };

const id = z.int().positive();
const failure: z.ZodType<Failure> = z.object({
  name: z.string().max(200),
  message: z.string().max(20_000),
  code: z.string().max(200).optional(),
  stack: z.string().max(20_000).optional(),
  get cause() {
    return failure.optional();
  },
});

const messageSchema = z.discriminatedUnion("kind", [
  z.object({ kind: z.literal("ready") }),
  z.object({ kind: z.literal("call"), id, method: z.string().min(1).max(128), args: z.unknown() }),
  z.object({ kind: z.literal("cancel"), id }),
  z.object({ kind: z.literal("return"), id, value: z.unknown() }),
  z.object({ kind: z.literal("throw"), id, failure }),
  z.object({
    kind: z.literal("events"),
    events: z.array(z.object({ topic: z.string().min(1).max(128), payload: z.unknown() })).max(1_000),
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
  } catch (cause) {
    throw new KBertError("wall/frame", `${sender} sent a frame that is not JSON`, { plugin: sender }, {
      cause,
    });
  }
  const parsed = messageSchema.safeParse(json);
  if (parsed.success) return parsed.data;
  const sentence = `${sender} sent a message that the protocol does not have`;
  throw new KBertError("wall/frame", sentence, { plugin: sender }, { cause: parsed.error });
}

/**
 * A plugin's process that is all in the attacker's hands, as if the lockdown had never been: it answers the host
 * as a plugin has to until it is called, and then the attack has the pipe.
 *
 * @module
 */
import type { Frame } from "../wall/frame.ts";
import { encodeFrame, FrameDecoder } from "../wall/pipe_frame.ts";
import { greeting } from "../../workers/process_protocol.ts";

/** What an attack is given. */
export interface Wire {
  /** Of the host's call, which waits for its answer. */
  readonly id: number;
  /** What was called: a method, or the phase that the attack is about. */
  readonly method: string;
  /** The host's deadline for a call, in milliseconds. */
  readonly callMs: number;
  /** Sends a frame with any head. */
  send(head: unknown, buffers?: ArrayBuffer[]): void;
  /** Writes bytes that need not be a frame. */
  raw(bytes: Uint8Array): void;
}

/** What an attack exports, beside its `meta`. */
interface PeerAttack {
  /** Called by the host's calls, and in the phase `during`, such as `$initialize`. */
  attack(wire: Wire): unknown;
  readonly during?: string;
  /** Whether `attack()` is a stream, whose items are sent as answers of the kind `item`. */
  readonly streams?: boolean;
  /** Further methods. */
  readonly methods?: readonly string[];
}

/** The methods by which the host calls each port; those that a port does not have, the host passes over. */
const CALLED = ["attack", "predict", "augment", "extractFeatures", "notify"];

const [attackFile = "", callMs = ""] = Deno.args;
const { attack, during, streams = false, methods = [] } = await import(
  new URL(attackFile, "file:").href
) as PeerAttack;
const description = {
  methods: [...CALLED, ...methods].map((name) => ({
    name,
    parameters: 0,
    streams: streams && name === "attack",
  })),
  configuration: "null",
};

function raw(bytes: Uint8Array): void {
  for (let rest = bytes; rest.byteLength > 0;) rest = rest.subarray(Deno.stdout.writeSync(rest));
}

function send(head: unknown, buffers: ArrayBuffer[] = []): void {
  const text = typeof head === "string" ? head : JSON.stringify(head);
  for (const part of encodeFrame({ head: text, buffers })) raw(part);
}

function receive(frame: Frame | string): void {
  const head = typeof frame === "string" ? frame : frame.head;
  const { kind, id, method } = JSON.parse(head) as {
    kind: string;
    id: number;
    method: string;
  };
  if (kind !== "call") return;
  const isAttack = method === during || !method.startsWith("$");
  if (isAttack) return void attack({ id, method, callMs: Number(callMs), send, raw });
  send({ kind: "return", id, value: method === "$load" ? description : null });
}

send(greeting(Deno.pid));
send({ kind: "ready" });
const decoder = new FrameDecoder("the host", receive);
for await (const chunk of Deno.stdin.readable) decoder.push(chunk);

/**
 * A plugin's process that is all in the attacker's hands, as if the lockdown had never been: it answers the host
 * as a plugin has to until it is called, and then the attack has the pipe.
 *
 * @module
 */
import type { Frame } from "../../../core/wall/frame.ts";
import { encodeFrame, FrameDecoder } from "../../../core/wall/pipe_frame.ts";
import { greeting } from "../../../workers/process_protocol.ts";

/** What an attack is given. */
export interface Wire {
  /** Of the host's call of `attack()`, which waits for its answer. */
  readonly id: number;
  /** Sends a frame with any head. */
  send(head: unknown, buffers?: ArrayBuffer[]): void;
  /** Writes bytes that need not be a frame. */
  raw(bytes: Uint8Array): void;
}

const [attackFile = ""] = Deno.args;
const { attack } = await import(`file://${attackFile}`) as { attack(wire: Wire): unknown };
const description = { methods: [{ name: "attack", parameters: 0, streams: false }], configuration: "null" };

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
  if (method === "attack") return void attack({ id, send, raw });
  send({ kind: "return", id, value: method === "$load" ? description : null });
}

send(greeting(Deno.pid));
send({ kind: "ready" });
const decoder = new FrameDecoder("the host", receive);
for await (const chunk of Deno.stdin.readable) decoder.push(chunk);

/**
 * Worker of a plugin's process: reads frames from standard input and hands them to the plugin's worker.
 *
 * A thread of its own, because it blocks: reading without waiting for a promise takes a few microseconds, with
 * one about a hundred. Nothing of the plugin runs here, and what arrives comes from the host.
 *
 * @module
 */
import { receiveMessageOnPort } from "node:worker_threads";
import { BufferPool } from "../core/wall/buffer_pool.ts";
import { messagePort } from "../core/wall/frame.ts";
import { FrameDecoder } from "../core/wall/pipe_frame.ts";
import { mainThread } from "./process_protocol.ts";

/** As much as a pipe holds. */
const READ_BYTES = 2 ** 16;

globalThis.addEventListener("message", (event) => {
  const [port] = (event as MessageEvent).ports;
  const tell = mainThread();
  tell("loaded");
  try {
    if (port) readFrames(port);
  } finally {
    tell("end");
  }
}, { once: true });

/** Returns when the pipe is closed. @throws if the host sends something that is not a frame */
function readFrames(port: MessagePort): void {
  const { send } = messagePort(port);
  const pool = new BufferPool();
  const decoder = new FrameDecoder(
    "the host",
    (frame) => send(typeof frame === "string" ? { head: frame, buffers: [] } : frame),
    pool,
  );
  const chunk = new Uint8Array(READ_BYTES);
  for (;;) {
    const wanted = decoder.wanted;
    const bytes = Deno.stdin.readSync(wanted ?? chunk);
    if (bytes === null) return;
    // What the plugin's worker has written comes back. Looked for at every read: it must not pile up.
    for (let spent; (spent = receiveMessageOnPort(port as never)) !== undefined;) pool.give(spent.message);
    if (wanted) decoder.filled(bytes);
    else decoder.push(chunk.subarray(0, bytes));
  }
}

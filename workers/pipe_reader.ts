/**
 * Worker of a plugin's process: reads frames from standard input and hands them to the plugin's worker.
 *
 * A thread of its own, because it blocks: reading without waiting for a promise takes a few microseconds, with
 * one about a hundred. Nothing of the plugin runs here, and what arrives comes from the host.
 *
 * It has no pool of buffers as the host has: they would have to come back as messages, and who blocks hears none
 * without a module of Node's, which takes longer to load than all of this.
 *
 * @module
 */
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
  const decoder = new FrameDecoder(
    "the host",
    (frame) => send(typeof frame === "string" ? { head: frame, buffers: [] } : frame),
  );
  const chunk = new Uint8Array(READ_BYTES);
  for (;;) {
    const wanted = decoder.wanted;
    const bytes = Deno.stdin.readSync(wanted ?? chunk);
    if (bytes === null) return;
    if (wanted) decoder.filled(bytes);
    else decoder.push(chunk.subarray(0, bytes));
  }
}

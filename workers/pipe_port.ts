/**
 * The plugin's end of the wall in a process of its own: frames come in from the worker that reads the pipe, and
 * go out on standard output, written here and now.
 *
 * No frame carries a secret. Whoever in this process reached file descriptor 1 past the lockdown could send
 * frames, but only on the pipe that stands for this plugin, and the plugin can say there what it likes anyway:
 * the host believes nothing of it. What a forger could destroy is the order of bytes, and then the host ends
 * the process.
 *
 * @module
 */
import { type FramePort, messagePort } from "../core/wall/frame.ts";
import { encodeFrame, moveBuffers } from "../core/wall/pipe_frame.ts";
import { greeting, mainThread } from "./process_protocol.ts";

/** A port to the host, and a way to tell this process' main thread something, which the plugin does not get. */
export interface PipePort {
  readonly port: FramePort;
  /** Called when the plugin's code is about to be imported. */
  readonly sealed: () => void;
}

/** Takes hold of what it needs, so it is called before the realm is locked. */
export function pipePort(inbound: MessagePort): PipePort {
  const write = Deno.stdout.writeSync.bind(Deno.stdout);
  const memoryUsage = Deno.memoryUsage;
  const tell = mainThread();
  const port = messagePort(inbound);
  tell("loaded");
  send(greeting(Deno.pid), []);
  port.send = ({ head, buffers }) => send(head, buffers);
  return { port, sealed: () => tell(memoryUsage().rss) };

  function send(head: string, buffers: readonly ArrayBuffer[]): void {
    for (const part of encodeFrame({ head, buffers: moveBuffers(buffers) })) {
      for (let rest = part; rest.byteLength > 0;) rest = rest.subarray(write(rest));
    }
  }
}

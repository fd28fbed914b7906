/**
 * The plugin's end of the wall in a process of its own: frames come in on standard input and go out on standard
 * output, and no other thread has a part in it.
 *
 * Waiting for a frame is asynchronous; the rest of a large one is then read at once, because the host has sent
 * all of it, and each read that is waited for takes about a hundred microseconds more.
 *
 * No frame carries a secret. Whoever in this process reached file descriptor 1 past the lockdown could send
 * frames, but only on the pipe that stands for this plugin, and the plugin can say there what it likes anyway:
 * the host believes nothing of it. What a forger could destroy is the order of bytes, and then the host ends
 * the process.
 *
 * @module
 */
import type { FramePort } from "../core/wall/frame.ts";
import { encodeFrame, FrameDecoder, moveBuffers } from "../core/wall/pipe_frame.ts";
import { greeting, mainThread } from "./process_protocol.ts";

/** As much as a pipe holds. */
const READ_BYTES = 2 ** 16;

/** A port to the host, and a way to tell this process' main thread something, which the plugin does not get. */
export interface PipePort {
  readonly port: FramePort;
  /** Called when the plugin's code is about to be imported. */
  readonly sealed: () => void;
}

/** Takes hold of what it needs, so it is called before the realm is locked. */
export function pipePort(): PipePort {
  const write = Deno.stdout.writeSync.bind(Deno.stdout);
  const memoryUsage = Deno.memoryUsage;
  const tell = mainThread();
  const port: FramePort = {
    onframe: null,
    send: ({ head, buffers }) => {
      for (const part of encodeFrame({ head, buffers: moveBuffers(buffers) })) {
        for (let rest = part; rest.byteLength > 0;) rest = rest.subarray(write(rest));
      }
    },
    close: () => port.onframe = null,
  };
  tell("loaded");
  port.send({ head: greeting(Deno.pid), buffers: [] });
  void readFrames((frame) => port.onframe?.(frame)).finally(() => tell("end"));
  return { port, sealed: () => tell(memoryUsage().rss) };
}

/** Until the pipe is closed, or the host sends something that is not a frame. */
async function readFrames(receive: (frame: unknown) => void): Promise<void> {
  const { stdin } = Deno;
  const read = stdin.read.bind(stdin);
  const readSync = stdin.readSync.bind(stdin);
  const decoder = new FrameDecoder("the host", receive);
  const chunk = new Uint8Array(READ_BYTES);
  for (;;) {
    const wanted = decoder.wanted;
    const bytes = wanted ? readSync(wanted) : await read(chunk);
    if (bytes === null) return;
    if (wanted) decoder.filled(bytes);
    else decoder.push(chunk.subarray(0, bytes));
  }
}

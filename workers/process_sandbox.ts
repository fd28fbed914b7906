/**
 * The `process` tier: a Deno of its own for one plugin, which can be killed whatever it is doing.
 *
 * The same worker as in the other tier runs there, and the same frames cross, on standard input and output. What
 * comes out of the pipe is as hostile as the plugin: a frame over a limit, or bytes that are no frame, end the
 * process. A plugin that writes faster than this side reads has to wait, because a pipe holds 64 KiB.
 *
 * @module
 */
import { BufferPool } from "../core/wall/buffer_pool.ts";
import { messageOf } from "../core/wall/errors.ts";
import { type Frame, FRAME_LIMITS, type FramePort } from "../core/wall/frame.ts";
import { closed, opened } from "../core/wall/ledger.ts";
import { encodeFrame, FrameDecoder, moveBuffers } from "../core/wall/pipe_frame.ts";
import { type Sandbox, SANDBOX_LIMITS, type SandboxOptions } from "../core/wall/sandbox.ts";
import { EarlyFrames } from "./early_frames.ts";
import { spawnPluginProcess } from "./process_command.ts";
import { greeting, MEMORY_EXIT_CODE } from "./process_protocol.ts";
import { readStderr, type StderrSummary } from "./process_stderr.ts";

/** The process finds modules in the usual cache, or in the one that this program may know of. */
const CACHE_HINT =
  " (if DENO_DIR or NPM_CONFIG_REGISTRY is set, run this program with --allow-env=DENO_DIR,NPM_CONFIG_REGISTRY)";
/** Deno says so when a module or package is not in the cache. */
const NOT_CACHED = /--cached-only|^error: .*Failed loading https?:/;
/** Bytes that wait to be written beyond what a pipe holds: a plugin that is busy reads nothing meanwhile. */
const MAX_WAITING_BYTES = FRAME_LIMITS.bytes;

/** A sandbox of this tier, for those who know which one it is. */
export interface ProcessSandbox extends Sandbox {
  readonly tier: "process";
  readonly processId: number;
  /** Resolves when the process is gone and all that it wrote was read. */
  readonly ended: Promise<void>;
}

/**
 * Starts a process that waits for a plugin's image. Disposing of it is SIGKILL; it is gone a few milliseconds
 * later.
 *
 * @param spawn starts the process; tests start others that misbehave
 * @throws {KBertError} `plugin/permission` if this program may not start Deno (`--allow-run=deno`)
 */
export function processSandbox(options: SandboxOptions, spawn = spawnPluginProcess): ProcessSandbox {
  return new PluginProcess(options, spawn);
}

/**
 * Never called. Its literal imports make the modules of the process a part of this module's graph, so that they
 * are in the cache when a host that was imported from a URL starts its first one.
 */
export const processGraph = (): Promise<unknown>[] => [
  import("./plugin_process.ts"),
  import("./plugin_worker.ts"),
  import("./tensor_plugin_worker.ts"),
  import("./table_plugin_worker.ts"),
  import("./full_plugin_worker.ts"),
];

class PluginProcess implements ProcessSandbox {
  readonly tier = "process";
  readonly processId: number;
  readonly ended: Promise<void>;
  readonly port: FramePort;
  readonly #child: Deno.ChildProcess;
  readonly #writer: WritableStreamDefaultWriter<Uint8Array<ArrayBuffer>>;
  readonly #options: SandboxOptions;
  readonly #memoryMb: number;
  readonly #heapMb: number;
  readonly #pool = new BufferPool();
  readonly #inbound = new EarlyFrames();
  #isOpen = true;
  #isGreeted = false;
  #waitingBytes = 0;

  constructor(options: SandboxOptions, spawn: typeof spawnPluginProcess) {
    const { name, kit, permissions = "none" } = options;
    const { memoryMb, heapMb } = { ...SANDBOX_LIMITS, ...options };
    this.#options = options;
    this.#memoryMb = memoryMb;
    this.#heapMb = heapMb;
    this.#child = spawn({ name, kit, permissions, memoryMb, heapMb, hostId: Deno.pid });
    opened("sandboxes");
    opened("processes");
    this.processId = this.#child.pid;
    this.#writer = this.#child.stdin.getWriter();
    this.port = this.#makePort();
    this.ended = this.#watch();
  }

  [Symbol.dispose](): void {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    closed("sandboxes");
    this.#inbound.close();
    this.#kill();
  }

  #makePort(): FramePort {
    const inbound = this.#inbound;
    return {
      send: (frame) => this.#send(frame),
      get onframe() {
        return inbound.listener;
      },
      set onframe(listener) {
        inbound.listener = listener;
      },
      close: () => inbound.close(),
    };
  }

  #kill(): void {
    try {
      this.#child.kill("SIGKILL");
    } catch {
      // It has ended by itself.
    }
  }

  /** To the end of the process. Never rejects. */
  async #watch(): Promise<void> {
    const stderr = readStderr(this.#child.stderr, this.#options.log);
    const problem = await this.#readFrames();
    // Without its end of the pipe it is of no use, should it still be there.
    this.#kill();
    const status = await this.#child.status;
    const reason = problem ?? this.#reasonOf(status, await stderr);
    await this.#writer.abort().catch(() => {});
    closed("processes");
    if (this.#isOpen) this.#options.onFailure(reason);
  }

  /** Reads until the pipe is closed, or until what is in it is not a frame: then it answers why. */
  async #readFrames(): Promise<string | undefined> {
    const decoder = new FrameDecoder("it", (frame) => this.#receive(frame), this.#pool);
    const reader = this.#child.stdout.getReader();
    try {
      for (;;) {
        const { done, value } = await reader.read();
        if (done) return undefined;
        decoder.push(value);
      }
    } catch (error) {
      void reader.cancel().catch(() => {});
      return messageOf(error);
    }
  }

  #receive(frame: Frame | string): void {
    if (this.#isGreeted) return this.#inbound.receive(frame);
    if (frame !== greeting(this.processId)) {
      throw new Error(
        `what answered is not the process that was started; "deno" has to be the program, not a script that starts it`,
      );
    }
    this.#isGreeted = true;
  }

  #send({ head, buffers }: Frame): void {
    if (!this.#isOpen) return;
    const moved = moveBuffers(buffers);
    const parts = encodeFrame({ head, buffers: moved });
    const bytes = parts.reduce((sum, { byteLength }) => sum + byteLength, 0);
    if (this.#waitingBytes > 0 && this.#waitingBytes + bytes > MAX_WAITING_BYTES) {
      throw new RangeError(
        `${this.#waitingBytes} bytes wait already to be read, and the limit is ${MAX_WAITING_BYTES}`,
      );
    }
    for (const part of parts) this.#write(part);
  }

  #write(part: Uint8Array<ArrayBuffer>): void {
    const { byteLength } = part;
    this.#waitingBytes += byteLength;
    this.#writer.write(part).then(() => {
      this.#waitingBytes -= byteLength;
      this.#pool.give(part.buffer);
    }, () => {}); // its end is heard of elsewhere
  }

  #reasonOf({ code, signal }: Deno.CommandStatus, { lastLine, outOfHeap, usedMb }: StderrSummary): string {
    if (code === MEMORY_EXIT_CODE) {
      return `it used ${
        usedMb ?? "too many"
      } MiB of memory, and the limit is ${this.#memoryMb} (limits.memoryMb)`;
    }
    if (outOfHeap) return `its objects took more than ${this.#heapMb} MiB of memory (limits.heapMb)`;
    const hint = NOT_CACHED.test(lastLine) ? CACHE_HINT : "";
    const how = signal === null ? `with code ${code}` : `by ${signal}`;
    return `its process ended ${how}${lastLine === "" ? "" : `: ${lastLine}`}${hint}`;
  }
}

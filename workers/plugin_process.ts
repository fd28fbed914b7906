/**
 * The main module of a plugin's process: it starts two workers and then only watches. The one blocks in reading
 * standard input, the other is the plugin's, and writes standard output by itself.
 *
 * This thread runs no code of the plugin and nothing that takes long, so it sees what a busy plugin cannot hide:
 * how much memory there is, and whether the host still is. If the host ends, however it ends, its end of the
 * pipe closes, and the process ends too.
 *
 * It never writes standard output: what it wrote would stand in the middle of a frame.
 *
 * @module
 */
import { MEMORY_EXIT_CODE, ON_A_PIPE, type ProcessSetup, type WorkerNews } from "./process_protocol.ts";

/** Milliseconds. A plugin can fill some hundred MiB between two looks. */
const WATCH_INTERVAL_MS = 25;
const BYTES_PER_MB = 2 ** 20;

const { tensors, permissions, memoryMb } = JSON.parse(Deno.args[0] ?? "") as ProcessSetup;
let loading = 2;
/** Resident memory without the plugin, as soon as it is known. Nothing of the plugin has run before. */
let baseBytes: number | undefined;

const { port1, port2 } = new MessageChannel();
// First the one that takes longer to load.
start(tensors ? "./tensor_plugin_worker.ts" : "./plugin_worker.ts", permissions)
  .postMessage(ON_A_PIPE, [port2]);
start("./pipe_reader.ts", "none").postMessage(null, [port1]);

setInterval(() => {
  const { rss } = Deno.memoryUsage();
  if (baseBytes !== undefined && rss > baseBytes + memoryMb * BYTES_PER_MB) Deno.exit(MEMORY_EXIT_CODE);
}, WATCH_INTERVAL_MS);

function start(module: string, permissions: ProcessSetup["permissions"]): Worker {
  const worker = new Worker(new URL(module, import.meta.url), { type: "module", deno: { permissions } });
  // Deno has written the error to standard error by then.
  worker.onerror = (event) => {
    event.preventDefault();
    Deno.exit(1);
  };
  worker.onmessage = ({ data }: MessageEvent<WorkerNews>) => {
    if (data === "end") Deno.exit(0);
    // A worker that reads its modules does so by this thread's right; none is needed when both have.
    if (data === "loaded" && --loading === 0) Deno.permissions.revokeSync({ name: "read" });
    // Only the first is believed: a plugin must not have a second.
    if (typeof data === "number") baseBytes ??= data;
  };
  return worker;
}

/**
 * The main module of a plugin's process: it starts the plugin's worker and then only watches.
 *
 * This thread runs no code of the plugin and nothing that takes long, so it sees what a busy plugin cannot hide:
 * how much memory there is, and whether the host still is. A process whose host has ended, however it ended, has
 * another parent, and ends too.
 *
 * It never touches standard input and output, which are the worker's: what it wrote would stand in the middle of
 * a frame.
 *
 * @module
 */
import { ENTRIES } from "./entries.ts";
import {
  MEMORY_EXIT_CODE,
  MEMORY_LINE,
  ON_A_PIPE,
  type ProcessSetup,
  type WorkerNews,
} from "./process_protocol.ts";

/** Milliseconds. A plugin can fill some hundred MiB between two looks. */
const WATCH_INTERVAL_MS = 25;
const BYTES_PER_MB = 2 ** 20;

const { kit, permissions, memoryMb, hostId } = JSON.parse(Deno.args[0] ?? "") as ProcessSetup;
/** Resident memory without the plugin, as soon as it is known. Nothing of the plugin has run before. */
let baseBytes: number | undefined;

const worker = new Worker(new URL(ENTRIES[kit], import.meta.url), { type: "module", deno: { permissions } });
worker.postMessage(ON_A_PIPE);
// Deno has written the error to standard error by then.
worker.onerror = (event) => {
  event.preventDefault();
  Deno.exit(1);
};
worker.onmessage = ({ data }: MessageEvent<WorkerNews>) => {
  if (data === "end") Deno.exit(0);
  // The worker reads its modules by this thread's right; none is needed when it has them.
  if (data === "loaded") Deno.permissions.revokeSync({ name: "read" });
  // Only the first is believed: a plugin must not have a second.
  if (typeof data === "number") baseBytes ??= data;
};

setInterval(() => {
  if (Deno.ppid !== hostId) Deno.exit(0);
  const { rss } = Deno.memoryUsage();
  if (baseBytes === undefined || rss <= baseBytes + memoryMb * BYTES_PER_MB) return;
  const usedMb = Math.round((rss - baseBytes) / BYTES_PER_MB);
  Deno.stderr.writeSync(new TextEncoder().encode(`${MEMORY_LINE}${usedMb}\n`));
  Deno.exit(MEMORY_EXIT_CODE);
}, WATCH_INTERVAL_MS);

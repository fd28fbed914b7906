/**
 * `memory/worker`: resident memory of an idle plugin, against that of an idle worker.
 *
 * Each is measured in a process of its own (memory_child.ts), so that neither finds what the other left.
 *
 * @module
 */
import { median, type Row, row } from "./rows.ts";

const PLUGINS = 20;
const MIB = 2 ** 20;

/** @param turns processes of each kind; the medians are taken */
export async function memoryRow(turns: number): Promise<Row> {
  const bytes: Record<"plugin" | "bare", number[]> = { plugin: [], bare: [] };
  for (let turn = 0; turn < turns; turn++) {
    for (const kind of ["plugin", "bare"] as const) bytes[kind].push(await bytesOf(kind));
  }
  return row("memory/worker", median(bytes.plugin) / MIB, median(bytes.bare) / MIB, "MiB", {
    note: `mean of ${PLUGINS} in one process`,
  });
}

async function bytesOf(kind: "plugin" | "bare"): Promise<number> {
  const child = new URL("./memory_child.ts", import.meta.url).pathname;
  const { success, stdout } = await new Deno.Command("deno", {
    args: [
      "run",
      "--no-prompt",
      "--lock=tests/deno.lock",
      "--allow-read=.",
      child,
      kind,
      String(PLUGINS),
    ],
    stderr: "inherit",
  }).output();
  if (!success) throw new Error(`The process that counts the memory of ${kind}s failed`);
  return Number(new TextDecoder().decode(stdout));
}

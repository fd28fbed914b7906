/**
 * What attacks cost their host: `lag/…`, how long its event loop is held up by each flood of the project's own
 * suite, and `bomb/…`, how much memory a plugin has when it is stopped.
 *
 * The references are promises, not other programs: the milliseconds that nobody notices, and the limit.
 *
 * @module
 */
import { ownSuite } from "../core/hostile/attack_file.ts";
import { runAttacks } from "../core/hostile/runner.ts";
import { MAX_LAG_MS } from "../core/hostile/verdict.ts";
import { PluginManager } from "../core/plugins/manager.ts";
import { messageOf } from "../core/wall/errors.ts";
import type { Tier } from "../core/wall/sandbox.ts";
import { memoryImage } from "../tests/fixtures/memory_image.ts";
import { processSandbox } from "../workers/process_sandbox.ts";
import { workerSandbox } from "../workers/worker_sandbox.ts";
import { median, type Row, row } from "./rows.ts";

const SCRATCH = "runs/.hostile";
/** Of a bomb's plugin; small, so that a look every 25 ms is seen. */
const LIMIT_MB = 256;

/** One row for each flood and tier. */
export async function lagRows(): Promise<Row[]> {
  const { attacks: all, fixtures } = await ownSuite();
  const attacks = all.filter(({ attackClass }) => attackClass === "starve");
  await Deno.mkdir(SCRATCH, { recursive: true });
  const scratch = await Deno.makeTempDir({ dir: await Deno.realPath(SCRATCH) });
  const rows: Row[] = [];
  try {
    const tiers = ["process", "worker"] as const;
    for await (
      const { attack, tier, lagMs, held, why } of runAttacks({ attacks, tiers, fixtures, scratch })
    ) {
      if (!held) throw new Error(`${attack} was not held on the ${tier} tier: ${why}`);
      rows.push(row(`lag/${attack}/${tier}`, lagMs ?? 0, MAX_LAG_MS, "ms"));
    }
  } finally {
    await Deno.remove(scratch, { recursive: true });
  }
  return rows.sort((a, b) => a.name < b.name ? -1 : 1);
}

/** Takes memory until it is stopped: buffers as fast as it can, or objects with pauses. */
const BOMBS = {
  buffers: `async run() {
    const held = [];
    for (;;) { held.push(new Uint8Array(2 ** 22).fill(1)); await new Promise((next) => setTimeout(next, 0)); }
  }`,
  "buffers-without-a-pause":
    `run() { const held = []; for (;;) held.push(new Uint8Array(2 ** 22).fill(1)); }`,
  objects: `async run() {
    for (const held = [];; await new Promise((next) => setTimeout(next, 0))) {
      for (let count = 0; count < 20_000; count++) held.push({ text: "number " + count, list: [count] });
    }
  }`,
} as const;

/** How much each had when it was stopped. A worker cannot be stopped without a pause, so it has two of them. */
export async function bombRows(turns: number): Promise<Row[]> {
  const rows: Row[] = [];
  for (const [name, body] of Object.entries(BOMBS)) {
    for (const tier of ["process", "worker"] as const) {
      if (tier === "worker" && name === "buffers-without-a-pause") continue;
      const stopped: number[] = [];
      for (let turn = 0; turn < turns; turn++) stopped.push(await stoppedAtMb(body, tier));
      const note = `at most ${Math.max(...stopped)} MiB`;
      rows.push(row(`bomb/${name}/${tier}`, median(stopped), LIMIT_MB, "MiB", { note }));
    }
  }
  return rows;
}

async function stoppedAtMb(body: string, tier: Tier): Promise<number> {
  const createSandbox = tier === "process" ? processSandbox : workerSandbox;
  await using manager = new PluginManager({ createSandbox });
  const limits = { memoryMb: LIMIT_MB, heapMb: 4 * LIMIT_MB };
  const plugin = await manager.start(await memoryImage(body), { tier, limits, restart: false });
  const end = await plugin.call("run", []).then(() => "it was not stopped", messageOf);
  const [, megabytes] = /it (?:used|holds) (\d+) MiB of memory/.exec(end) ?? [];
  if (megabytes === undefined) throw new Error(`The bomb ended otherwise: ${end}`);
  return Number(megabytes);
}

/**
 * `table/worker` and `table/process`: a table of a million rows and eight columns through an extractor that adds
 * nothing, there and back.
 *
 * The references do with the same bytes what cannot be spared: raw messages that move the buffers, and a bare process
 * that reads them all and writes them all.
 *
 * @module
 */
import { PluginManager } from "../core/plugins/manager.ts";
import type { Plugin } from "../core/plugins/plugin.ts";
import { buildImage } from "../core/security/image.ts";
import { Table } from "../core/table/table.ts";
import { fromWire, toWire } from "../core/table/wire.ts";
import type { SandboxFactory } from "../core/wall/sandbox.ts";
import { processSandbox } from "../workers/process_sandbox.ts";
import { workerSandbox } from "../workers/worker_sandbox.ts";
import { BareProcess } from "./bare_process.ts";
import { inTurns, type Row, row } from "./rows.ts";

const ROWS = 1_000_000;
const COLUMNS = 8;
/** Round trips of one turn in a worker: long enough for the clock. */
const TRIPS = 20;

const FILES: Readonly<Record<string, string>> = {
  "plugin.yaml": "name: bench_table\nversion: 1.0.0\nentry_points: { feature: main:Same }\n",
  "main.ts": `import { type ColumnTable, FeaturePort } from "k-bert/sdk/tables";
    export class Same extends FeaturePort {
      override extractFeatures(data: ColumnTable): ColumnTable { return data; }
    }`,
};

/** 64 MB that are moved and not copied: ours takes what the call takes, whatever the table's size. */
export async function tableWorkerRow(turns: number): Promise<Row> {
  await using same = await startSame(workerSandbox);
  using bare = new BufferWorker();
  let table = numbers();
  let buffers = Array.from({ length: COLUMNS }, () => new ArrayBuffer(8 * ROWS));
  const [ours, raw] = await inTurns(turns, async () => {
    for (let trip = 0; trip < TRIPS; trip++) table = await passed(same.plugin, table);
  }, async () => {
    for (let trip = 0; trip < TRIPS; trip++) buffers = await bare.ask(buffers);
  });
  check(table);
  const us = 1_000 / TRIPS;
  return row("table/worker", ours * us, raw * us, "us", {
    note: "64 MB in 8 buffers that are moved; none is copied",
  });
}

/** The same on a pipe, where every byte is written and read twice. */
export async function tableProcessRow(turns: number): Promise<Row> {
  await using same = await startSame(processSandbox);
  const bytes = COLUMNS * 8 * ROWS;
  await using bare = new BareProcess(bytes);
  let table = numbers();
  let data = new Uint8Array(bytes);
  const [ours, raw] = await inTurns(turns, async () => {
    table = await passed(same.plugin, table);
  }, async () => {
    data = await bare.ask(data) as Uint8Array<ArrayBuffer>;
  });
  check(table);
  return row("table/process", ours, raw, "ms", { note: "the bare process collects, then answers" });
}

/** Through the plugin and back. @throws {Error} if a buffer of the sender's was copied and not moved */
async function passed(plugin: Plugin<"feature">, table: Table): Promise<Table> {
  const sent = [...table.columns.values()].map(({ values }) => values.buffer as ArrayBuffer);
  const answer = fromWire(await plugin.methods().extractFeatures(toWire(table)));
  if (!sent.every(({ detached }) => detached)) throw new Error("A column was copied, not moved");
  return answer;
}

function numbers(): Table {
  const columns = Array.from({ length: COLUMNS }, (_, index) => {
    return [`c${index}`, Float64Array.from({ length: ROWS }, (_, row) => index + row / ROWS)] as const;
  });
  return Table.from(Object.fromEntries(columns));
}

function check(table: Table): void {
  if (table.rows !== ROWS || table.names.length !== COLUMNS) throw new Error("Another table came back");
  for (const [index, { values }] of [...table.columns.values()].entries()) {
    const isSame = [0, 1, ROWS / 2, ROWS - 1].every((row) => values[row] === index + row / ROWS);
    if (!isSame) throw new Error(`The numbers of column ${index + 1} did not come back`);
  }
}

async function startSame(
  createSandbox: SandboxFactory,
): Promise<{ plugin: Plugin<"feature"> } & AsyncDisposable> {
  const image = await buildImage({
    ...{ name: "bench_table", location: "memory" },
    read: (file) => Promise.resolve(new TextEncoder().encode(FILES[file])),
  });
  const manager = new PluginManager({ createSandbox });
  const plugin = await manager.start(image, { port: "feature", settings: { input_columns: [] } });
  return { plugin, [Symbol.asyncDispose]: () => manager[Symbol.asyncDispose]() };
}

/** The host's end of `workers/buffers.ts`; whoever made it disposes of it. */
class BufferWorker implements Disposable {
  readonly #worker = new Worker(new URL("./workers/buffers.ts", import.meta.url), {
    type: "module",
    deno: { permissions: "none" },
  });

  /** One at a time; the buffers that are given become empty. */
  ask(buffers: ArrayBuffer[]): Promise<ArrayBuffer[]> {
    return new Promise((resolve) => {
      this.#worker.onmessage = ({ data }) => resolve(data);
      this.#worker.postMessage(buffers, buffers);
    });
  }

  [Symbol.dispose](): void {
    this.#worker.terminate();
  }
}

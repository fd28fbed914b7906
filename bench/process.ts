/**
 * The process tier: `call/process`, `tensor16/process`, `load/process` and `kill/process`.
 *
 * The references are bare processes on the same kind of pipe, except for killing, where it is the time that a
 * user would not notice.
 *
 * @module
 */
import { PluginManager } from "../core/plugins/manager.ts";
import type { Plugin } from "../core/plugins/plugin.ts";
import type { HostTensor } from "../core/wall/tensor.ts";
import { memoryImage } from "../tests/fixtures/memory_image.ts";
import { type ProcessSandbox, processSandbox } from "../workers/process_sandbox.ts";
import { SpareSandboxes } from "../workers/spare_sandboxes.ts";
import { BareProcess } from "./bare_process.ts";
import { endingWithRest } from "./load.ts";
import { inTurns, median, type Row, row } from "./rows.ts";

const ECHO = await memoryImage("echo(value: unknown): unknown { return value; } spin(): void { for (;;); }");

/** Calls of one turn: long enough for the clock, short enough that both see the same machine. */
const CALLS = 250;
const TEXT = "a spoon in the soup";
const NUMBERS = 4 * 2 ** 20;
/** Round trips of one turn. */
const TRIPS = 5;
/** Milliseconds. */
const UNNOTICED_MS = 50;
/** Until a process in reserve is replaced and loaded. */
const REFILL_MS = 600;

/** A text there and back, one after the other. */
export async function callProcessRow(turns: number): Promise<Row> {
  await using echo = await startEcho();
  await using bare = new BareProcess();
  const bytes = new TextEncoder().encode(TEXT);
  const [ours, raw] = await inTurns(turns, async () => {
    for (let count = 0; count < CALLS; count++) {
      if (await echo.plugin.call("echo", [TEXT]) !== TEXT) throw new Error("It was answered something else");
    }
  }, async () => {
    for (let count = 0; count < CALLS; count++) await bare.ask(bytes);
  });
  const us = 1_000 / CALLS;
  return row("call/process", ours * us, raw * us, "us", { note: `${CALLS} one after the other in a turn` });
}

/** 16 MiB of numbers there and back, against a process that takes them all and then answers, as a call does. */
export async function tensorProcessRow(turns: number): Promise<Row> {
  await using echo = await startEcho();
  const bytes = NUMBERS * Float32Array.BYTES_PER_ELEMENT;
  await using bare = new BareProcess(bytes);
  let tensor: HostTensor = {
    dtype: "float32",
    shape: [NUMBERS],
    data: new Float32Array(NUMBERS).fill(0.5),
  };
  let data = new Uint8Array(bytes);
  const [ours, raw] = await inTurns(turns, async () => {
    for (let trip = 0; trip < TRIPS; trip++) tensor = await echo.plugin.call("echo", [tensor]) as HostTensor;
  }, async () => {
    for (let trip = 0; trip < TRIPS; trip++) data = await bare.ask(data) as Uint8Array<ArrayBuffer>;
  });
  const { length, 0: first, [length - 1]: last } = tensor.data;
  if (length !== NUMBERS || first !== 0.5 || last !== 0.5) throw new Error("The numbers did not come back");
  return row("tensor16/process", ours / TRIPS, raw / TRIPS, "ms", {
    note: "the bare process collects, then answers",
  });
}

/** From an image to an active plugin, against a process' start to its first answer. */
export async function loadProcessRow(name: string, spares: number, turns: number): Promise<Row> {
  using reserve = new SpareSandboxes(processSandbox, spares);
  await using manager = new PluginManager({ createSandbox: reserve.create });
  const bytes = Uint8Array.of(1);
  const [ours, raw] = await inTurns(turns, async () => {
    const plugin = await manager.start(ECHO);
    return endingWithRest(() => plugin.unload(), REFILL_MS);
  }, async () => {
    const bare = new BareProcess();
    await bare.ask(bytes);
    return endingWithRest(() => bare[Symbol.asyncDispose](), REFILL_MS);
  });
  return row(name, ours, raw, "ms", {
    note: spares > 0 ? "a process waits in reserve" : "each starts its own process",
  });
}

/** A loop without an end: from the deadline of its call to the end of its process. */
export async function killProcessRow(turns: number): Promise<Row> {
  const times: number[] = [];
  for (let turn = 0; turn < turns; turn++) {
    await using echo = await startEcho();
    await echo.plugin.call("spin", [], { timeoutMs: 30 }).catch(() => {});
    const deadline = performance.now();
    echo.plugin[Symbol.dispose]();
    await echo.sandbox.ended;
    times.push(performance.now() - deadline);
  }
  return row("kill/process", median(times), UNNOTICED_MS, "ms", {
    note: `at most ${Math.ceil(Math.max(...times))} ms`,
  });
}

async function startEcho(): Promise<{ plugin: Plugin; sandbox: ProcessSandbox } & AsyncDisposable> {
  let sandbox: ProcessSandbox | undefined;
  const manager = new PluginManager({ createSandbox: (options) => sandbox = processSandbox(options) });
  const plugin = await manager.start(ECHO) as Plugin;
  return { plugin, sandbox: sandbox!, [Symbol.asyncDispose]: () => manager[Symbol.asyncDispose]() };
}

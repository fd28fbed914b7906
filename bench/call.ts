/**
 * `call/worker` and `call/comlink`: a call there and back, against a message there and back.
 *
 * @module
 */
import { BareWorker, startWorker } from "./bare_worker.ts";
import { wrap } from "./deps/comlink.ts";
import { startEcho } from "./echo_plugin.ts";
import { inTurns, type Row, row } from "./rows.ts";
import type { Calls } from "./workers/comlink.ts";

/** Calls of one turn: long enough for the clock, short enough that both see the same machine. */
const CALLS = 500;
const TEXT = "a spoon in the soup";

/** Ours: `plugin.methods().echo(text)`. */
export async function callRow(turns: number): Promise<Row> {
  await using echo = await startEcho();
  return await against("call/worker", turns, (text) => echo.methods.echo(text));
}

/** Comlink's, to be read beside ours. */
export async function comlinkRow(turns: number): Promise<Row> {
  const worker = startWorker("comlink");
  using _worker = { [Symbol.dispose]: () => worker.terminate() };
  const calls = wrap<Calls>(worker);
  return await against("call/comlink", turns, (text) => calls.echo(text));
}

async function against(name: string, turns: number, call: (text: string) => Promise<string>): Promise<Row> {
  using bare = new BareWorker();
  const [ours, raw] = await inTurns(
    turns,
    () => repeat(call),
    () => repeat((text) => bare.ask(text)),
  );
  const us = 1_000 / CALLS;
  return row(name, ours * us, raw * us, "us", { note: `${CALLS} one after the other in a turn` });
}

async function repeat(ask: (text: string) => Promise<string>): Promise<void> {
  for (let count = 0; count < CALLS; count++) {
    if (await ask(TEXT) !== TEXT) throw new Error("It was answered something else");
  }
}

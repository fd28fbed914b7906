/**
 * `tensor16/worker`: 16 MiB of numbers there and back, against a transfer there and back.
 *
 * @module
 */
import { BareWorker } from "./bare_worker.ts";
import { startEcho } from "./echo_plugin.ts";
import type { Tensor } from "./plugins/bench_echo/main.ts";
import { inTurns, type Row, row } from "./rows.ts";

const NUMBERS = 4 * 2 ** 20;
/** Round trips of one turn. */
const TRIPS = 50;

/** Neither side copies: the row is an error if the numbers are not there afterwards. */
export async function tensorRow(turns: number): Promise<Row> {
  await using echo = await startEcho();
  using bare = new BareWorker();
  let tensor: Tensor = {
    dtype: "float32",
    shape: [NUMBERS],
    data: new Float32Array(NUMBERS).fill(0.5),
  };
  let data = new Float32Array(NUMBERS).fill(0.5);
  const [ours, raw] = await inTurns(turns, async () => {
    for (let trip = 0; trip < TRIPS; trip++) tensor = await echo.methods.pass(tensor);
  }, async () => {
    for (let trip = 0; trip < TRIPS; trip++) data = await bare.ask(data, [data.buffer]);
  });
  for (const { length, 0: first, [length - 1]: last } of [tensor.data, data]) {
    if (length !== NUMBERS || first !== 0.5 || last !== 0.5) throw new Error("The numbers did not come back");
  }
  const us = 1_000 / TRIPS;
  return row("tensor16/worker", ours * us, raw * us, "us", { note: "moved, not copied" });
}

/**
 * `load/worker`: from a plugin's folder to an active plugin, against a worker's start to its first answer.
 *
 * @module
 */
import { createRuntime } from "../mod.ts";
import { BareWorker } from "./bare_worker.ts";
import { ECHO_FOLDER } from "./echo_plugin.ts";
import { inTurns, type Row, row } from "./rows.ts";

/** What was started is ended outside of the measured time. */
export async function loadRow(turns: number): Promise<Row> {
  await using runtime = await createRuntime({ log: () => {} });
  const [ours, raw] = await inTurns(turns, () => runtime.plugins.start(ECHO_FOLDER), async () => {
    const bare = new BareWorker();
    await bare.ask("hello");
    return bare;
  });
  return row("load/worker", ours, raw, "ms", {
    note: "cold: every plugin starts a worker, none is kept warm",
  });
}

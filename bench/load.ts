/**
 * `load/worker` and `load/worker-cold`: from a plugin's folder to an active plugin, against a worker's start
 * to its first answer.
 *
 * @module
 */
import { createRuntime } from "../mod.ts";
import { BareWorker } from "./bare_worker.ts";
import { ECHO_FOLDER } from "./echo_plugin.ts";
import { inTurns, type Row, row } from "./rows.ts";

/** Long enough for a worker in reserve to be there, so that no start falls into the time of another turn. */
const REST_MS = 300;

/** @param spares workers in reserve; 0 for a plugin that has to start its own */
export async function loadRow(name: string, spares: number, turns: number): Promise<Row> {
  await using runtime = await createRuntime({ log: () => {}, spares });
  const [ours, raw] = await inTurns(turns, async () => {
    const plugin = await runtime.plugins.start(ECHO_FOLDER, { tier: "worker" });
    return endingWithRest(() => plugin.unload());
  }, async () => {
    const bare = new BareWorker();
    await bare.ask("hello");
    return endingWithRest(() => bare[Symbol.dispose]());
  });
  const note = spares > 0 ? "a worker waits in reserve" : "each starts its own worker";
  return row(name, ours, raw, "ms", { note });
}

/** Disposed of outside of the measured time. */
export function endingWithRest(end: () => Promise<void> | void, restMs = REST_MS): AsyncDisposable {
  return {
    async [Symbol.asyncDispose](): Promise<void> {
      await end();
      await new Promise((resolve) => setTimeout(resolve, restMs));
    },
  };
}

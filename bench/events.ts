/**
 * `events/worker`: events in a second from a plugin to a listener on the host's bus, against one object in
 * each message.
 *
 * @module
 */
import { startWorker } from "./bare_worker.ts";
import { startEcho } from "./echo_plugin.ts";
import { inTurns, type Row, row } from "./rows.ts";

/** Events of one turn. */
const EVENTS = 20_000;
/** Of those, in one turn of the plugin's event loop; see the plugin. */
const BURST = 500;

const TICK: string = "bench.tick";

/** An error if a single event is missing, or out of order. */
export async function eventsRow(turns: number): Promise<Row> {
  // The usual limit is 100,000, which here would be what is measured.
  await using echo = await startEcho({ eventsPerSecond: 1e8 });
  const worker = startWorker("ticks");
  using _worker = { [Symbol.dispose]: () => worker.terminate() };

  const ours = async (): Promise<void> => {
    const counted = new Count();
    using _listener = echo.runtime.events.on(TICK, (payload) => counted.add(payload));
    await Promise.all([echo.methods.tick(EVENTS, BURST), counted.all]);
  };
  const raw = async (): Promise<void> => {
    const counted = new Count();
    worker.onmessage = ({ data }) => counted.add(data);
    worker.postMessage(EVENTS);
    await counted.all;
  };
  const [oursMs, rawMs] = await inTurns(turns, ours, raw);
  return row("events/worker", EVENTS / oursMs * 1_000, EVENTS / rawMs * 1_000, "1/s", {
    better: "higher",
    note: `all ${EVENTS} arrived; ${BURST} in a turn, limits.eventsPerSecond raised by the user`,
  });
}

/** Waits for every event, in order. */
class Count {
  readonly #done = Promise.withResolvers<void>();
  #last = 0;

  get all(): Promise<void> {
    return this.#done.promise;
  }

  add(payload: unknown): void {
    const { step } = payload as { step: number };
    if (step !== ++this.#last) this.#done.reject(new Error(`Event ${step} came instead of ${this.#last}`));
    if (step === EVENTS) this.#done.resolve();
  }
}

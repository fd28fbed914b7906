/**
 * Lets the process end although a worker of it still runs.
 *
 * `terminate()` only wakes a worker's event loop, so one that loops for ever keeps its thread, and a host that
 * waits for it could not end by itself; nor could one that forgot to end a worker.
 *
 * @module
 */

/**
 * Deno has this for the workers of `node:worker_threads`, under a symbol without a name. A test says if that
 * is gone some day; a host with a worker that is stuck or forgotten then has to be ended by hand.
 */
export function letGo(worker: Worker): void {
  for (const symbol of Object.getOwnPropertySymbols(Worker.prototype)) {
    const method: unknown = Reflect.get(worker, symbol);
    if (!symbol.description && typeof method === "function") method.call(worker, false);
  }
}

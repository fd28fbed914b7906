/**
 * How a host measures itself while it is attacked.
 *
 * @module
 */
import { cpuUsage } from "node:process";

/** How often the event loop is looked at. */
const LOOK_MS = 10;
/** How long the processor is watched when all is over, and how much of a core an idle process may use. */
const IDLE_WINDOW_MS = 250;
const IDLE_CORES = 0.4;
/** A thread may end late and still in time. */
const MAX_IDLE_TRIES = 4;
const BYTES_PER_MB = 2 ** 20;
/** Nobody asks where so little went. */
const FEW_MB = 64;
const MAX_MEMORY_TRIES = 10;
const RIGHTS = ["read", "write", "net", "run", "env", "sys", "ffi", "import"] as const;

/** The longest time for which nothing else had a turn, in milliseconds. */
export class LagMeter implements Disposable {
  #maxMs = 0;
  #last = performance.now();
  readonly #timer = setInterval(() => {
    const now = performance.now();
    this.#maxMs = Math.max(this.#maxMs, now - this.#last - LOOK_MS);
    this.#last = now;
  }, LOOK_MS);

  get maxMs(): number {
    return Math.max(this.#maxMs, performance.now() - this.#last - LOOK_MS);
  }

  [Symbol.dispose](): void {
    clearInterval(this.#timer);
  }
}

/** Resident memory of this process, compared with the start. */
export class MemoryMeter implements Disposable {
  readonly #before = Deno.memoryUsage().rss;
  #peak = this.#before;
  readonly #timer = setInterval(() => this.#peak = Math.max(this.#peak, Deno.memoryUsage().rss), LOOK_MS);

  /** Waits for what is to be given back, which allocators do in their own time. */
  async read(): Promise<{ peakMb: number; keptMb: number }> {
    const collect: unknown = Reflect.get(globalThis, "gc");
    let keptMb = Infinity;
    for (let tries = 0; tries < MAX_MEMORY_TRIES && keptMb > FEW_MB; tries++) {
      if (typeof collect === "function") collect();
      await new Promise((resolve) => setTimeout(resolve, tries === 0 ? 0 : 100));
      keptMb = Math.max(0, Deno.memoryUsage().rss - this.#before) / BYTES_PER_MB;
    }
    return { peakMb: (this.#peak - this.#before) / BYTES_PER_MB, keptMb };
  }

  [Symbol.dispose](): void {
    clearInterval(this.#timer);
  }
}

/**
 * Whether this process has stopped computing: a thread that was ended and still loops would be seen.
 *
 * @returns milliseconds from `since` until it had, undefined if it has not
 */
export async function threadsAreIdle(since: number): Promise<number | undefined> {
  for (let tries = 0; tries < MAX_IDLE_TRIES; tries++) {
    const start = performance.now();
    const before = cpuUsage();
    await new Promise((resolve) => setTimeout(resolve, IDLE_WINDOW_MS));
    const { user, system } = cpuUsage(before);
    const cores = (user + system) / 1_000 / (performance.now() - start);
    if (cores < IDLE_CORES) return start - since;
  }
  return undefined;
}

/** Looks at what an attack on the host would change, now and when the result is called. */
export async function changesOfHost(): Promise<() => Promise<string[]>> {
  const before = await stateOfHost();
  return async () => {
    const after = await stateOfHost();
    return Object.keys(before).filter((name) => before[name] !== after[name]).map((name) =>
      `the host's ${name} changed from ${before[name]} to ${after[name]}`
    );
  };
}

async function stateOfHost(): Promise<Record<string, string>> {
  const state: Record<string, string> = { "({}).polluted": String(Reflect.get({}, "polluted")) };
  for (const { name, prototype } of [Object, Array, Map, Promise, Function, String]) {
    state[`${name}.prototype`] = Reflect.ownKeys(prototype).map(String).join();
  }
  for (const name of RIGHTS) state[`right to ${name}`] = (await Deno.permissions.query({ name })).state;
  state["exit code"] = String(Deno.exitCode);
  return state;
}

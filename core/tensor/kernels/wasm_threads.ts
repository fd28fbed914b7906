/**
 * Threads of the wasm backend: workers of ours with our kernels on tfjs' memory.
 *
 * tfjs and its allocator stay in the program's thread, which takes stripes itself and goes on when all are
 * computed. So nobody who calls a kernel sees that there are threads, and the numbers are the same to the bit.
 *
 * @module
 */
import { letGo } from "../../wall/let_go.ts";
import {
  computeAll,
  CONTROL_BYTES,
  controlOf,
  type Job,
  type StripedExports,
  stripesOf,
  takeStripes,
  WORDS,
  writeJob,
} from "./wasm_job.ts";
import type { ThreadStart } from "./wasm_thread.ts";

/** Who computes jobs. */
export interface Team {
  /** How many, the program's own thread included. */
  readonly threads: number;
  /** What a stripe has to take for a thread to be woken for it. */
  readonly leastStripeNs: number;
  /** Computes all stripes of a job. */
  run(job: Job): void;
}

/** The program's thread alone. */
export function alone(kernels: StripedExports): Team {
  return {
    ...{ threads: 1, leastStripeNs: LEAST_STRIPE_NS },
    run: (job) => computeAll(kernels, job),
  };
}

/** What threads need of the module. */
export interface SharedModule {
  readonly module: WebAssembly.Module;
  readonly memory: WebAssembly.Memory;
  /** The instance of the program's thread. */
  readonly kernels: StripedExports & { workspaceBytes(): number };
  allocate(bytes: number): number;
  free(address: number): void;
}

/** Measured; below 10,000 the smallest kernels get slower by threads. */
const LEAST_STRIPE_NS = 15_000;
/** How long a thread may take to start. */
const START_MS = 10_000;
/** Looks at whether the others are done, before the system is asked to wait: stripes take less than that. */
const WAITING_SPINS = 20_000;

/** A team with workers. Disposing of it ends them. */
export class WasmThreads implements Team, Disposable {
  readonly #kernels: StripedExports;
  readonly #control = controlOf(new SharedArrayBuffer(CONTROL_BYTES));
  readonly #stack = new DisposableStack();
  readonly threads: number;
  readonly leastStripeNs: number;

  private constructor(kernels: StripedExports, threads: number, leastStripeNs: number) {
    this.#kernels = kernels;
    this.threads = threads;
    this.leastStripeNs = leastStripeNs;
  }

  /**
   * Starts workers on a module whose memory is shared.
   *
   * @param threads how many, the program's own included
   * @param leastStripeNs a test says 0, and everything is cut as small as it can be
   * @throws {Error} if one does not start, with the reason; none is left running
   */
  static async start(
    shared: SharedModule,
    threads: number,
    leastStripeNs = LEAST_STRIPE_NS,
  ): Promise<WasmThreads> {
    const team = new WasmThreads(shared.kernels, threads, leastStripeNs);
    using guard = new DisposableStack();
    guard.use(team);
    await Promise.all(Array.from({ length: threads - 1 }, () => team.#add(shared)));
    guard.move();
    return team;
  }

  run(job: Job): void {
    const stripes = stripesOf(job);
    if (stripes <= 1 || job.isSmall) return computeAll(this.#kernels, job);
    const { words } = this.#control;
    writeJob(this.#control, job);
    Atomics.store(words, WORDS.left, stripes); // from here on it can be taken
    Atomics.add(words, WORDS.job, 1);
    if (Atomics.load(words, WORDS.asleep) > 0) Atomics.notify(words, WORDS.job, stripes - 1);
    let failure: unknown;
    try {
      takeStripes(this.#kernels, this.#control, () => job);
    } catch (error) {
      failure = error;
      Atomics.store(words, WORDS.left, 0); // nobody begins another
      Atomics.store(words, WORDS.failed, 1);
    }
    this.#waitForOthers();
    if (Atomics.load(words, WORDS.failed) === 0) return;
    throw new Error("A thread of the wasm backend has failed, so no number of it can be trusted", {
      cause: failure,
    });
  }

  [Symbol.dispose](): void {
    const { words } = this.#control;
    Atomics.store(words, WORDS.ended, 1);
    Atomics.add(words, WORDS.job, 1);
    Atomics.notify(words, WORDS.job);
    this.#stack[Symbol.dispose]();
  }

  async #add({ module, memory, kernels, allocate, free }: SharedModule): Promise<void> {
    const workspace = allocate(kernels.workspaceBytes());
    const worker = startWorker();
    this.#stack.defer(() => worker.terminate());
    const control = this.#control.words.buffer;
    worker.postMessage({ module, memory, workspace, control } satisfies ThreadStart);
    await ready(worker);
    this.#stack.defer(() => free(workspace)); // not before: one that starts late would still write to it
    letGo(worker); // a program that ends without disposing of the backend does end
  }

  /** Stripes are short: looking again is faster than being woken, unless the system has put a thread aside. */
  #waitForOthers(): void {
    const { words } = this.#control;
    for (let spin = 0;; spin++) {
      const busy = Atomics.load(words, WORDS.busy);
      if (busy === 0) return;
      if (spin > WAITING_SPINS) Atomics.wait(words, WORDS.busy, busy, 1);
    }
  }
}

/** @throws {Error} without the right to read it; Deno would write of that on the console, too */
function startWorker(): Worker {
  const path = new URL("./wasm_thread.ts", import.meta.url);
  if (path.protocol === "file:" && Deno.permissions.querySync({ name: "read", path }).state !== "granted") {
    throw new Error(`it may not read ${path.pathname}`);
  }
  // With the rights of the program, whose code it is: to take them away needs a flag, without which Deno ends the process.
  return new Worker(path, { type: "module", name: "wasm thread" });
}

/** Resolves when the worker has its instance. */
async function ready(worker: Worker): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const timer = setTimeout(() => reject(new Error(`no answer in ${START_MS} ms`)), START_MS);
  worker.onmessage = () => resolve();
  worker.onerror = (event) => {
    event.preventDefault(); // it would end the program
    reject(new Error(event.message));
  };
  await promise.finally(() => clearTimeout(timer));
}

/**
 * Never called. Its literal import makes the worker's module a part of this module's graph, so that it is in the
 * cache when a program that was imported from a URL starts its first thread.
 */
export const threadGraph = (): Promise<unknown> => import("./wasm_thread.ts");

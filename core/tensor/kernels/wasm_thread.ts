/**
 * A thread of the wasm backend: a worker with an instance of our kernels on the memory of the program, which
 * takes stripes of whatever call is open.
 *
 * It never returns to its event loop before the end. It knows no tfjs, allocates nothing and runs no code but this file and our kernels.
 *
 * @module
 */
import { type Control, controlOf, readJob, type StripedExports, takeStripes, WORDS } from "./wasm_job.ts";

/** What a thread is sent at its start. */
export interface ThreadStart {
  readonly module: WebAssembly.Module;
  readonly memory: WebAssembly.Memory;
  /** Address of its own workspace. */
  readonly workspace: number;
  readonly control: SharedArrayBuffer;
}

/** How often it looks for a job before it sleeps, some microseconds; a step took the same with 200 and 20,000. */
const SPINS = 2_000;

declare const self: {
  onmessage: (event: MessageEvent<ThreadStart>) => void;
  postMessage(message: "ready"): void;
  close(): void;
};

self.onmessage = ({ data: { module, memory, workspace, control: shared } }) => {
  const { exports } = new WebAssembly.Instance(module, { env: { memory } });
  const kernels = exports as unknown as StripedExports & { useWorkspace(at: number): void };
  kernels.useWorkspace(workspace);
  const control = controlOf(shared);
  const seen = Atomics.load(control.words, WORDS.job);
  self.postMessage("ready");
  serve(kernels, control, seen);
  self.close();
};

function serve(kernels: StripedExports, control: Control, seen: number): void {
  const { words } = control;
  for (;;) {
    seen = nextJob(control, seen);
    if (Atomics.load(words, WORDS.ended) !== 0) return;
    // Counted before a stripe is taken: a job is not over while somebody is in here.
    Atomics.add(words, WORDS.busy, 1);
    try {
      takeStripes(kernels, control, () => readJob(control));
    } catch {
      Atomics.store(words, WORDS.failed, 1);
    }
    if (Atomics.sub(words, WORDS.busy, 1) === 1) Atomics.notify(words, WORDS.busy);
  }
}

/** Waits for another job than `seen`. */
function nextJob({ words }: Control, seen: number): number {
  for (let spin = 0; spin < SPINS; spin++) {
    const now = Atomics.load(words, WORDS.job);
    if (now !== seen) return now;
  }
  Atomics.add(words, WORDS.asleep, 1);
  Atomics.wait(words, WORDS.job, seen);
  Atomics.sub(words, WORDS.asleep, 1);
  return Atomics.load(words, WORDS.job);
}

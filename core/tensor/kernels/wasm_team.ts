/**
 * Puts threads to use for the kernels of the wasm backend, and says why where they cannot be had.
 *
 * @module
 */
import { messageOf } from "../../wall/errors.ts";
import { installWasmKernels } from "./wasm_kernels.ts";
import { openWasmModule } from "./wasm_module.ts";
import { WasmThreads } from "./wasm_threads.ts";

/** The threads in use, one or more. Disposing of them gives the kernels back to the program's own. */
export interface WasmTeam extends Disposable {
  readonly threads: number;
  /** Of that many threads, for people; why there is only one, if more were wanted. Empty for one. */
  readonly note: string;
}

/** More gain little: what the program's thread does between the kernels becomes the larger part. */
const MOST_THREADS = 8;

/** How many threads to start where nobody says: one per core. */
export function usualThreads(): number {
  return Math.min(navigator.hardwareConcurrency, MOST_THREADS);
}

/**
 * Starts threads for the current backend, which has to be wasm with its kernels in use. Never throws: with one
 * thread everything is the same, and slower.
 *
 * @param wanted how many, the program's own included
 * @param leastStripeNs a test says 0, and everything is cut as small as it can be
 */
export async function startWasmTeam(wanted: number, leastStripeNs?: number): Promise<WasmTeam> {
  if (wanted <= 1) return oneThread("");
  const module = openWasmModule();
  if (!module) return oneThread("the engine has no relaxed SIMD");
  if (!module.shared) return oneThread("its memory is not shared");
  let team: WasmThreads;
  try {
    team = await WasmThreads.start(module.shared, wanted, leastStripeNs);
  } catch (error) {
    return oneThread(`a worker does not start: ${messageOf(error)}`);
  }
  const isUsed = installWasmKernels(module.by(team));
  return {
    threads: wanted,
    note: `, with ${wanted} threads`,
    [Symbol.dispose]: () => {
      if (isUsed()) installWasmKernels(module.kernels); // or else another backend has been started since
      team[Symbol.dispose]();
    },
  };
}

function oneThread(why: string): WasmTeam {
  const note = why === "" ? "" : `, with one thread because ${why}`;
  return { threads: 1, note, [Symbol.dispose]: () => {} };
}

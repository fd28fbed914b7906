/**
 * Puts all guards of a backend in place: what tfjs computes wrongly without saying so is repaired or refused.
 *
 * Called by startBackend, so that it holds in the program and in every plugin's worker alike. Our own kernels
 * come after the guards and call them for whatever they leave to tfjs.
 *
 * @module
 */
import { guardBackendSwitch } from "./backend_switch.ts";
import { repairBroadcastGradients } from "./broadcast_gradients.ts";
import { refuseEmptyReductions } from "./empty_reductions.ts";
import { repairFloatCasts } from "./float_casts.ts";
import { repairMatMulBatches } from "./matmul_batches.ts";
import { repairWasmBools } from "./wasm_bools.ts";
import { refuseWasmRanks } from "./wasm_ranks.ts";
import { repairWasmWeights } from "./wasm_weights.ts";
import { repairWebGpuAddN } from "./webgpu_add_n.ts";
import { refuseForeignIds } from "./webgpu_ids.ts";
import { repairWebGpuIntegers } from "./webgpu_integers.ts";
import { refuseWebGpuPadding } from "./webgpu_padding.ts";

/** The backends that tfjs itself knows; each of ours is one of them. */
export type GuardedBackend = "webgpu" | "wasm" | "cpu";

/** Guards of kernels, which stay in the registry of this realm. */
const GUARDS: Readonly<Record<GuardedBackend, readonly ((backend: GuardedBackend) => void)[]>> = {
  cpu: [repairFloatCasts, repairMatMulBatches, refuseEmptyReductions],
  wasm: [repairWasmBools, repairWasmWeights, repairMatMulBatches, refuseEmptyReductions],
  webgpu: [
    repairFloatCasts,
    repairMatMulBatches,
    repairWebGpuIntegers,
    repairWebGpuAddN,
    refuseEmptyReductions,
    refuseWebGpuPadding,
    refuseForeignIds,
  ],
};

const installed = new Set<string>();

/** To be called when the backend is tfjs' current one and before any kernel of our own is in its place. */
export function installGuards(backend: GuardedBackend): void {
  once("realm", () => {
    guardBackendSwitch();
    repairBroadcastGradients();
  });
  once(backend, () => GUARDS[backend].forEach((guard) => guard(backend)));
  if (backend === "wasm") refuseWasmRanks();
}

function once(key: string, install: () => void): void {
  if (installed.has(key)) return;
  installed.add(key);
  install();
}

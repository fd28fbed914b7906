/**
 * Our own wasm module (`wasm/`), running on the memory of tfjs' wasm backend: a tensor's address is all
 * that a kernel needs, and nothing is copied.
 *
 * It needs relaxed SIMD (a multiply-add that may be fused). An engine without it keeps the stock kernels.
 * Whether it fuses depends on the CPU, so last bits may differ between machines, never between two runs.
 *
 * @module
 */
import * as tf from "../../deps/tfjs.ts";
// @ts-types="../../deps/tfjs_wasm.d.ts"
import encodedModule from "../assets/kernels_wasm.js";
import type { WasmExports, WasmKernels } from "./wasm_functions.ts";
import type { WasmBackend } from "./wasm_heap.ts";
import { setShared } from "./wasm_shared.ts";
import { stripedKernels } from "./wasm_stripes.ts";
import { alone, type SharedModule, type Team } from "./wasm_threads.ts";

/** The module on one backend; its instance lives as long as that. */
export interface WasmModule {
  /** Computed by the program's thread alone. */
  readonly kernels: WasmKernels;
  /** What other threads need to have an instance of their own; undefined where the memory is not shared. */
  readonly shared: SharedModule | undefined;
  /** The same kernels, computed by a team. */
  by(team: Team): WasmKernels;
}

const modules = new WeakMap<object, WasmModule>();

/**
 * The module on the current backend's memory; made at the first call.
 *
 * @returns undefined where the engine has no relaxed SIMD
 */
export function openWasmModule(): WasmModule | undefined {
  const { wasm } = tf.backend() as unknown as WasmBackend;
  const open = modules.get(wasm);
  if (open) return open;

  const memory = memoryOf(wasm);
  const isShared = !(memory.buffer instanceof ArrayBuffer);
  const bytes = setShared(Uint8Array.fromBase64(encodedModule), isShared);
  if (!WebAssembly.validate(bytes)) return undefined;
  const module = new WebAssembly.Module(bytes);
  const instance = new WebAssembly.Instance(module, { env: { memory } });
  const exports = instance.exports as unknown as WasmExports;
  const allocate = (size: number): number => wasm._malloc(size);
  const free = (address: number): void => wasm._free(address);
  exports.useWorkspace(allocate(exports.workspaceBytes()));
  const by = (team: Team): WasmKernels =>
    stripedKernels(exports, team, (size, use) => {
      const address = allocate(size);
      try {
        use(address);
      } finally {
        free(address);
      }
    });
  const shared = isShared ? { module, memory, kernels: exports, allocate, free } : undefined;
  const opened = { kernels: by(alone(exports)), shared, by };
  modules.set(wasm, opened);
  return opened;
}

/** Emscripten keeps the exports of tfjs' module under `asm`; its memory is one of them. */
function memoryOf({ asm }: WasmBackend["wasm"]): WebAssembly.Memory {
  const memory = Object.values(asm).find((value) => value instanceof WebAssembly.Memory);
  if (!memory) throw new TypeError("Cannot find the memory of tfjs' wasm module among its exports");
  return memory;
}

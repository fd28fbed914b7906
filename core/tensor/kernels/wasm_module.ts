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
import type { RandomStates } from "./composed.ts";
import type { WasmBackend } from "./wasm_heap.ts";
import type { StripedExports } from "./wasm_job.ts";
import { setShared } from "./wasm_shared.ts";
import { stripedKernels } from "./wasm_stripes.ts";
import { alone, type SharedModule, type Team } from "./wasm_threads.ts";

/** What the module exports; parameters and shapes are explained in `wasm/`. Addresses are in bytes. */
export interface WasmExports extends StripedExports {
  workspaceBytes(): number;
  /** Has to be called before any kernel. */
  useWorkspace(at: number): void;
  segmentSum(...[x, ids, out, rows, width, segments]: Numbers<6>): void;
  gatherRows(...[x, ids, out, rows, width]: Numbers<5>): void;
  sumOfSquares(...[x, size]: Numbers<2>): number;
}

/** The kernels as they are called: the whole of a computation, whoever computes it. */
export interface WasmKernels {
  gemm(
    ...[a, aRow, aInner, b, bInner, bColumn, c, cRow, bias, y, rows, columns, inner]: Numbers<13>
  ): void;
  products(
    ...[
      count,
      share,
      a,
      aRow,
      aInner,
      aOuter,
      aShare,
      b,
      bInner,
      bColumn,
      bOuter,
      bShare,
      c,
      cRow,
      cOuter,
      cShare,
      rows,
      columns,
      inner,
    ]: Numbers<19>
  ): void;
  layerNorm(...[x, gamma, beta, y, rows, width, epsilon]: Numbers<7>): void;
  layerNormGradient(...[x, gamma, dy, dx, dGamma, dBeta, rows, width, epsilon]: Numbers<9>): void;
  gelu(...[x, y, size]: Numbers<3>): void;
  geluGradient(...[x, dy, dx, size]: Numbers<4>): void;
  geluGradientSums(...[x, dy, dx, sums, rows, width]: Numbers<6>): void;
  biasGelu(...[z, bias, y, rows, width]: Numbers<5>): void;
  softmax(...[x, bias, y, rows, width, share, scale]: Numbers<7>): void;
  softmaxGradient(...[y, dy, dx, rows, width, scale]: Numbers<6>): void;
  dropout(
    ...[x, y, size, states, last, kept]: [x: number, y: number, size: number, RandomStates, number, number]
  ): void;
  adamW(
    ...[
      parameter,
      gradient,
      first,
      second,
      out,
      size,
      scale,
      share1,
      share2,
      rate,
      rootScale,
      epsilon,
      decay,
    ]: Numbers<13>
  ): void;
  columnSums(...[x, out, rows, width]: Numbers<4>): void;
  segmentSum(...[x, ids, out, rows, width, segments]: Numbers<6>): void;
  gatherRows(...[x, ids, out, rows, width]: Numbers<5>): void;
  sumOfSquares(...[x, size]: Numbers<2>): number;
}

/** That many numbers. */
type Numbers<Count extends number, List extends number[] = []> = List["length"] extends Count ? List
  : Numbers<Count, [...List, number]>;

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

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
import type { WasmBackend } from "./wasm_heap.ts";

/** The functions of the module; parameters and shapes are explained in `wasm/`. Addresses are in bytes. */
export interface WasmKernels {
  gemm(
    ...[a, aRow, aInner, b, bInner, bColumn, c, bias, rows, columns, inner, scratch]: Numbers<12>
  ): void;
  gemmScratchBytes(): number;
  layerNorm(...[x, gamma, beta, y, rows, width, epsilon]: Numbers<7>): void;
  layerNormGradient(...[x, gamma, dy, dx, dGamma, dBeta, rows, width, epsilon]: Numbers<9>): void;
  gelu(...[x, y, size]: Numbers<3>): void;
  geluGradient(...[x, dy, dx, size]: Numbers<4>): void;
  softmax(...[x, bias, y, rows, width, share, scale]: Numbers<7>): void;
  softmaxGradient(...[y, dy, dx, rows, width, scale]: Numbers<6>): void;
  dropout(...[x, y, size, state, last, kept]: Numbers<6>): void;
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

/** The module on one backend, and the memory that the matrix product packs into. */
export interface WasmModule {
  readonly kernels: WasmKernels;
  /** Address of `gemmScratchBytes()` bytes that any kernel may write to; 0.6 MB, kept as long as the backend. */
  readonly scratch: number;
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

  const bytes = Uint8Array.fromBase64(encodedModule);
  if (!WebAssembly.validate(bytes)) return undefined;
  const { exports } = new WebAssembly.Instance(new WebAssembly.Module(bytes), {
    env: { memory: memoryOf(wasm) },
  });
  const kernels = exports as unknown as WasmKernels;
  const module = { kernels, scratch: wasm._malloc(kernels.gemmScratchBytes()) };
  modules.set(wasm, module);
  return module;
}

/** Emscripten keeps the exports of tfjs' module under `asm`; its memory is one of them. */
function memoryOf({ asm }: WasmBackend["wasm"]): WebAssembly.Memory {
  const memory = Object.values(asm).find((value) => value instanceof WebAssembly.Memory);
  if (!memory) throw new TypeError("Cannot find the memory of tfjs' wasm module among its exports");
  return memory;
}

/**
 * `backend: native`: the wasm backend with its matrix products done by the BLAS library of the machine.
 *
 * Products are most of a training step, and a native library is four times as fast at them; all else is the
 * wasm backend. Opt-in, because it needs `--allow-ffi`: `auto` never takes it, and a plugin's worker or
 * process, which has no permission at all, computes on wasm.
 *
 * @module
 */
import * as tf from "../../deps/tfjs.ts";
import type { WasmBackend } from "../kernels/wasm_heap.ts";
import { installWasmKernels, usedWasmKernels } from "../kernels/wasm_kernels.ts";
import { blasProducts } from "./blas_gemm.ts";
import { type Machine, type NativeSettings, openBlas } from "./blas_library.ts";

/** What is in use. Disposing of it gives the wasm kernels their own products back. */
export interface NativeProducts extends Disposable {
  /** Path of the library. */
  readonly library: string;
}

/**
 * Opens the library, starts wasm, and puts the library to use.
 *
 * @param startWasm makes wasm the current backend, with its kernels; not called if there is no library, so
 * that the backend before goes on
 * @param machine where the library is looked for, if not here
 * @throws {KBertError} `backend/unavailable`
 *
 * @example Without the right it says which flag is missing
 * ```ts
 * import { startNative } from "./start.ts";
 * import { assertRejects } from "../../deps/assert.ts";
 *
 * const library = "/nowhere/libblas.so";
 * await assertRejects(() => startNative({ library }, () => Promise.reject()), Error, `--allow-ffi=${library}`);
 * ```
 */
export async function startNative(
  settings: NativeSettings,
  startWasm: () => Promise<Disposable>,
  machine?: Machine,
): Promise<NativeProducts> {
  using stack = new DisposableStack();
  const library = stack.use(openBlas(settings, machine));
  stack.use(await startWasm());
  const own = usedWasmKernels();
  if (!own) throw new TypeError("The native backend needs an engine with relaxed SIMD, as every Deno 2 has");
  const { wasm } = tf.backend() as unknown as WasmBackend;
  const isUsed = installWasmKernels({ ...own, ...blasProducts(library, () => wasm.HEAPU8.buffer, own) });
  stack.defer(() => {
    // Another backend may have been started since, with products of its own.
    if (isUsed()) installWasmKernels(own);
  });
  const owned = stack.move();
  return { library: library.path, [Symbol.dispose]: () => owned.dispose() };
}

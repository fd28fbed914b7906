/**
 * Starts the backend that tensors are computed on, and makes its silent failures loud.
 *
 * Choice: what the user asks for; otherwise a real GPU (webgpu), otherwise wasm, otherwise cpu. A software
 * adapter counts as no GPU: repaired wasm is twice as fast. A backend that was asked for by name and does
 * not start is an error, never another backend.
 *
 * @module
 */
import * as tf from "../deps/tfjs.ts";
import { KBertError, messageOf } from "../wall/errors.ts";
import { type OpenDevice, openDevice } from "./device.ts";
import { type GuardedBackend, installGuards } from "./guards/install.ts";
import { repairWasmKernels } from "./kernels/wasm_repairs.ts";
import { guardWasmMemory } from "./kernels/wasm_heap.ts";
import { useWasmKernels } from "./kernels/wasm_kernels.ts";
import { prepareWasmMemory } from "./kernels/wasm_memory.ts";
import { startWasmTeam } from "./kernels/wasm_team.ts";
import { useWebGpuKernels } from "./kernels/webgpu/kernels.ts";
import { boundPool } from "./pool.ts";
import type { NativeSettings } from "./native/blas_library.ts";

export { usualThreads } from "./kernels/wasm_team.ts";

/** The backends of this project. */
export type BackendName = "webgpu" | "wasm" | "native" | "cpu";

/** A started backend. Disposing of it frees its device and ends its threads. */
export interface Backend extends Disposable {
  readonly name: BackendName;
  /** Why it was chosen, for people. */
  readonly reason: string;
  /** Name of the GPU adapter, null without one. */
  readonly adapter: string | null;
  /**
   * Throws if the device has reported an error since the start. tfjs itself goes on with zeros, so this
   * is asked before any number is believed.
   *
   * @throws {KBertError} `device/failed`
   */
  check(): void;
}

/** How a backend is started. */
export interface BackendSettings {
  /** Where `native` finds its library; see `native/start.ts`. */
  readonly native?: NativeSettings | undefined;
  /**
   * Threads of the kernels of `wasm` and `native`, the program's own included. Results do not depend on it.
   * More than one needs the right to read this package, for workers, and is one where they cannot be had;
   * `reason` says so. @default {1}
   */
  readonly threads?: number | undefined;
}

/**
 * Starts a backend and makes it tfjs' current one.
 *
 * @param wanted a name, or `auto` for the choice described above, which never is `native`
 * @throws {KBertError} `backend/unavailable` with the reason
 *
 * @example
 * ```ts
 * import { startBackend } from "./backend.ts";
 * import { assertEquals } from "../deps/assert.ts";
 *
 * using backend = await startBackend("wasm");
 * assertEquals(backend.name, "wasm");
 * ```
 */
export async function startBackend(
  wanted: BackendName | "auto",
  settings: BackendSettings = {},
): Promise<Backend> {
  if (wanted === "webgpu") return await startWebGpu(await requireDevice(), "it was asked for");
  if (wanted === "wasm") return await startWasm("it was asked for", settings);
  if (wanted === "native") return await startNativeBackend(settings);
  if (wanted === "cpu") return await startCpu("it was asked for");

  const device = await openDevice().catch(() => undefined);
  if (device && !device.isSoftware) return await startWebGpu(device, `the GPU ${device.adapter} was found`);
  device?.[Symbol.dispose]();
  const why = device ? `the only GPU adapter is software (${device.adapter})` : "no GPU adapter was found";
  try {
    return await startWasm(why, settings);
  } catch (error) {
    return await startCpu(`${why} and wasm does not start (${messageOf(error)})`);
  }
}

async function requireDevice(): Promise<OpenDevice> {
  try {
    return await openDevice();
  } catch (error) {
    throw unavailable("webgpu", messageOf(error));
  }
}

async function startWebGpu(device: OpenDevice, reason: string): Promise<Backend> {
  // tfjs would open a device of its own, with fewer limits and no error handler.
  if (tf.findBackendFactory("webgpu")) tf.removeBackend("webgpu");
  tf.registerBackend("webgpu", () => device.createBackend(), 3);
  await activate("webgpu");
  // Small operations would run on the CPU, and a test of the kernels would test JavaScript.
  tf.env().set("WEBGPU_CPU_FORWARD", false);
  useWebGpuKernels(true, { isSoftware: device.isSoftware });
  boundPool(tf.backend());
  return {
    name: "webgpu",
    reason,
    adapter: device.adapter,
    check: () => device.check(),
    [Symbol.dispose]: () => {
      tf.removeBackend("webgpu");
      device[Symbol.dispose]();
    },
  };
}

async function startWasm(reason: string, { threads = 1 }: BackendSettings): Promise<Backend> {
  prepareWasmMemory(threads > 1);
  await activate("wasm");
  repairWasmKernels();
  guardWasmMemory();
  useWasmKernels(true);
  const team = await startWasmTeam(threads);
  return {
    ...{ name: "wasm", reason: reason + team.note, adapter: null, check: () => {} },
    [Symbol.dispose]: () => team[Symbol.dispose](),
  };
}

/** Loaded when it is asked for: a plugin's worker, which cannot have it, has none of its code. */
async function startNativeBackend(settings: BackendSettings): Promise<Backend> {
  const { startNative } = await import("./native/start.ts");
  let wasm: Backend | undefined;
  const products = await startNative(settings.native ?? {}, async () => wasm = await startWasm("", settings));
  return {
    name: "native",
    reason: `it was asked for, with the products of ${products.library}${wasm?.reason ?? ""}`,
    adapter: null,
    check: () => {},
    [Symbol.dispose]: () => products[Symbol.dispose](),
  };
}

async function startCpu(reason: string): Promise<Backend> {
  await activate("cpu");
  return { name: "cpu", reason, adapter: null, check: () => {}, [Symbol.dispose]: () => {} };
}

/** tfjs answers a failed switch with `false`, or with another backend. */
async function activate(name: GuardedBackend): Promise<void> {
  let started: boolean;
  try {
    started = await tf.setBackend(name);
    await tf.ready();
  } catch (error) {
    throw unavailable(name, messageOf(error));
  }
  if (!started || tf.getBackend() !== name) throw unavailable(name, `tfjs fell back to ${tf.getBackend()}`);
  installGuards(name);
}

function unavailable(backend: string, reason: string): KBertError<"backend/unavailable"> {
  const message = `Cannot start the ${backend} backend: ${reason}; use backend: auto to take what there is`;
  return new KBertError("backend/unavailable", message, { backend, reason });
}

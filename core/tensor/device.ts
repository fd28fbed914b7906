/**
 * A GPU device of our own, which remembers what went wrong on it.
 *
 * tfjs never throws on a device error: a shader that does not compile, a buffer over the limit and a lost
 * device all give zeros, and training goes on with them. Here the first error is remembered, and
 * {@linkcode OpenDevice.check} throws it. Much of it does not get that far: see guards/.
 *
 * @module
 */
import * as tf from "../deps/tfjs.ts";
import { KBertError } from "../wall/errors.ts";
import type { WebGpuBackend } from "./guards/webgpu_program.ts";
import { guardWebGpuBuffers } from "./guards/webgpu_buffers.ts";
import { guardFloat16 } from "./guards/webgpu_float16.ts";
import { guardWebGpuPrograms } from "./guards/webgpu_programs.ts";

/** A device with its error guard. Disposing of it destroys the device. */
export interface OpenDevice extends Disposable {
  /** What the adapter calls itself. */
  readonly adapter: string;
  /** The adapter computes on the CPU. */
  readonly isSoftware: boolean;
  /** Makes the tfjs backend on this device, with its guards. */
  createBackend(): tf.KernelBackend;
  /**
   * Throws the first error that the device reported.
   *
   * @throws {KBertError} `device/failed`, whose `lost` says whether the device is gone
   */
  check(): void;
}

/** Limits that decide how large a model can be; tfjs asks for fewer. */
const WANTED_LIMITS = [
  "maxStorageBufferBindingSize",
  "maxBufferSize",
  "maxStorageBuffersPerShaderStage",
  "maxComputeWorkgroupStorageSize",
  "maxComputeInvocationsPerWorkgroup",
  "maxComputeWorkgroupSizeX",
  "maxComputeWorkgroupSizeY",
  "maxComputeWorkgroupsPerDimension",
] as const satisfies readonly (keyof GPUSupportedLimits)[];

/** What is taken where it can be had: numbers of half the bytes, see float16.ts. */
const WANTED_FEATURES = ["shader-f16"] as const satisfies readonly GPUFeatureName[];

/**
 * Opens the default adapter with all its limits, and with the features that are wanted as far as it has them.
 * Throws an error that says what is missing.
 */
export async function openDevice(): Promise<OpenDevice> {
  const adapter = await navigator.gpu?.requestAdapter();
  if (!adapter) throw new Error("there is no GPU adapter on this machine");
  const limits = Object.fromEntries(WANTED_LIMITS.map((name) => [name, adapter.limits[name]]));
  const requiredFeatures = WANTED_FEATURES.filter((name) => adapter.features.has(name));
  const device = await adapter.requestDevice({ requiredFeatures, requiredLimits: limits });

  let failure: string | undefined;
  let lost = false;
  let disposed = false;
  device.addEventListener("uncapturederror", (event) => {
    event.preventDefault();
    failure ??= (event as GPUUncapturedErrorEvent).error.message;
  });
  device.lost.then(({ message }) => {
    if (disposed) return;
    lost = true;
    failure ??= `the device was lost: ${message}`;
  });

  const { info } = adapter;
  return {
    adapter: info.description || info.device || info.vendor || "unknown",
    isSoftware: info.isFallbackAdapter || /llvmpipe|swiftshader|software/i.test(info.description),
    createBackend: () => guarded(new tf.WebGPUBackend(device, info)),
    check: () => {
      if (failure === undefined) return;
      const message = `The GPU reported an error, and nothing computed since can be trusted: ${failure}`;
      throw new KBertError("device/failed", message, { backend: "webgpu", reason: failure, lost });
    },
    [Symbol.dispose]: () => {
      disposed = true;
      device.destroy();
    },
  };
}

function guarded(backend: tf.WebGPUBackend): tf.WebGPUBackend {
  const parts = backend as unknown as WebGpuBackend;
  guardWebGpuBuffers(parts);
  guardWebGpuPrograms(parts);
  guardFloat16(parts);
  return backend;
}

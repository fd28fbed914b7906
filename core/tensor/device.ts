/**
 * A GPU device of our own, and the guards that tfjs does not have.
 *
 * tfjs never throws on a device error: a shader that does not compile, a buffer over the limit and a lost
 * device all give zeros, and training goes on with them. Here the first error is remembered, and
 * {@linkcode OpenDevice.check} throws it; a buffer over the limit is refused before it is made.
 *
 * @module
 */
import * as tf from "../deps/tfjs.ts";
import { KBertError } from "../wall/errors.ts";

/** A device with its error guard. Disposing of it destroys the device. */
export interface OpenDevice extends Disposable {
  /** What the adapter calls itself. */
  readonly adapter: string;
  /** The adapter computes on the CPU. */
  readonly isSoftware: boolean;
  /** Makes the tfjs backend on this device. */
  createBackend(): tf.KernelBackend;
  /** Throws the first error that the device reported. */
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

/** Opens the default adapter with all its limits. Throws an error that says what is missing. */
export async function openDevice(): Promise<OpenDevice> {
  const adapter = await navigator.gpu?.requestAdapter();
  if (!adapter) throw new Error("there is no GPU adapter on this machine");
  const limits = Object.fromEntries(WANTED_LIMITS.map((name) => [name, adapter.limits[name]]));
  const device = await adapter.requestDevice({ requiredLimits: limits });

  let failure: string | undefined;
  let disposed = false;
  device.addEventListener("uncapturederror", (event) => {
    event.preventDefault();
    failure ??= (event as GPUUncapturedErrorEvent).error.message;
  });
  device.lost.then(({ message }) => {
    if (!disposed) failure ??= `the device was lost: ${message}`;
  });

  const { info } = adapter;
  return {
    adapter: info.description || info.device || info.vendor || "unknown",
    isSoftware: info.isFallbackAdapter || /llvmpipe|swiftshader|software/i.test(info.description),
    createBackend: () => guardBufferSize(new tf.WebGPUBackend(device, info), device),
    check: () => {
      if (failure === undefined) return;
      const message = `The GPU reported an error, and nothing computed since can be trusted: ${failure}`;
      throw new KBertError("device/failed", message, { backend: "webgpu", reason: failure });
    },
    [Symbol.dispose]: () => {
      disposed = true;
      device.destroy();
    },
  };
}

/** tfjs' buffer pool, through which every tensor of the backend gets its memory. */
interface BufferOwner {
  bufferManager: { acquireBuffer(bytes: number, ...rest: unknown[]): GPUBuffer };
}

function guardBufferSize(backend: tf.WebGPUBackend, device: GPUDevice): tf.WebGPUBackend {
  const { bufferManager } = backend as unknown as BufferOwner;
  const acquire = bufferManager.acquireBuffer.bind(bufferManager);
  const limitBytes = Math.min(device.limits.maxStorageBufferBindingSize, device.limits.maxBufferSize);
  bufferManager.acquireBuffer = (bytes, ...rest) => {
    if (bytes > limitBytes) throw tooLarge(bytes, limitBytes);
    return acquire(bytes, ...rest);
  };
  return backend;
}

function tooLarge(bytes: number, limitBytes: number): KBertError<"tensor/too-large"> {
  const message =
    `A tensor of ${bytes} bytes does not fit: this GPU binds at most ${limitBytes} bytes at once; ` +
    `use a smaller batch, vocabulary or sequence`;
  return new KBertError("tensor/too-large", message, { limitBytes, bytes });
}

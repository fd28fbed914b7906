/**
 * A sum of many tensors on webgpu.
 *
 * tfjs binds them all to one program. A device binds a few dozen at most, some only eight, and what is over
 * that is an error of the device and zeros: as many as fit are added at a time.
 *
 * @module
 */
import type * as tf from "../../deps/tfjs.ts";
import { guardKernel, type Kernel, type KernelBackend } from "./kernel_calls.ts";
import type { WebGpuBackend } from "./webgpu_program.ts";

/** Guards `AddN`, whose inputs are a list. */
export function repairWebGpuAddN(): void {
  guardKernel("AddN", "webgpu", (original) => (call) => {
    const { device } = call.backend as WebGpuBackend;
    const most = device.limits.maxStorageBuffersPerShaderStage - 1; // the result is bound too
    const terms = Object.values(call.inputs);
    return terms.length <= most ? original(call) : addInParts(original, terms, most, call.backend);
  });
}

function addInParts(
  add: Kernel,
  terms: readonly tf.TensorInfo[],
  most: number,
  backend: KernelBackend,
): tf.TensorInfo {
  let sum = terms[0]!;
  for (let start = 1; start < terms.length; start += most - 1) {
    const part = [sum, ...terms.slice(start, start + most - 1)];
    const next = add({ inputs: part as unknown as Record<string, tf.TensorInfo>, attrs: {}, backend });
    if (start > 1) backend.disposeData(sum.dataId);
    sum = next;
  }
  return sum;
}

/**
 * A cast to float32 that makes float32 numbers.
 *
 * On cpu and webgpu tfjs gives the memory of an int32 or bool tensor another label and leaves its bits as they
 * are. Read back, it is an Int32Array that says float32; on webgpu, a transpose of it does not compile, and a
 * kernel of our own would read integers as floats.
 *
 * @module
 */
import type * as tf from "../../deps/tfjs.ts";
import { guardKernel, type KernelBackend } from "./kernel_calls.ts";
import { elementwise, type WebGpuBackend } from "./webgpu_program.ts";

/** Guards `Cast` on a backend that relabels. */
export function repairFloatCasts(backendName: string): void {
  const convert = backendName === "webgpu" ? convertOnDevice : convertInMemory;
  guardKernel<{ dtype: tf.DataType }>("Cast", backendName, (original) => (call) => {
    const { inputs: { x }, attrs: { dtype }, backend } = call;
    const isRelabelled = dtype === "float32" && (x!.dtype === "int32" || x!.dtype === "bool");
    return isRelabelled ? convert(x!, backend) : original(call);
  });
}

function convertInMemory(x: tf.TensorInfo, backend: KernelBackend): tf.TensorInfo {
  const values = (backend as unknown as { readSync(dataId: object): tf.TypedArray }).readSync(x.dataId);
  return backend.makeTensorInfo(x.shape, "float32", Float32Array.from(values));
}

function convertOnDevice(x: tf.TensorInfo, backend: KernelBackend): tf.TensorInfo {
  const program = elementwise("toFloat", x.shape, "setOutputAtIndex(index, f32(x[index]));");
  return (backend as WebGpuBackend).runWebGPUProgram(program, [x], "float32");
}

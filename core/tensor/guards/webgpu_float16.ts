/**
 * Tensors of float16 stay with programs of our own, and who takes one elsewhere is told the way out.
 *
 * For tfjs' engine they are of float32 (kernels/webgpu/float16_storage.ts). Its webgpu backend does not know the
 * type that its record of them has, and says so with "type float16 is not supported" at best.
 *
 * @module
 */
import type * as tf from "../../deps/tfjs.ts";
import { unsupported } from "./refusal.ts";
import type { WebGpuBackend } from "./webgpu_program.ts";

/** Ways of a tensor's numbers out of the backend. */
interface Reads {
  read(dataId: object): Promise<tf.BackendValues>;
  readToGPU(dataId: object, ...rest: unknown[]): unknown;
}

/** Guards one backend. */
export function guardFloat16(backend: WebGpuBackend): void {
  const refuse = (operation: string, dataId: object): void => {
    if ((backend.tensorMap.get(dataId).dtype as string) !== "float16") return;
    const problem = "a tensor that is stored as float16 is for kernels of our own; use `toFloat32(tensor)`";
    throw unsupported({ backend: "webgpu", operation, problem });
  };
  const run = backend.runWebGPUProgram.bind(backend);
  backend.runWebGPUProgram = (program, inputs, ...rest) => {
    for (const { dataId } of inputs) refuse(program.shaderKey, dataId);
    return run(program, inputs, ...rest);
  };
  const reads = backend as unknown as Reads;
  const [read, readToGPU] = [reads.read.bind(reads), reads.readToGPU.bind(reads)];
  // deno-lint-ignore require-await -- what it throws has to be a rejection
  reads.read = async (dataId) => {
    refuse("data", dataId);
    return read(dataId);
  };
  reads.readToGPU = (dataId, ...rest) => {
    refuse("dataToGPU", dataId);
    return readToGPU(dataId, ...rest);
  };
}

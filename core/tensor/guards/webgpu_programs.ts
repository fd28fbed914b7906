/**
 * What is asked before a program of tfjs runs on the graphics card, where a wrong one gives zeros or an error
 * that names no tensor.
 *
 * A program has at most six axes, no input without numbers, and no more workgroups and tensors than the device
 * takes. Whole numbers are at most 2^24, up to which float32, in which they are computed, has all of them. And
 * nothing is read back at once, for which tfjs needs a canvas.
 *
 * @module
 */
import type * as tf from "../../deps/tfjs.ts";
import { unsupported } from "./refusal.ts";
import type { WebGpuBackend, WebGpuProgram } from "./webgpu_program.ts";

const BACKEND = "webgpu";
const MOST_AXES = 6;
const LARGEST_WHOLE = 2 ** 24;

/** Guards one backend, before its first program. */
export function guardWebGpuPrograms(backend: WebGpuBackend): void {
  const { maxComputeWorkgroupsPerDimension, maxStorageBuffersPerShaderStage } = backend.device.limits;
  const run = backend.runWebGPUProgram.bind(backend);
  backend.runWebGPUProgram = (program, inputs, ...rest) => {
    requireFewAxes(program, inputs);
    requireNumbers(program, inputs);
    requireWorkgroups(program, maxComputeWorkgroupsPerDimension);
    requireBindings(program, inputs, maxStorageBuffersPerShaderStage);
    return run(program, inputs, ...rest);
  };
  const upload = backend.uploadToGPU.bind(backend);
  backend.uploadToGPU = (dataId) => {
    requireSmallWhole(backend, dataId);
    upload(dataId);
  };
  const readSync = backend.readSync.bind(backend);
  backend.readSync = (dataId) => {
    const { values, dtype } = backend.tensorMap.get(dataId);
    if (values || dtype === "string") return readSync(dataId);
    const problem = "a tensor cannot be read at once there; use `await tensor.data()`";
    throw unsupported({ backend: BACKEND, operation: "dataSync", problem });
  };
}

function requireFewAxes({ outputShape, shaderKey }: WebGpuProgram, inputs: readonly tf.TensorInfo[]): void {
  const value = Math.max(outputShape.length, ...inputs.map(({ shape }) => shape.length));
  if (value <= MOST_AXES) return;
  const problem = `it has ${value} axes, and the backend takes ${MOST_AXES}; join some by a reshape`;
  throw unsupported({ backend: BACKEND, operation: shaderKey, problem, limit: MOST_AXES, value });
}

/** A result without numbers is not computed at all; one of no numbers would bind nothing. */
function requireNumbers({ outputShape, shaderKey }: WebGpuProgram, inputs: readonly tf.TensorInfo[]): void {
  const empty = inputs.find(({ shape }) => shape.includes(0));
  if (!empty || outputShape.includes(0)) return;
  const problem = `a tensor of the shape [${empty.shape}] has no numbers; leave the operation out`;
  throw unsupported({ backend: BACKEND, operation: shaderKey, problem, value: 0 });
}

/** tfjs spreads a flat program over all three dimensions by itself. */
function requireWorkgroups({ dispatch, dispatchLayout, shaderKey }: WebGpuProgram, limit: number): void {
  const value = Math.max(...dispatch);
  if (value <= limit || (dispatch[1] === 1 && dispatch[2] === 1 && dispatchLayout.y === undefined)) return;
  const problem = `it needs ${value} workgroups in one direction, and this device starts ${limit}; ` +
    `take a part of the batch at a time`;
  throw unsupported({ backend: BACKEND, operation: shaderKey, problem, limit, value });
}

function requireBindings(
  { shaderKey }: WebGpuProgram,
  inputs: readonly tf.TensorInfo[],
  limit: number,
): void {
  const value = inputs.length + 1; // with the result
  if (value <= limit) return;
  const problem = `it needs ${value} tensors at once, and this device binds ${limit}; take a part at a time`;
  throw unsupported({ backend: BACKEND, operation: shaderKey, problem, limit, value });
}

function requireSmallWhole(backend: WebGpuBackend, dataId: object): void {
  const { values, dtype, resource } = backend.tensorMap.get(dataId);
  if (dtype !== "int32" || !values || resource) return;
  const value = Array.prototype.find.call(values, (value: number) => Math.abs(value) > LARGEST_WHOLE);
  if (value === undefined) return;
  const problem = `the whole number ${value} is over ${LARGEST_WHOLE}, up to which float32 has all of them`;
  throw unsupported({
    ...{ backend: BACKEND, operation: "an upload of int32", problem },
    ...{ limit: LARGEST_WHOLE, value },
  });
}

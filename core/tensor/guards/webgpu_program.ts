/**
 * The small programs of the guards, in the form that tfjs' webgpu backend runs.
 *
 * Integers are rare in a model, so shapes are written into the shader: one is compiled for each.
 *
 * @module
 */
import type * as tf from "../../deps/tfjs.ts";
import type { KernelBackend } from "./kernel_calls.ts";

/** What tfjs wants to know of a program; semi-private, pinned with tfjs. */
export interface WebGpuProgram {
  readonly outputShape: number[];
  /** Of the inputs, in their order; their memory is an array of this name. */
  readonly variableNames: readonly string[];
  readonly workgroupSize: readonly [number, number, number];
  /** Which axes of the output each dimension of the dispatch counts. */
  readonly dispatchLayout: { readonly x: readonly number[]; readonly y?: readonly number[] };
  dispatch: readonly [number, number, number];
  /** Whether the shader knows the number of elements, as `uniforms.size`. */
  readonly size: boolean;
  /** Two programs of one key share a pipeline. */
  shaderKey: string;
  getUserCode(): string;
}

/** The part of the backend that guards use; semi-private, pinned with tfjs. */
export interface WebGpuBackend extends KernelBackend {
  readonly device: GPUDevice;
  readonly tensorMap: {
    get(dataId: object): {
      readonly dtype: tf.DataType;
      readonly values?: tf.TypedArray | null;
      readonly resource?: GPUBuffer | null;
    };
  };
  uploadToGPU(dataId: object): void;
  readSync(dataId: object): tf.TypedArray;
  runWebGPUProgram(
    program: WebGpuProgram,
    inputs: readonly tf.TensorInfo[],
    dtype: tf.DataType,
    ...rest: unknown[]
  ): tf.TensorInfo;
}

const WORKGROUP = 64;

/**
 * A program of one input `x` with one thread per element of the output.
 *
 * @param key says apart programs with other code; the output's shape need not be in it
 * @param code WGSL, in which `index` is the element; reads `x[…]` and calls `setOutputAtIndex(index, f32)` or
 * `setOutputAtIndexI32(index, i32)`
 */
export function elementwise(key: string, outputShape: readonly number[], code: string): WebGpuProgram {
  const size = outputShape.reduce((product, dimension) => product * dimension, 1);
  return {
    outputShape: [...outputShape],
    variableNames: ["x"],
    workgroupSize: [WORKGROUP, 1, 1],
    dispatchLayout: { x: [...outputShape.keys()] },
    dispatch: [Math.ceil(size / WORKGROUP), 1, 1],
    size: true,
    shaderKey: `k-bert ${key}`,
    getUserCode: () => `fn main(index : i32) { if (index < uniforms.size) { ${code} } }`,
  };
}

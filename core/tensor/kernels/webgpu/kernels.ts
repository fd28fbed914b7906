/**
 * Puts our own kernels for webgpu to use: registers their operations in the table.
 *
 * @module
 */
import type { Operations } from "../composed.ts";
import { registerKernels } from "../table.ts";
import { updateParameters } from "./adamw.ts";
import { attention } from "./attention.ts";
import { dropout } from "./dropout.ts";
import { embed } from "./embedding.ts";
import { replaceAdd } from "./float16.ts";
import { gelu } from "./gelu.ts";
import { gpu } from "./gpu.ts";
import { layerNorm } from "./layer_norm.ts";
import { linear, linearGelu } from "./linear.ts";
import { replaceMatMul } from "./matmul.ts";
import { maskedSoftmax } from "./softmax.ts";
import { squaredNorm } from "./sums.ts";

/** Settings of {@linkcode useWebGpuKernels}. */
export interface WebGpuKernelOptions {
  /** The adapter computes on the CPU: no barriers. @default {what it says of itself} */
  isSoftware?: boolean;
}

/**
 * Turns the kernels of the current backend, which has to be webgpu, on or off. Off is for comparing.
 */
export function useWebGpuKernels(on: boolean, { isSoftware }: WebGpuKernelOptions = {}): void {
  if (isSoftware !== undefined) gpu().isSoftware = isSoftware;
  replaceMatMul(on);
  replaceAdd(on);
  registerKernels("webgpu", on ? OPERATIONS : {});
}

const OPERATIONS: Operations = {
  ...{ attention, dropout, embed, gelu, layerNorm, linear, linearGelu, maskedSoftmax },
  ...{ squaredNorm, updateParameters },
};

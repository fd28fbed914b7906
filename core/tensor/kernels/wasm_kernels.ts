/**
 * Puts our own wasm module to use: registers its operations, and replaces the kernels of tfjs that cost a
 * training step the most.
 *
 * - `BatchMatMul`: see wasm_matmul.ts.
 * - `Identity` copies in tfjs, and every saved tensor of the backward pass is one (630 copies per step of a
 *   two-layer BERT). Tensors do not change, so the memory is shared, as tfjs' own `Reshape` does.
 * - `Sum` over the first axes, `GatherV2` of rows and `UnsortedSegmentSum` are loops over single numbers.
 *
 * @module
 */
import * as tf from "../../deps/tfjs.ts";
import { registerKernels } from "./table.ts";
import type { WasmKernels } from "./wasm_functions.ts";
import { type WasmBackend, wasmHeap } from "./wasm_heap.ts";
import { matMulWith } from "./wasm_matmul.ts";
import { openWasmModule } from "./wasm_module.ts";
import { wasmOperations } from "./wasm_operations.ts";

interface KernelCall<Inputs, Attributes> {
  inputs: Inputs;
  attrs: Attributes;
  backend: WasmBackend;
}

type Kernel<Inputs, Attributes = unknown> = (call: KernelCall<Inputs, Attributes>) => tf.TensorInfo;

/** What was there before ours. */
const stock = new Map<string, tf.KernelFunc>();
/** Ours, if they are in use. */
let used: WasmKernels | undefined;

/** The kernels that are in use, whoever computes them; undefined if they are off. */
export function usedWasmKernels(): WasmKernels | undefined {
  return used;
}

/**
 * Turns the kernels of the current backend, which has to be wasm, on or off. Off is for comparing.
 *
 * @returns whether they are on: an engine without relaxed SIMD does not have them
 */
export function useWasmKernels(on: boolean): boolean {
  const module = on ? openWasmModule() : undefined;
  if (module) {
    installWasmKernels(module.kernels);
    return true;
  }
  for (const [name, kernel] of stock) tf.getKernel(name, "wasm").kernelFunc = kernel;
  registerKernels("wasm", {});
  used = undefined;
  return false;
}

/**
 * Puts these to use, whoever computes them, in place of those before.
 *
 * @returns whether they are still the ones in use
 */
export function installWasmKernels(kernels: WasmKernels): () => boolean {
  used = kernels;
  registerKernels("wasm", wasmOperations(kernels));
  replace("BatchMatMul", () => matMulWith(kernels));
  replace("Identity", () => shareMemory);
  replace("Sum", (previous: Sum) => sumWith(kernels, previous));
  replace("GatherV2", (previous: Gather) => gatherWith(kernels, previous));
  replace("UnsortedSegmentSum", (previous: SegmentSum) => segmentSumWith(kernels, previous));
  return () => used === kernels;
}

function replace<Call>(
  name: string,
  make: (previous: (call: Call) => tf.TensorInfo) => (call: Call) => tf.TensorInfo,
): void {
  const config = tf.getKernel(name, "wasm");
  if (!stock.has(name)) stock.set(name, config.kernelFunc);
  const previous = stock.get(name) as unknown as (call: Call) => tf.TensorInfo;
  config.kernelFunc = make(previous) as unknown as tf.KernelFunc;
}

function shareMemory({ inputs: { x }, backend }: KernelCall<{ x: tf.TensorInfo }, unknown>): tf.TensorInfo {
  backend.incRef(x.dataId);
  return { dataId: x.dataId, shape: x.shape, dtype: x.dtype };
}

type Sum = Kernel<{ x: tf.TensorInfo }, { axis: number | number[]; keepDims: boolean }>;

/** The sum over the first axes, as the gradient of a broadcast bias is; other sums go to `previous`. */
function sumWith(kernels: WasmKernels, previous: Sum): Sum {
  return (call) => {
    const { inputs: { x }, attrs: { axis, keepDims }, backend } = call;
    const axes = tf.util.parseAxisParam(axis, x.shape).toSorted((one, other) => one - other);
    const isLeading = axes.length < x.shape.length && axes.every((one, index) => one === index);
    const kept = x.shape.slice(axes.length);
    const [rows, width] = [tf.util.sizeFromShape(x.shape.slice(0, axes.length)), tf.util.sizeFromShape(kept)];
    if (!isLeading || x.dtype !== "float32") return previous(call);
    const out = backend.makeOutput(keepDims ? [...axes.map(() => 1), ...kept] : kept, "float32");
    kernels.columnSums(wasmHeap.address(x), wasmHeap.address(out), rows, width);
    return out;
  };
}

type Gather = Kernel<
  { x: tf.TensorInfo; indices: tf.TensorInfo },
  { axis: number; batchDims: number }
>;

/** Rows of a table of float32, with ids that are all in it; anything else goes to `previous`. */
function gatherWith(kernels: WasmKernels, previous: Gather): Gather {
  return (call) => {
    const { inputs: { x, indices }, attrs: { axis, batchDims }, backend } = call;
    const isPlain = axis === 0 && batchDims === 0 && x.dtype === "float32" && indices.dtype === "int32";
    const rows = x.shape[0] ?? 0;
    if (!isPlain || !backend.typedArrayFromHeap(indices).every((id) => id >= 0 && id < rows)) {
      return previous(call);
    }
    const row = x.shape.slice(1);
    const out = backend.makeOutput([...indices.shape, ...row], "float32");
    const width = tf.util.sizeFromShape(row);
    const count = tf.util.sizeFromShape(indices.shape);
    kernels.gatherRows(wasmHeap.address(x), idsOf(backend, indices), wasmHeap.address(out), count, width);
    return out;
  };
}

type SegmentSum = Kernel<{ x: tf.TensorInfo; segmentIds: tf.TensorInfo }, { numSegments: number }>;

function segmentSumWith(kernels: WasmKernels, previous: SegmentSum): SegmentSum {
  return (call) => {
    const { inputs: { x, segmentIds }, attrs: { numSegments }, backend } = call;
    if (x.dtype !== "float32" || segmentIds.dtype !== "int32") return previous(call);
    const row = x.shape.slice(segmentIds.shape.length);
    const out = backend.makeOutput([numSegments, ...row], "float32");
    const width = tf.util.sizeFromShape(row);
    const count = tf.util.sizeFromShape(segmentIds.shape);
    const [from, ids, to] = [wasmHeap.address(x), idsOf(backend, segmentIds), wasmHeap.address(out)];
    kernels.segmentSum(from, ids, to, count, width, numSegments);
    return out;
  };
}

function idsOf(backend: WasmBackend, ids: tf.TensorInfo): number {
  return backend.dataIdMap.get(ids.dataId).memoryOffset;
}

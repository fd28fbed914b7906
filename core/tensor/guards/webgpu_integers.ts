/**
 * Whole numbers on webgpu, which tfjs computes as float32.
 *
 * A transpose of int32 with three axes or more does not compile there, and gives zeros. Repaired, and sums are
 * added as whole numbers. The rest (slice, gather, add and so on) goes through float32, which has every whole
 * number up to 2^24 and not every one above: larger ones are refused when they are brought to the device, see
 * webgpu_programs.ts.
 *
 * @module
 */
import * as tf from "../../deps/tfjs.ts";
import { callKernel, guardKernel, type KernelBackend } from "./kernel_calls.ts";
import { elementwise, type WebGpuBackend } from "./webgpu_program.ts";

/** Guards `Transpose` and `Sum`. Sums over nothing are not asked here: see empty_reductions.ts. */
export function repairWebGpuIntegers(): void {
  guardKernel<{ perm: number[] }>("Transpose", "webgpu", (original) => (call) => {
    const x = call.inputs["x"]!;
    return isWhole(x) ? transpose(x, call.attrs.perm, call.backend) : original(call);
  });
  guardKernel<{ axis: number | number[]; keepDims?: boolean }>("Sum", "webgpu", (original) => (call) => {
    const { inputs: { x }, attrs: { axis, keepDims }, backend } = call;
    if (!isWhole(x!) || x!.shape.includes(0)) return original(call);
    const axes = tf.util.parseAxisParam(axis, x!.shape);
    const sums = sum(x!, axes, backend);
    return keepDims ? { ...sums, shape: tf.backend_util.expandShapeToKeepDim(sums.shape, axes) } : sums;
  });
}

function isWhole({ dtype }: tf.TensorInfo): boolean {
  return dtype === "int32" || dtype === "bool";
}

/** One thread per number of the result. It takes its place apart, and finds the place in x by x's strides. */
function transpose(x: tf.TensorInfo, perm: readonly number[], backend: KernelBackend): tf.TensorInfo {
  const shape = perm.map((axis) => x.shape[axis]!);
  const strides = stridesOf(x.shape);
  const steps = stridesOf(shape).map((stride, axis) =>
    `place += (rest / ${stride}) * ${strides[perm[axis]!]}; rest = rest % ${stride};`
  );
  const code = `var rest = index; var place = 0; ${steps.join(" ")} setOutputAtIndexI32(index, x[place]);`;
  const program = elementwise(`transpose ${x.shape} by ${perm}`, shape, code);
  return (backend as WebGpuBackend).runWebGPUProgram(program, [x], x.dtype);
}

/** One thread per sum. */
function sum(x: tf.TensorInfo, axes: readonly number[], backend: KernelBackend): tf.TensorInfo {
  const kept = [...x.shape.keys()].filter((axis) => !axes.includes(axis));
  const shape = kept.map((axis) => x.shape[axis]!);
  const count = axes.reduce((product, axis) => product * x.shape[axis]!, 1);
  const perm = [...kept, ...axes];
  const isInOrder = perm.every((axis, index) => axis === index);
  const rows = isInOrder ? x : callKernel("Transpose", backend, { x }, { perm });
  const code = `var total = 0; for (var at = 0; at < ${count}; at++) { total += x[index * ${count} + at]; }` +
    ` setOutputAtIndexI32(index, total);`;
  const program = elementwise(`sum ${count}`, [shape.reduce((product, size) => product * size, 1)], code);
  const sums = (backend as WebGpuBackend).runWebGPUProgram(program, [rows], "int32");
  if (rows !== x) backend.disposeData(rows.dataId);
  return { ...sums, shape };
}

function stridesOf(shape: readonly number[]): number[] {
  return shape.map((_, axis) => shape.slice(axis + 1).reduce((product, size) => product * size, 1));
}

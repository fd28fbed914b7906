/**
 * Two repairs of tfjs' wasm backend, without which a transformer trains 4 to 9 times slower or not at all.
 *
 * - The gradient of an embedding needs `UnsortedSegmentSum`, which the backend does not have.
 * - Only a plain product of two matrices reaches its fast routine; a transposed one is 10 to 40 times
 *   slower, and every backward pass is made of those. Here matrices are transposed first, and a batch of
 *   products is done one by one.
 *
 * @module
 */
import * as tf from "../../deps/tfjs.ts";
import type { WasmBackend } from "./wasm_heap.ts";

interface KernelCall<Inputs, Attributes> {
  inputs: Inputs;
  attrs: Attributes;
  backend: WasmBackend;
}

type Kernel<Inputs, Attributes> = (call: KernelCall<Inputs, Attributes>) => tf.TensorInfo;

type MatMul = Kernel<
  { a: tf.TensorInfo; b: tf.TensorInfo },
  { transposeA: boolean; transposeB: boolean }
>;

let repaired = false;

/** Replaces the two kernels, once per realm. */
export function repairWasmKernels(): void {
  if (repaired) return;
  repaired = true;
  tf.registerKernel({
    kernelName: "UnsortedSegmentSum",
    backendName: "wasm",
    kernelFunc: segmentSum as unknown as tf.KernelFunc,
  });
  const config = tf.getKernel("BatchMatMul", "wasm");
  const transpose = tf.getKernel("Transpose", "wasm").kernelFunc as unknown as Kernel<
    { x: tf.TensorInfo },
    { perm: number[] }
  >;
  const original = config.kernelFunc as unknown as MatMul;
  config.kernelFunc = matMulWith(original, transpose) as unknown as tf.KernelFunc;
}

/** Adds the rows of `x` that share a segment: the gradient of looking rows up. */
function segmentSum(
  { inputs: { x, segmentIds }, attrs: { numSegments }, backend }: KernelCall<
    { x: tf.TensorInfo; segmentIds: tf.TensorInfo },
    { numSegments: number }
  >,
): tf.TensorInfo {
  const rowShape = x.shape.slice(segmentIds.shape.length);
  const width = rowShape.reduce((size, dimension) => size * dimension, 1);
  const sum = backend.makeOutput([numSegments, ...rowShape], x.dtype);
  const out = backend.typedArrayFromHeap(sum).fill(0);
  const rows = backend.typedArrayFromHeap(x);
  const ids = backend.typedArrayFromHeap(segmentIds);
  for (let row = 0; row < ids.length; row++) {
    const segment = ids[row]!;
    // As in TensorFlow, a negative id drops the row; one past the end would write over other tensors.
    if (segment < 0 || segment >= numSegments) continue;
    const from = row * width;
    const to = segment * width;
    for (let column = 0; column < width; column++) out[to + column]! += rows[from + column]!;
  }
  return sum;
}

function matMulWith(
  original: MatMul,
  transpose: Kernel<{ x: tf.TensorInfo }, { perm: number[] }>,
): MatMul {
  return ({ inputs, attrs: { transposeA, transposeB }, backend }) => {
    const temporary: tf.TensorInfo[] = [];
    const plain = (x: tf.TensorInfo, isTransposed: boolean): tf.TensorInfo => {
      if (!isTransposed) return x;
      const axes = [...x.shape.keys()];
      const perm = [...axes.slice(0, -2), axes.at(-1)!, axes.at(-2)!];
      const turned = transpose({ inputs: { x }, attrs: { perm }, backend });
      temporary.push(turned);
      return turned;
    };
    const a = plain(inputs.a, transposeA);
    const b = plain(inputs.b, transposeB);
    const product = sameBatch(a, b)
      ? oneByOne(original, backend, a, b)
      : original({ inputs: { a, b }, attrs: { transposeA: false, transposeB: false }, backend });
    for (const { dataId } of temporary) backend.disposeData(dataId);
    return product;
  };
}

function sameBatch(a: tf.TensorInfo, b: tf.TensorInfo): boolean {
  const batch = a.shape.slice(0, -2);
  return batch.some((dimension) => dimension > 1) && batch.join() === b.shape.slice(0, -2).join();
}

/** The products of a batch, each through the fast routine; its scratch tensors are made once. */
function oneByOne(
  original: MatMul,
  backend: WasmBackend,
  a: tf.TensorInfo,
  b: tf.TensorInfo,
): tf.TensorInfo {
  const [rows, inner] = a.shape.slice(-2) as [number, number];
  const columns = b.shape.at(-1)!;
  const batch = a.shape.slice(0, -2);
  const count = batch.reduce((size, dimension) => size * dimension, 1);
  const product = backend.makeOutput([...batch, rows, columns], "float32");
  for (let index = 0; index < count; index++) {
    // A fresh tensor for every right side: the routine packs it once per tensor and would reuse the old one.
    const left = slice(backend, a, index, [rows, inner]);
    const right = slice(backend, b, index, [inner, columns]);
    const one = original({
      inputs: { a: left, b: right },
      attrs: { transposeA: false, transposeB: false },
      backend,
    });
    backend.typedArrayFromHeap(product).set(backend.typedArrayFromHeap(one), index * rows * columns);
    for (const { dataId } of [left, right, one]) backend.disposeData(dataId);
  }
  return product;
}

function slice(
  backend: WasmBackend,
  x: tf.TensorInfo,
  index: number,
  shape: [number, number],
): tf.TensorInfo {
  const size = shape[0] * shape[1];
  const part = backend.makeOutput(shape, "float32");
  backend.typedArrayFromHeap(part).set(
    backend.typedArrayFromHeap(x).subarray(index * size, (index + 1) * size),
  );
  return part;
}

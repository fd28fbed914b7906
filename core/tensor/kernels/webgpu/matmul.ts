/**
 * Matrix products on webgpu, in place of tfjs' `BatchMatMul` and inside of linear layers and attention.
 *
 * A matrix need not be a tensor: it can be a part of one, with rows that are further apart than they are
 * long. So the heads of an attention are multiplied where they lie, and nothing is transposed.
 *
 * @module
 */
import * as tf from "../../../deps/tfjs.ts";
import type { MatMulKind } from "./matmul_kind.ts";
import { matMulProgram, matMulWorkgroups } from "./matmul_program.ts";
import { gpu } from "./gpu.ts";
import type { FloatType } from "./program.ts";
import type { WebGpuBackend } from "./program_backend.ts";

/** Where matrices lie in a tensor, in numbers. The rows are those that are stored, also of a transposed one. */
export interface Matrices {
  /** float32, or stored as float16. */
  readonly tensor: tf.TensorInfo;
  /** From one stored row to the next; the length of a stored row if it is left out. */
  readonly row?: number;
  /** From one product of a batch to the next along its two axes; 0 uses the same matrix again. */
  readonly outer?: number;
  readonly share?: number;
}

/** Products of a batch, `c = a b (+ bias)` and, if it is wanted, `gelu(c)`. Computed in float32, however they are stored. */
export interface Products {
  readonly a: Matrices;
  readonly b: Matrices;
  /** Written. */
  readonly c: Matrices;
  /** `[columns]`, added to each row. */
  readonly bias?: tf.TensorInfo;
  /** Written, where c lies in a tensor of the same size: GELU of it. */
  readonly activated?: tf.TensorInfo;
  /** Of c. */
  readonly rows: number;
  /** Of c. */
  readonly columns: number;
  readonly inner: number;
  /** a is stored as `[inner, rows]`. */
  readonly transposeA?: boolean;
  /** b is stored as `[columns, inner]`. */
  readonly transposeB?: boolean;
  /** How many products along the two axes of the batch. @default {[1, 1]} */
  readonly batch?: readonly [outer: number, share: number];
}

/** How a product is computed: see matmul_registers.ts and matmul_shared.ts. */
export type MatMulVariant = "registers" | "shared";

/** tfjs' kernel `BatchMatMul`. */
export type MatMul = (call: {
  inputs: { a: tf.TensorInfo; b: tf.TensorInfo };
  attrs: { transposeA: boolean; transposeB: boolean };
  backend: WebGpuBackend;
}) => tf.TensorInfo;

/**
 * Computes products. Sums are in float32, along the inner axis.
 *
 * @param variant the one for the device if it is left out
 */
export function multiply(
  products: Products,
  variant: MatMulVariant = gpu().isSoftware ? "registers" : "shared",
): void {
  const { a, b, c, bias, activated, rows, columns, inner, transposeA = false, transposeB = false } = products;
  const [outer, share] = products.batch ?? [1, 1];
  const aStored = a.row ?? (transposeA ? rows : inner);
  const bStored = b.row ?? (transposeB ? inner : columns);
  const layout = {
    ...{ rows, columns, inner, share, products: outer * share },
    ...{ aRow: transposeA ? 1 : aStored, aInner: transposeA ? aStored : 1 },
    ...{ aOuter: a.outer ?? 0, aShare: a.share ?? 0 },
    ...{ bInner: transposeB ? 1 : bStored, bColumn: transposeB ? bStored : 1 },
    ...{ bOuter: b.outer ?? 0, bShare: b.share ?? 0 },
    ...{ cRow: c.row ?? columns, cOuter: c.outer ?? 0, cShare: c.share ?? 0 },
  };
  const isInQuads = [
    ...[columns, inner, transposeA ? rows : 0, aStored, bStored, layout.cRow],
    ...[layout.aOuter, layout.aShare, layout.bOuter, layout.bShare, layout.cOuter, layout.cShare],
  ].every((size) => size % 4 === 0);
  const typeOf = ({ tensor }: Matrices): FloatType => gpu().floatTypeOf(tensor);
  const kind: MatMulKind = {
    types: { a: typeOf(a), b: typeOf(b), c: typeOf(c) },
    ...{ transposeA, transposeB, bias: bias !== undefined, gelu: activated !== undefined },
    side: variant === "shared" ? sideFor(rows, columns, outer * share) : 0,
    quads: variant === "registers" && isInQuads,
  };
  gpu().run(matMulProgram(kind), {
    buffers: {
      ...{ a: a.tensor, b: b.tensor, c: c.tensor },
      ...{ bias: bias ?? b.tensor, activated: activated ?? c.tensor }, // only bound if there are such
    },
    uniforms: layout,
    workgroups: matMulWorkgroups(kind, layout),
  });
}

/**
 * In place of tfjs' kernel. Batches are broadcast as in NumPy.
 *
 * @param previous for what is not done here: numbers that are not float32 on the device, and batches that
 * are broadcast along more than two groups of axes
 * @param variant the one for the device if it is left out
 */
export function matMulWith(previous: MatMul, variant?: MatMulVariant): MatMul {
  return (call) => {
    const { inputs: { a, b }, attrs: { transposeA, transposeB }, backend } = call;
    if ([a, b].some(({ dataId }) => backend.tensorMap.get(dataId).dtype !== "float32")) return previous(call);
    const [batchA, batchB] = [a.shape.slice(0, -2), b.shape.slice(0, -2)];
    const batch = tf.broadcast_util.assertAndGetBroadcastShape(batchA, batchB);
    const rows = a.shape.at(transposeA ? -1 : -2)!;
    const inner = a.shape.at(transposeA ? -2 : -1)!;
    const columns = b.shape.at(transposeB ? -2 : -1)!;
    const shape = [...batch, rows, columns];
    const size = tf.util.sizeFromShape(shape);
    if (size === 0 || inner === 0) return backend.makeTensorInfo(shape, "float32", new Float32Array(size));
    const axes = batchAxes(batch, [batchA, batchB]);
    if (!axes) return previous(call);
    const { sizes, strides: [ofA, ofB] } = axes;
    const c = backend.makeTensorInfo(shape, "float32");
    const [aSize, bSize, cSize] = [rows * inner, inner * columns, rows * columns];
    multiply({
      ...{ rows, columns, inner, transposeA, transposeB, batch: sizes },
      a: { tensor: a, outer: ofA![0] * aSize, share: ofA![1] * aSize },
      b: { tensor: b, outer: ofB![0] * bSize, share: ofB![1] * bSize },
      c: { tensor: c, outer: sizes[1] * cSize, share: cSize },
    }, variant);
    return c;
  };
}

/** What was there before ours; guarded, if the guards came first. */
let stock: MatMul | undefined;

/** Puts our kernel in the place of tfjs' own, or takes it out again. */
export function replaceMatMul(on: boolean): void {
  const config = tf.getKernel("BatchMatMul", "webgpu");
  stock ??= config.kernelFunc as unknown as MatMul;
  config.kernelFunc = (on ? matMulWith(stock) : stock) as unknown as tf.KernelFunc;
}

/** The two axes of a batch that is broadcast from others, and the strides of each of those; none if it has more. */
function batchAxes(
  batch: readonly number[],
  own: readonly (readonly number[])[],
): { sizes: [number, number]; strides: [number, number][] } | undefined {
  // Neighbouring axes become one where all of them go on or stay together.
  const axes: { size: number; goes: boolean[] }[] = [];
  batch.forEach((size, axis) => {
    if (size === 1) return;
    const goes = own.map((shape) => (shape[axis - batch.length + shape.length] ?? 1) > 1);
    const last = axes.at(-1);
    if (last?.goes.join() === goes.join()) last.size *= size;
    else axes.push({ size, goes });
  });
  if (axes.length > 2) return undefined;
  while (axes.length < 2) axes.unshift({ size: 1, goes: own.map(() => false) });
  const [outer, share] = axes as [typeof axes[0], typeof axes[0]];
  return {
    sizes: [outer.size, share.size],
    strides: own.map((_, one) => [
      outer.goes[one] ? (share.goes[one] ? share.size : 1) : 0,
      share.goes[one] ? 1 : 0,
    ]),
  };
}

/** Large tiles read less; small ones keep a GPU with more than a hundred processors busy. */
function sideFor(rows: number, columns: number, products: number): 32 | 64 {
  const tiles = Math.ceil(rows / 64) * Math.ceil(columns / 64) * products;
  return rows >= 64 && columns >= 64 && tiles >= 256 ? 64 : 32;
}

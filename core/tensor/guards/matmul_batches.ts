/**
 * Batches of matrix products in which both sides are broadcast, as `[2, 1, m, k]` by `[1, 3, k, n]`.
 *
 * tfjs pairs the wrong matrices there, on every backend: it lays the larger number of matrices over the
 * smaller one. Here the sides are repeated first. Products over no numbers at all (k = 0) are zeros; on webgpu
 * they are an error of the device.
 *
 * @module
 */
import * as tf from "../../deps/tfjs.ts";
import { callKernel, guardKernel, type KernelBackend } from "./kernel_calls.ts";

interface Product {
  readonly transposeA: boolean;
  readonly transposeB: boolean;
}

/** Guards tfjs' `BatchMatMul`; our own kernels of wasm and webgpu stand before it. */
export function repairMatMulBatches(backendName: string): void {
  guardKernel<Product>("BatchMatMul", backendName, (original) => (call) => {
    const { attrs, backend } = call;
    const [a, b] = [call.inputs["a"]!, call.inputs["b"]!];
    const [batchA, batchB] = [a.shape.slice(0, -2), b.shape.slice(0, -2)];
    const batch = tf.broadcast_util.assertAndGetBroadcastShape(batchA, batchB);
    const inner = a.shape.at(attrs.transposeA ? -2 : -1);
    if (inner === 0) {
      const rows = a.shape.at(attrs.transposeA ? -1 : -2)!;
      const columns = b.shape.at(attrs.transposeB ? -2 : -1)!;
      const shape = [...batch, rows, columns];
      return callKernel("Fill", backend, {}, { shape, value: 0, dtype: "float32" });
    }
    const count = tf.util.sizeFromShape(batch);
    const isPlain = [batchA, batchB].every((own) => [1, count].includes(tf.util.sizeFromShape(own)));
    if (isPlain) return original(call);
    const repeated = [a, b].map((x) => repeat(x, batch, backend)) as [tf.TensorInfo, tf.TensorInfo];
    const product = original({ inputs: { a: repeated[0], b: repeated[1] }, attrs, backend });
    for (const { dataId } of repeated) backend.disposeData(dataId);
    return product;
  });
}

/** The matrices of x, one for each product of the batch. */
function repeat(x: tf.TensorInfo, batch: readonly number[], backend: KernelBackend): tf.TensorInfo {
  const missing = batch.length + 2 - x.shape.length;
  const padded = [...Array<number>(missing).fill(1), ...x.shape];
  const reps = padded.map((size, axis) => axis < batch.length && size === 1 ? batch[axis]! : 1);
  return callKernel("Tile", backend, { x: { ...x, shape: padded } }, { reps });
}

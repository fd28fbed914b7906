/**
 * `step/tiny` and `step/mini`: a training step with our kernels against plain tfjs on the same backend.
 *
 * Plain tfjs on wasm cannot train an embedding at all (it has no UnsortedSegmentSum); the reference is given
 * that one kernel, in JavaScript, and is otherwise as published. Both see the same data, and their losses
 * have to agree to 1e-5, or the row is an error.
 *
 * @module
 */
import type { BertSize } from "../core/bert/config.ts";
import * as tf from "../core/deps/tfjs.ts";
import { startBackend } from "../core/tensor/backend.ts";
import { useWasmKernels } from "../core/tensor/kernels/wasm_kernels.ts";
import { examples, WholeModel } from "./models.ts";
import { inTurns, type Row, row } from "./rows.ts";

/** Kept before the backend starts, which replaces it. */
const publishedMatMul = tf.getKernel("BatchMatMul", "wasm").kernelFunc;

/** Measures one size. */
export async function stepRow(size: BertSize, turns: number): Promise<Row> {
  using _backend = await startBackend("wasm");
  using ours = new WholeModel(size);
  using plain = new WholeModel(size);
  const batch = examples();
  const losses: [number[], number[]] = [[], []];
  const [oursMs, plainMs] = await inTurns(turns, async () => {
    useWasmKernels(true);
    losses[0].push(await ours.step(batch));
  }, async () => {
    useWasmKernels(false);
    tf.getKernel("BatchMatMul", "wasm").kernelFunc = publishedMatMul;
    losses[1].push(await plain.step(batch));
  });
  useWasmKernels(true);
  const worst = Math.max(...losses[0].map((loss, index) => Math.abs(loss - losses[1][index]!)));
  if (!(worst < 1e-5)) throw new Error(`The losses of ours and of plain tfjs differ by ${worst}`);
  return row(`step/${size}`, oursMs, plainMs, "ms", {
    note: `wasm, losses equal to ${worst.toExponential(1)}`,
  });
}

/**
 * `step/tiny` and `step/mini`: a training step with our kernels against plain tfjs on the same backend; and
 * `step-repaired/…`, on wasm against tfjs with the two repairs of `wasm_repairs.ts`.
 *
 * Plain tfjs on wasm cannot train an embedding at all (it has no UnsortedSegmentSum); the reference is given
 * that one kernel, in JavaScript, and the guards of core/tensor/guards, and is otherwise as published. Both
 * see the same data, and their losses have to agree to 1e-5, or the row is an error.
 *
 * @module
 */
// deno-lint-ignore-file no-console -- a run says what it found
import type { BertSize } from "../core/bert/config.ts";
import * as tf from "../core/deps/tfjs.ts";
import { useWasmKernels } from "../core/tensor/kernels/wasm_kernels.ts";
import { useWebGpuKernels } from "../core/tensor/kernels/webgpu/kernels.ts";
import { examples, stepShape, WholeModel } from "./models.ts";
import { inTurns, row } from "./rows.ts";
import { type MeasuredBackend, onBackends, turnsOn } from "./tensors/backends.ts";
import { factsLine, stepFacts, type StepRow } from "./tensors/facts.ts";
import { requireSameLosses } from "./tensors/step_data.ts";

/** Kept before a backend starts, which replaces it. */
const publishedMatMul = {
  wasm: tf.getKernel("BatchMatMul", "wasm").kernelFunc,
  webgpu: tf.getKernel("BatchMatMul", "webgpu").kernelFunc,
};

/** Ours against plain tfjs, a row for each of wasm and webgpu. */
export function stepRows(
  size: BertSize,
  turns: number,
  wanted: readonly MeasuredBackend[] | undefined,
): Promise<StepRow[]> {
  return rows(`step/${size}`, ["wasm", "webgpu"], usePlain, { size, turns, wanted });
}

/** Ours against what tfjs' own kernels do on wasm when they are used well. */
export function repairedRows(
  size: BertSize,
  turns: number,
  wanted: readonly MeasuredBackend[] | undefined,
): Promise<StepRow[]> {
  return rows(`step-repaired/${size}`, ["wasm"], (backend) => useOurs(backend, false), {
    size,
    turns,
    wanted,
  });
}

type Compared = "wasm" | "webgpu";

/** The current backend computes as published. */
export function usePlain(backend: Compared): void {
  useOurs(backend, false);
  tf.getKernel("BatchMatMul", backend).kernelFunc = publishedMatMul[backend];
}

/** The current backend has our kernels, or not. */
export function useOurs(backend: Compared, on: boolean): void {
  if (backend === "wasm") useWasmKernels(on);
  else useWebGpuKernels(on);
}

async function rows(
  name: string,
  possible: readonly Compared[],
  useReference: (backend: Compared) => void,
  { size, turns, wanted }: {
    size: BertSize;
    turns: number;
    wanted: readonly MeasuredBackend[] | undefined;
  },
): Promise<StepRow[]> {
  return await onBackends(name, wanted, possible, async (started) => {
    const { name: backend, adapter } = started;
    const kind = backend as Compared;
    const shape = stepShape(size);
    const batch = examples(shape);
    using ours = new WholeModel(shape);
    using plain = new WholeModel(shape, false);
    const losses: [number[], number[]] = [[], []];
    const [oursMs, plainMs] = await inTurns(turnsOn(started, turns), async () => {
      useOurs(kind, true);
      losses[0].push(await ours.step(batch));
    }, async () => {
      useReference(kind);
      losses[1].push(await plain.step(batch));
    });
    useOurs(kind, true);
    const worst = Math.max(
      ...losses[0].map((loss, index) => requireSameLosses(loss, losses[1][index]!, "plain tfjs")),
    );
    const facts = await stepFacts(ours, batch, shape, oursMs);
    console.error(factsLine(`${name} on ${backend}`, facts));
    const note = `${backend}, losses equal to ${worst.toExponential(1)}`;
    return { ...row(name, oursMs, plainMs, "ms", { note, ...(adapter !== null && { adapter }) }), facts };
  });
}

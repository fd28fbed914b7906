/**
 * `encode/…`: what a step on webgpu costs the host, without waiting for the device: with recorded steps against
 * plain tfjs. The note has the time of our kernels without recordings.
 *
 * The batch is small, because what is encoded does not depend on it.
 *
 * @module
 */
// deno-lint-ignore-file no-console -- a run says what it found
import type { BertSize } from "../../core/bert/config.ts";
import { examples, type StepShape, stepShape, WholeModel } from "../models.ts";
import { median, row } from "../rows.ts";
import { useOurs, usePlain } from "../step.ts";
import { type MeasuredBackend, onBackends } from "./backends.ts";
import { encodeMsOf, factsLine, stepFacts, type StepRow } from "./facts.ts";

/** A row, where there is an adapter. */
export async function encodeRows(
  size: BertSize,
  turns: number,
  wanted: readonly MeasuredBackend[] | undefined,
): Promise<StepRow[]> {
  const name = `encode/${size}`;
  return await onBackends(name, wanted, ["webgpu"], async ({ adapter }) => {
    const shape: StepShape = { ...stepShape(size), batch: 2, length: 32 };
    const batch = examples(shape);
    using recorded = new WholeModel(shape);
    using direct = new WholeModel(shape, false);
    using plain = new WholeModel(shape, false);
    const timesOf = async (model: WholeModel): Promise<number> => {
      for (let step = 0; step < 3; step++) await model.step(batch); // compiles, and records
      const times: number[] = [];
      for (let turn = 0; turn < turns; turn++) times.push(await encodeMsOf(model, batch));
      return median(times);
    };
    usePlain("webgpu");
    const plainMs = await timesOf(plain);
    useOurs("webgpu", true);
    const directMs = await timesOf(direct);
    const recordedMs = await timesOf(recorded);
    const facts = await stepFacts(recorded, batch, shape, recordedMs);
    console.error(factsLine(name, facts));
    const note = `webgpu, ${facts.dispatches} dispatches; without recordings ${directMs.toFixed(1)} ms`;
    return { ...row(name, recordedMs, plainMs, "ms", { note, ...(adapter !== null && { adapter }) }), facts };
  });
}

/**
 * `step-jax/tiny`: a training step against `@jax-js/jax` on the same backend, with the same weights and data.
 *
 * Both have threads on wasm, one for each core. On native the reference is jax-js on wasm, which is the fastest
 * that it has without a GPU. Every loss has to agree to 1e-5.
 *
 * @module
 */
// deno-lint-ignore-file no-console -- a run says what it could not try
import type { BertSize } from "../../core/bert/config.ts";
import { usualThreads } from "../../core/tensor/backend.ts";
import { examples, stepShape, WholeModel } from "../models.ts";
import { inTurns, row } from "../rows.ts";
import { type MeasuredBackend, onBackends, turnsOn } from "./backends.ts";
import { factsLine, stepFacts, type StepRow } from "./facts.ts";
import { JaxModel } from "./jax_model.ts";
import { initialWeights, requireSameLosses, stepData } from "./step_data.ts";

/** A row for each backend. */
export async function jaxRows(
  size: BertSize,
  turns: number,
  wanted: readonly MeasuredBackend[] | undefined,
): Promise<StepRow[]> {
  const name = `step-jax/${size}`;
  return await onBackends(name, wanted, ["wasm", "native", "webgpu"], async (backend) => {
    const shape = stepShape(size);
    const batch = examples(shape);
    using ours = new WholeModel(shape);
    const device = backend.name === "webgpu" ? "webgpu" : "wasm";
    const given = [shape.config, await initialWeights(ours), stepData(shape, batch)] as const;
    using jax = await JaxModel.create(device, ...given);
    if (!jax) {
      console.error(`${name} is not measured on ${backend.name}: jax-js has no ${device} here`);
      return undefined;
    }
    const losses: [number[], number[]] = [[], []];
    const [oursMs, jaxMs] = await inTurns(
      turnsOn(backend, turns),
      async () => void losses[0].push(await ours.step(batch)),
      async () => void losses[1].push(await jax.step()),
    );
    const worst = Math.max(
      ...losses[0].map((loss, index) => requireSameLosses(loss, losses[1][index]!, "jax-js")),
    );
    const facts = await stepFacts(ours, batch, shape, oursMs);
    console.error(factsLine(`${name} on ${backend.name}`, facts));
    const note = `${backend.name} against jax-js on ${device}, losses equal to ${worst.toExponential(1)}`;
    const adapter = backend.adapter === null ? {} : { adapter: backend.adapter };
    return { ...row(name, oursMs, jaxMs, "ms", { note, ...adapter }), facts };
  }, { threads: usualThreads() });
}

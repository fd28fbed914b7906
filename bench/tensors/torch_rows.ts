/**
 * `step-torch/tiny` and `step-torch/mini`: a training step against PyTorch on the CPU, with the same weights
 * and data.
 *
 * The reference is the better of PyTorch with one thread and with two, and so is ours on wasm and native. All take their steps in turns, and every loss has to agree to 1e-5.
 *
 * @module
 */
// deno-lint-ignore-file no-console -- a run says what it could not try
import type { BertSize } from "../../core/bert/config.ts";
import { type Backend, startBackend } from "../../core/tensor/backend.ts";
import type { Example } from "../../core/train/examples.ts";
import { examples, stepShape, WholeModel } from "../models.ts";
import { median, row } from "../rows.ts";
import { type MeasuredBackend, onBackends, turnsOn } from "./backends.ts";
import { factsLine, stepFacts, type StepRow } from "./facts.ts";
import { initialWeights, requireSameLosses, stepData } from "./step_data.ts";
import { findTorch, TorchModel } from "./torch_model.ts";

const THREADS = [1, 2];

/** A row for each backend; none where PyTorch is not installed. @throws {Error} without the right to run Python */
export async function torchRows(
  size: BertSize,
  turns: number,
  wanted: readonly MeasuredBackend[] | undefined,
): Promise<StepRow[]> {
  const name = `step-torch/${size}`;
  const found = await findTorch();
  if (found === undefined) {
    console.error(
      `${name} is skipped: no Python here can import torch (Debian: apt-get install python3-torch)`,
    );
    return [];
  }
  return await onBackends(name, wanted, ["wasm", "native", "webgpu"], async (backend) => {
    const shape = stepShape(size);
    const batch = examples(shape);
    using stack = new DisposableStack();
    const variants: Ours[] = (backend.name === "webgpu" ? [undefined] : THREADS).map((threads) => ({
      ...{ threads, model: stack.use(new WholeModel(shape)), times: [] },
    }));
    const first = variants[0]!.model;
    const given = [shape.config, await initialWeights(first), stepData(shape, batch)] as const;
    await using one = await TorchModel.start(found.python, 1, ...given);
    await using two = await TorchModel.start(found.python, 2, ...given);
    const others: Theirs[] = [one, two].map((torch) => ({ torch, times: [] }));

    const worst = await takeTurns(backend, turns, variants, others, batch);
    // The first step compiles, and fills caches.
    const medians = (all: readonly Timed[]): number[] => all.map(({ times }) => median(times.slice(1)));
    const [ours, theirs] = [medians(variants), medians(others)];
    const best = Math.min(...ours);
    const facts = await stepFacts(first, batch, shape, best);
    console.error(factsLine(`${name} on ${backend.name}`, facts));
    const both = (ms: number[]): string => ms.map((one) => one.toFixed(0)).join(" and ");
    const note = `${backend.name}${ours.length > 1 ? ` (${both(ours)} ms with 1 and 2 threads)` : ""} ` +
      `against PyTorch ${one.version} (${both(theirs)}), losses equal to ${worst.toExponential(1)}`;
    return { ...row(name, best, Math.min(...theirs), "ms", { note, ...adapterOf(backend) }), facts };
  }, { threads: 2 });
}

interface Timed {
  /** Of each step, in milliseconds. */
  readonly times: number[];
}

type Ours = Timed & { readonly threads: number | undefined; readonly model: WholeModel };
type Theirs = Timed & { readonly torch: TorchModel };

/** One step of each per turn, and one that does not count; answers how far their losses were apart at most. */
async function takeTurns(
  backend: Backend & { readonly name: MeasuredBackend },
  turns: number,
  ours: readonly Ours[],
  theirs: readonly Theirs[],
  batch: readonly Example[],
): Promise<number> {
  let worst = 0;
  for (let turn = 0; turn <= turnsOn(backend, turns); turn++) {
    const losses: number[] = [];
    for (const { threads, model, times } of ours) {
      using _threads = threads === undefined
        ? undefined
        : await startBackend(backend.name, { threads, native: { threads } });
      const started = performance.now();
      losses.push(await model.step(batch));
      times.push(performance.now() - started);
    }
    for (const { torch, times } of theirs) {
      const { loss, ms } = await torch.step();
      times.push(ms);
      for (const one of losses) worst = Math.max(worst, requireSameLosses(one, loss, "PyTorch"));
    }
  }
  return worst;
}

function adapterOf({ adapter }: { readonly adapter: string | null }): { adapter?: string } {
  return adapter === null ? {} : { adapter };
}

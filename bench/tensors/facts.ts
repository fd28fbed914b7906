/**
 * What a step of ours costs beside its time, as numbers of their own: for the JSON file and a printed line.
 *
 * Measured in steps apart from those that are timed, because counting costs time too.
 *
 * @module
 */
import * as tf from "../../core/deps/tfjs.ts";
import type { Example } from "../../core/train/examples.ts";
import type { StepShape, StepTimes, WholeModel } from "../models.ts";
import { median, type Row } from "../rows.ts";

/** Numbers of one step. */
export interface StepFacts {
  readonly tokensPerSecond: number;
  /** Most bytes of tensors alive at once, in MiB: parameters and moments too. */
  readonly peakTensorMb: number;
  /** Of the whole process, in MiB: every model that this row has. */
  readonly residentMb: number;
  /** Of a GPU only: compute dispatches. */
  readonly dispatches?: number;
  /** Of a GPU only: JavaScript's time, without that in which a submission blocks (software adapters). */
  readonly encodeMs?: number;
  /** Of a GPU only: one number from an idle device. */
  readonly readBackMs?: number;
}

/** A row with the facts of our side. */
export type StepRow = Row & { readonly facts: StepFacts };

/** Takes three more steps. @param stepMs what a step takes when nothing is counted */
export async function stepFacts(
  model: WholeModel,
  batch: readonly Example[],
  { batch: texts, length }: StepShape,
  stepMs: number,
): Promise<StepFacts> {
  const round = (value: number): number => Number(value.toPrecision(3));
  const isGpu = tf.getBackend() === "webgpu";
  const peakBytes = await peakOf(() => model.step(batch));
  return {
    tokensPerSecond: round(texts * length / stepMs * 1_000),
    peakTensorMb: round(peakBytes / 2 ** 20),
    residentMb: round(Deno.memoryUsage().rss / 2 ** 20),
    ...(isGpu && {
      dispatches: await dispatchesOf(() => model.step(batch)),
      encodeMs: round(await encodeMsOf(model, batch)),
      readBackMs: round(await readBackMs()),
    }),
  };
}

/** The facts as one line. */
export function factsLine(name: string, facts: StepFacts): string {
  return `${name}: ${Object.entries(facts).map(([fact, value]) => `${fact} ${value}`).join(", ")}`;
}

interface Engine {
  trackTensor(...call: unknown[]): void;
  state: { numBytes: number };
}

/** The engine counts what is alive; this looks whenever a tensor comes to it. */
async function peakOf(work: () => Promise<unknown>): Promise<number> {
  const engine = tf.engine() as unknown as Engine;
  const { trackTensor } = engine;
  let peak = engine.state.numBytes;
  engine.trackTensor = function (...call): void {
    trackTensor.apply(this, call);
    peak = Math.max(peak, this.state.numBytes);
  };
  try {
    await work();
  } finally {
    engine.trackTensor = trackTensor;
  }
  return peak;
}

async function dispatchesOf(work: () => Promise<unknown>): Promise<number> {
  const { dispatchWorkgroups } = GPUComputePassEncoder.prototype;
  let count = 0;
  GPUComputePassEncoder.prototype.dispatchWorkgroups = function (...call): undefined {
    count++;
    return dispatchWorkgroups.apply(this, call) as undefined;
  };
  try {
    await work();
  } finally {
    GPUComputePassEncoder.prototype.dispatchWorkgroups = dispatchWorkgroups;
  }
  return count;
}

/** Of one step: {@linkcode StepFacts.encodeMs}. */
export async function encodeMsOf(model: WholeModel, batch: readonly Example[]): Promise<number> {
  const { submit } = GPUQueue.prototype;
  const times: StepTimes = { encodeMs: 0, readMs: 0, blockedMs: 0 };
  GPUQueue.prototype.submit = function (...call): undefined {
    const started = performance.now();
    submit.apply(this, call);
    times.blockedMs += performance.now() - started;
  };
  try {
    await model.step(batch, times);
  } finally {
    GPUQueue.prototype.submit = submit;
  }
  return times.encodeMs;
}

async function readBackMs(): Promise<number> {
  const times: number[] = [];
  for (let turn = 0; turn < 5; turn++) {
    const one = tf.add(tf.scalar(turn), 1);
    const other = tf.add(one, 1);
    await other.data(); // the device is idle afterwards
    const started = performance.now();
    await one.data();
    times.push(performance.now() - started);
    tf.dispose([one, other]);
  }
  return median(times);
}

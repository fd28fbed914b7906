/**
 * The trainer: one step of split learning, and an evaluation.
 *
 * A step runs the encoder forward with an open tape, moves the hidden states that the head asks for behind
 * the wall, gets their gradient back, finishes the encoder's backward pass, scales both gradients by their
 * joint norm, and lets both sides take the same AdamW step. The result is that of one model in one process.
 *
 * @module
 */
import * as tf from "../deps/tfjs.ts";
import { AdamW, squaredNorm } from "../tensor/adamw.ts";
import type { Precision } from "../tensor/float16.ts";
import { download, withOwnMemory } from "../tensor/transfer.ts";
import { KBertError } from "../wall/errors.ts";
import type { HostTensor } from "../wall/tensor.ts";
import { chunks } from "./batches.ts";
import { EncoderPasses } from "./encoder_pass.ts";
import type { Example } from "./examples.ts";
import { type ModelParts, splitLogits } from "./inference.ts";
import { learningRateAt, type ScheduleOptions } from "./schedule.ts";
import { type PartFigures, type ReportedFigures, StepFigures, UNREPORTED } from "./step_figures.ts";
import { rowsOf, targetsOf } from "./targets.ts";
import { countRight } from "./task_scores.ts";

/** Settings of a {@linkcode Trainer}. */
export interface TrainerOptions extends ScheduleOptions {
  readonly seed: number;
  /** How many labels the run has. */
  readonly labels: number;
  /** Examples per micro-batch. */
  readonly batchSize: number;
  readonly weightDecay: number;
  /** The joint norm that gradients are scaled down to. */
  readonly maxGradientNorm: number;
  /** See the encoder's `ForwardOptions`. @default {false} */
  readonly gradientCheckpointing?: boolean;
  /** The same. @default {"float32"} */
  readonly precision?: Precision;
  /** Whether the device's work is recorded and replayed, see core/tensor/capture.ts. @default {true} */
  readonly captureSteps?: boolean;
  /** Hears of steps that are computed in a slower way than they could be. */
  readonly note?: (line: string) => void;
}

/** What one step did. */
export interface StepReport extends ReportedFigures {
  readonly step: number;
  readonly learningRate: number;
  /** Joint norm of all gradients before clipping. */
  readonly gradientNorm: number;
  /** Tokens, padding not counted. */
  readonly tokens: number;
  readonly milliseconds: number;
  /** Of these, spent waiting for the head. */
  readonly headMilliseconds: number;
}

/** Owns the encoder's optimizer, and what is recorded of its passes. */
export class Trainer implements Disposable {
  readonly #parts: ModelParts;
  readonly #options: TrainerOptions;
  readonly #optimizer: AdamW;
  readonly #passes: EncoderPasses;
  /** Times the rate of the schedule; a callback may have changed it. */
  #rateFactor = 1;
  /** Steps that were given up: they count, but no weight moved by them. */
  #skipped = 0;

  constructor(parts: ModelParts, options: TrainerOptions) {
    this.#parts = parts;
    this.#options = options;
    this.#optimizer = new AdamW(parts.encoder.parameters);
    const { gradientCheckpointing = false, precision = "float32", captureSteps: capture = true, note } =
      options;
    this.#passes = new EncoderPasses(parts.encoder, {
      reads: parts.head.reads,
      ...{ gradientCheckpointing, precision, capture, note },
    });
  }

  /** Batches so far. */
  get step(): number {
    return this.#optimizer.updates + this.#skipped;
  }

  /** The rate of the step that was taken last; of the first one, before it. */
  get learningRate(): number {
    return this.#rateFactor * learningRateAt(Math.max(1, this.step), this.#options);
  }

  /** From the next step on, the schedule goes on in proportion to this rate at the last one. */
  set learningRate(rate: number) {
    const scheduled = learningRateAt(Math.max(1, this.step), this.#options);
    if (scheduled > 0) this.#rateFactor = rate / scheduled;
  }

  /** For a checkpoint, see {@linkcode Trainer.restore}. */
  get rateFactor(): number {
    return this.#rateFactor;
  }

  /** Of these, the ones that were skipped. */
  get skipped(): number {
    return this.#skipped;
  }

  /**
   * One update from one batch, in micro-batches of `batchSize`. If it throws, no weight has changed, unless the
   * head failed in its update.
   *
   * @param isReported whether figures are read; otherwise the loss is part of the next report
   * @throws {KBertError} `train/not-finite` if a loss or gradient is NaN or infinite, `device/failed` if the
   * device reported an error, and what a head's client throws.
   */
  trainStep(batch: readonly Example[]): Promise<StepReport & { readonly loss: number }>;
  trainStep(batch: readonly Example[], isReported: boolean): Promise<StepReport>;
  async trainStep(batch: readonly Example[], isReported = true): Promise<StepReport> {
    const { head, backend } = this.#parts;
    const { weightDecay, maxGradientNorm } = this.#options;
    const started = performance.now();
    const step = this.step + 1;
    const learningRate = this.#rateFactor * learningRateAt(step, this.#options);
    using gradients = new Gradients([...this.#parts.encoder.parameters.keys()]);
    const figures = isReported ? new StepFigures() : undefined;
    let [tokens, headMilliseconds, headSquares] = [0, 0, 0];
    for (const [index, examples] of chunks(batch, this.#options.batchSize).entries()) {
      const weight = examples.length / batch.length;
      const part = await this.#microBatch(examples, step, index, weight, gradients, isReported);
      if (part.figures) figures?.add(part.figures, weight);
      tokens += part.tokens;
      headMilliseconds += part.headMilliseconds;
      headSquares = part.squaredGradientNorm; // the head adds up by itself
    }

    const gradientNorm = Math.sqrt(await squaredNorm(gradients.tensors()) + headSquares);
    backend.check();
    requireFinite("norm of the gradients", gradientNorm, step);
    const scale = Math.min(1, maxGradientNorm / (gradientNorm + 1e-6));
    const update = { learningRate, scale, weightDecay };
    // The head computes its update while this thread computes the encoder's.
    const headDone = head.apply(update);
    this.#optimizer.update(gradients.byName, update);
    const waiting = performance.now();
    await headDone;
    const finished = performance.now();
    return {
      step,
      ...(figures?.report ?? UNREPORTED),
      learningRate,
      gradientNorm,
      tokens,
      milliseconds: finished - started,
      headMilliseconds: headMilliseconds + finished - waiting,
    };
  }

  /** Goes to the next step without this one's update, after {@linkcode Trainer.trainStep} refused its batch. */
  async skipStep(): Promise<void> {
    await this.#parts.head.forget();
    this.#skipped++;
  }

  /** The optimizer's moments, for a checkpoint. */
  state(): Promise<Map<string, HostTensor>> {
    return this.#optimizer.state();
  }

  /** Goes on from a checkpoint's moments. */
  restore(moments: ReadonlyMap<string, HostTensor>, step: number, skipped = 0, rateFactor = 1): void {
    this.#optimizer.restore(moments, step - skipped);
    this.#skipped = skipped;
    this.#rateFactor = rateFactor;
  }

  [Symbol.dispose](): void {
    this.#passes[Symbol.dispose]();
    this.#optimizer[Symbol.dispose]();
  }

  async #microBatch(
    examples: readonly Example[],
    step: number,
    microBatch: number,
    weight: number,
    gradients: Gradients,
    isReported: boolean,
  ): Promise<MicroBatch> {
    const { tokenizer, head } = this.#parts;
    const { labels, seed } = this.#options;
    const tokens = tokenizer.batch(rowsOf(examples));
    const { length } = tokens;
    using pass = this.#passes.begin(tokens, { seed, step, microBatch });
    const sent = await download(pass.hidden);
    const targets = targetsOf(head.task, examples, { labels, length });
    const started = performance.now();
    const answer = isReported
      ? await head.step(sent, targets, step, weight, length)
      : await head.quietStep(sent, targets, step, weight);
    const headMilliseconds = performance.now() - started;
    gradients.add(pass.backward(answer.hiddenGradient.data as Float32Array), weight === 1);
    return {
      squaredGradientNorm: answer.squaredGradientNorm,
      figures: answer.figures && {
        ...answer.figures,
        ...countRight(head.task, splitLogits(answer.figures.logits, examples), examples, labels),
      },
      tokens: tokens.mask.reduce((sum, one) => sum + one, 0),
      headMilliseconds,
    };
  }
}

/** What came of a part of a batch. */
interface MicroBatch {
  /** None in a step without a report. */
  readonly figures: PartFigures | undefined;
  readonly tokens: number;
  readonly headMilliseconds: number;
  readonly squaredGradientNorm: number;
}

/** Gradients of the encoder's parameters, added up over micro-batches. Owns them. */
class Gradients implements Disposable {
  readonly byName = new Map<string, tf.Tensor>();
  readonly #names: readonly string[];

  constructor(names: readonly string[]) {
    this.#names = names;
  }

  /**
   * @param gradients are its own from now on
   * @param isAll no others are to come; if there are, their pass needs the memory of these
   */
  add(gradients: readonly (tf.Tensor | undefined)[], isAll: boolean): void {
    for (const [index, gradient] of gradients.entries()) {
      if (!gradient) continue;
      const name = this.#names[index]!;
      const before = this.byName.get(name);
      if (before) this.byName.set(name, tf.add(before, gradient));
      else this.byName.set(name, isAll ? gradient : withOwnMemory(gradient));
      if (before) before.dispose();
      if (before || !isAll) gradient.dispose();
    }
  }

  tensors(): Iterable<tf.Tensor> {
    return this.byName.values();
  }

  [Symbol.dispose](): void {
    tf.dispose([...this.byName.values()]);
  }
}

function requireFinite(what: string, value: number, step: number): void {
  if (Number.isFinite(value)) return;
  const message = `The ${what} is ${value} at step ${step}; try a lower learning rate`;
  throw new KBertError("train/not-finite", message, { step, what, value });
}

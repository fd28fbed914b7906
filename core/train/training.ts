/**
 * The loop: epochs of batches, a checkpoint now and then, progress all the time, and a clean stop.
 *
 * @module
 */
import { chunks, epochBatches } from "./batches.ts";
import { type Checkpoint, saveCheckpoint } from "./checkpoint.ts";
import type { TrainingConfig } from "./config.ts";
import type { HeadPlugin } from "./head_plugin.ts";
import type { Progress } from "./progress.ts";
import type { Run } from "./run.ts";
import { messageOf } from "../wall/errors.ts";
import { poisonOf, type PoisonTable } from "../wall/poison.ts";
import { PoisonHandler } from "./poison_policy.ts";
import { type Example, type StepReport, Trainer, type TrainerParts } from "./trainer.ts";

/** What the loop works with; it owns only the trainer that it makes. */
export interface TrainingParts extends TrainerParts {
  readonly plugin: HeadPlugin;
  readonly run: Run;
  readonly config: TrainingConfig;
  readonly signal: AbortSignal;
  readonly startProgress: (total: number) => Progress | undefined;
  readonly onStep: ((report: StepReport) => void) | undefined;
}

/** Sums over all steps of a run, also those before it was interrupted. */
export interface TrainingTotals {
  tokens: number;
  milliseconds: number;
  headMilliseconds: number;
}

/** Steps over which the figures of the progress line are averaged. */
const SMOOTHING_STEPS = 20;

/** One run of the loop. */
export class Training implements Disposable {
  readonly #parts: TrainingParts;
  readonly #trainer: Trainer;
  readonly #stepsPerEpoch: number;
  readonly #totalSteps: number;
  readonly #examples: readonly Example[];
  readonly #poison: PoisonHandler;
  /** Step of the checkpoint that was written last. */
  #saved = 0;
  readonly #totals: TrainingTotals = { tokens: 0, milliseconds: 0, headMilliseconds: 0 };

  constructor(parts: TrainingParts, examples: readonly Example[]) {
    const { training, seed } = parts.config;
    this.#stepsPerEpoch = Math.ceil(examples.length / (training.batchSize * training.accumulationSteps));
    this.#parts = parts;
    this.#examples = examples;
    this.#totalSteps = Math.min(this.#stepsPerEpoch * training.epochs, training.maxSteps ?? Infinity);
    const { onPoison } = parts.config.head;
    this.#poison = new PoisonHandler(parts.head.name, onPoison);
    this.#trainer = new Trainer(parts, { ...training, seed, totalSteps: this.#totalSteps });
  }

  /** Updates taken so far. */
  get step(): number {
    return this.#trainer.step;
  }

  /** What the guards refused, also before the run was interrupted. */
  get poisoned(): PoisonTable {
    return this.#poison.table;
  }

  get totals(): Readonly<TrainingTotals> {
    return this.#totals;
  }

  /** Goes on from a checkpoint: weights, moments, the head's state, and the sums. */
  async restore(checkpoint: Checkpoint & { readonly path: string }): Promise<void> {
    const { groups, step, data, path } = checkpoint;
    const none = new Map();
    this.#parts.encoder.restore(groups["encoder"] ?? none, path);
    const skipped = Number(data["skipped"] ?? 0);
    this.#trainer.restore(groups["encoder-moments"] ?? none, step, skipped);
    await this.#parts.head.restore({
      parameters: groups["head"] ?? none,
      moments: groups["head-moments"] ?? none,
      updates: step - skipped,
    });
    this.#parts.head.norms.restore(data["norms"]);
    this.#poison.restore(data);
    for (const key of ["tokens", "milliseconds", "headMilliseconds"] as const) {
      this.#totals[key] = Number(data[key] ?? 0);
    }
    await this.#parts.run.truncateLog(step);
  }

  /**
   * Trains to the end, or until the signal. The last step is in a checkpoint. Answers whether it is the end.
   *
   * @throws {KBertError} what a step throws, if the head's policy is to abort: the step before is in a checkpoint
   */
  async run(): Promise<boolean> {
    const { config: { training }, signal, run, onStep } = this.#parts;
    const progress = this.#parts.startProgress(this.#totalSteps);
    const recent: StepReport[] = [];
    this.#saved = this.step;
    try {
      for (const batch of this.#batches()) {
        if (signal.aborted) break;
        const report = await this.#step(batch);
        if (report === undefined) continue;
        this.#totals.tokens += report.tokens;
        this.#totals.milliseconds += report.milliseconds;
        this.#totals.headMilliseconds += report.headMilliseconds;
        onStep?.(report);
        if (recent.push(report) > SMOOTHING_STEPS) recent.shift();
        progress?.update(this.#smoothed(recent));
        if (report.step % training.logEverySteps === 0) await run.log({ ...report });
        if (report.step % training.checkpointEverySteps === 0) {
          await this.#save();
        }
      }
    } finally {
      progress?.finish();
    }
    if (this.step > this.#saved) await this.#save();
    return this.step >= this.#totalSteps;
  }

  [Symbol.dispose](): void {
    this.#trainer[Symbol.dispose]();
  }

  /** One step; undefined if its batch was skipped. */
  async #step(batch: readonly Example[]): Promise<StepReport | undefined> {
    const { run } = this.#parts;
    try {
      const report = await this.#trainer.trainStep(batch);
      this.#poison.succeeded();
      return report;
    } catch (error) {
      const fatal = this.#poison.failed(error);
      if (fatal !== undefined) {
        if (poisonOf(error) !== undefined) await this.#saveBeforePoison();
        throw fatal;
      }
      await this.#trainer.skipStep();
      await run.log({ step: this.step, skipped: poisonOf(error), error: messageOf(error) });
      return undefined;
    }
  }

  /** No weight has moved since the last good step, so that one can be kept. */
  async #saveBeforePoison(): Promise<void> {
    const { encoder } = this.#parts;
    if (this.step === this.#saved) return;
    try {
      // A run that diverged poisons its own head; what it has become is not worth more than the last checkpoint.
      for (const { data } of (await encoder.weights()).values()) {
        if (!data.every((weight) => Number.isFinite(weight))) return;
      }
      await this.#save();
    } catch {
      // What ended the run is what the user needs to hear of.
    }
  }

  /** The batches that are still to come, across epochs. */
  *#batches(): Iterable<Example[]> {
    const { config: { training, seed } } = this.#parts;
    const lengths = this.#examples.map(({ ids }) => ids.length);
    let skip = this.step;
    for (let epoch = 0; epoch < training.epochs; epoch++) {
      if (skip >= this.#stepsPerEpoch) {
        skip -= this.#stepsPerEpoch;
        continue;
      }
      const batches = epochBatches(lengths, { batchSize: training.batchSize, seed, epoch });
      for (const group of chunks(batches, training.accumulationSteps).slice(skip)) {
        if (this.step >= this.#totalSteps) return;
        yield group.flat().map((index) => this.#examples[index]!);
      }
      skip = 0;
    }
  }

  async #save(): Promise<void> {
    const { run, encoder, head, plugin, config } = this.#parts;
    const { manifest: { name, version }, sha256 } = plugin.image;
    const { parameters, moments } = await head.state();
    await saveCheckpoint(run.checkpoints, {
      step: this.step,
      epoch: Math.floor(this.step / this.#stepsPerEpoch),
      seed: config.seed,
      configHash: run.configHash,
      // Everything random is a function of the seed and the step: these two are the generator's state.
      generator: [config.seed, this.step],
      plugins: [{ name, version, sha256 }],
      groups: {
        "encoder": await encoder.weights(),
        "encoder-moments": await this.#trainer.state(),
        "head": parameters,
        "head-moments": moments,
      },
      data: {
        ...this.#totals,
        skipped: this.#trainer.skipped,
        norms: head.norms.recent,
        ...this.#poison.state,
      },
    });
    this.#saved = this.step;
  }

  #smoothed(recent: readonly StepReport[]): Parameters<Progress["update"]>[0] {
    const sum = (of: (report: StepReport) => number): number =>
      recent.reduce((total, one) => total + of(one), 0);
    const milliseconds = sum((one) => one.milliseconds);
    return {
      step: this.step,
      loss: sum((one) => one.loss) / recent.length,
      accuracy: sum((one) => one.accuracy) / recent.length,
      tokensPerSecond: sum((one) => one.tokens) / milliseconds * 1_000,
      secondsLeft: (this.#totalSteps - this.step) * milliseconds / recent.length / 1_000,
      pluginShare: sum((one) => one.headMilliseconds) / milliseconds,
    };
  }
}

/**
 * The loop: epochs of batches, evaluations, the moments that callbacks hear of and what they wish, a checkpoint now
 * and then, progress all the time, and a clean stop.
 *
 * Order matters where a run can be interrupted: after a step come the evaluation, the callbacks and their wishes,
 * and only then the checkpoint. So a run that goes on from it says nothing twice.
 *
 * @module
 */
import type { Logs, Moment, TrainerState } from "../manifest/moments.ts";
import type { PoisonTable } from "../wall/poison.ts";
import type { Batch, BatchSource } from "./batch_source.ts";
import type { Callbacks } from "./callbacks.ts";
import type { LoadedCheckpoint } from "./checkpoint.ts";
import { CheckpointKeeper } from "./checkpoint_keeper.ts";
import { type CodeChange, CodeChanges } from "./code_changes.ts";
import type { TrainingConfig } from "./config.ts";
import type { Beginning } from "./device_recovery.ts";
import { EpochLogs, stepLogs } from "./epoch_logs.ts";
import { evaluate } from "./evaluation.ts";
import type { Example } from "./examples.ts";
import { GuardedStep } from "./guarded_step.ts";
import type { ModelParts } from "./inference.ts";
import type { Progress } from "./progress.ts";
import type { Run } from "./run.ts";
import type { FailureCounts, RunPlugin, Stopwatch } from "./run_plugin.ts";
import { RecentSteps } from "./smoothed.ts";
import { Totals, type TrainingTotals } from "./totals.ts";
import { type StepReport, Trainer } from "./trainer.ts";

/** What the loop works with; it owns only the trainer that it makes. */
export interface TrainingParts extends ModelParts {
  /** All that take part, the head first. */
  readonly plugins: readonly RunPlugin[];
  readonly source: BatchSource;
  /** Not trained on; none if there are no evaluations. */
  readonly validation: readonly Example[];
  readonly labels: readonly string[];
  readonly callbacks: Callbacks;
  readonly failures: FailureCounts;
  readonly stopwatch: Stopwatch;
  readonly run: Run;
  readonly config: TrainingConfig;
  readonly signal: AbortSignal;
  readonly note: (line: string) => void;
  readonly startProgress: (total: number) => Progress | undefined;
  readonly onStep: ((report: StepReport) => unknown) | undefined;
}

/** Why a training ended before its last step. */
export interface EarlyStop {
  readonly plugin: string;
  readonly reason: string;
  readonly step: number;
  readonly epoch: number;
}

/** One run of the loop. */
export class Training implements Disposable {
  readonly #parts: TrainingParts;
  readonly #trainer: Trainer;
  readonly #keeper: CheckpointKeeper;
  readonly #totalSteps: number;
  readonly #guarded: GuardedStep;
  readonly #changes: CodeChanges;
  readonly #epochLogs = new EpochLogs();
  readonly #totals = new Totals();
  /** The epoch in hand. */
  #epoch = 0;
  /** What was measured last, for `onTrainEnd`. */
  #logs: Logs = {};
  #stop: EarlyStop | undefined;
  /** The callback whose best weights are to be the model. */
  #restoresBestOf: string | undefined;

  constructor(parts: TrainingParts) {
    const { training, seed } = parts.config;
    this.#parts = parts;
    const all = parts.source.stepsPerEpoch * training.epochs;
    this.#totalSteps = Math.min(all, training.maxSteps ?? Infinity);
    this.#changes = new CodeChanges(parts.plugins);
    const labels = parts.labels.length;
    this.#trainer = new Trainer(parts, {
      ...training,
      seed,
      labels,
      totalSteps: this.#totalSteps,
      note: parts.note,
    });
    this.#keeper = new CheckpointKeeper(parts, this.#trainer, () => this.#capture());
    this.#guarded = new GuardedStep(parts, this.#trainer, this.#keeper);
  }

  /** Updates taken so far. */
  get step(): number {
    return this.#trainer.step;
  }

  /** What the guards refused, also before the run was interrupted. */
  get poisoned(): PoisonTable {
    return this.#guarded.poisoned;
  }

  /** Where plugins went on with other code. */
  get codeChanges(): readonly CodeChange[] {
    return this.#changes.all;
  }

  get totals(): TrainingTotals {
    return this.#totals.now;
  }

  /** Set if a callback ended it. */
  get stop(): EarlyStop | undefined {
    return this.#stop;
  }

  /** Goes on from a checkpoint: weights, moments, the head's and the callbacks' state, and the sums. */
  async restore(checkpoint: LoadedCheckpoint): Promise<void> {
    await this.#keeper.restore(checkpoint);
    await this.#restoreData(checkpoint.data);
    await this.#parts.run.truncateLog(checkpoint.step);
  }

  /** What {@linkcode Training.beginAgain} of another training of this run needs; asked for before the first step. */
  async beginning(): Promise<Beginning> {
    return { head: await this.#parts.head.state(), data: await this.#capture({ isOfBeginning: true }) };
  }

  /** Puts the plugins back to where the run began. The encoder is a new one. */
  async beginAgain({ head, data }: Beginning): Promise<void> {
    await this.#parts.head.restore(head);
    this.#parts.head.norms.restore([]);
    await this.#restoreData(data);
  }

  /**
   * Trains to the end, until a callback stops it, or until the signal. The last step is in a checkpoint. Answers
   * whether it is the end; the model is then the one to be kept.
   *
   * @throws {KBertError} what a step throws, if the head's policy is to abort: the step before is in a checkpoint
   */
  async run(): Promise<boolean> {
    const { signal, source, onStep } = this.#parts;
    const progress = this.#parts.startProgress(this.#totalSteps);
    const recent = new RecentSteps();
    this.#epoch = Math.floor(this.step / source.stepsPerEpoch);
    let begin: Moment[] = [["onTrainBegin"]];
    try {
      for await (const batch of source.from(this.step)) {
        if (signal.aborted || this.#isOver()) break;
        this.#epoch = batch.epoch;
        if (batch.index === 0) begin.push(["onEpochBegin", batch.epoch]);
        await this.#tell([...begin, ["onBatchBegin", batch.index]]);
        begin = [];
        if (this.#isOver()) break;
        this.#parts.failures.add(batch.failures);
        const report = await this.#guarded.take(batch.examples, this.#isReported(batch));
        if (report !== undefined) {
          this.#totals.add(report, batch.waitMilliseconds);
          this.#epochLogs.add(report);
          await onStep?.(report);
          recent.add(report);
          progress?.update(recent.progress(this.#totalSteps));
        }
        await this.#afterStep(batch, report);
      }
    } finally {
      progress?.finish();
    }
    if (this.#keeper.hasUnsaved) await this.#save();
    if (!this.#isOver()) return false;
    await this.#end();
    return true;
  }

  [Symbol.dispose](): void {
    this.#trainer[Symbol.dispose]();
  }

  async #restoreData(data: Readonly<Record<string, unknown>>): Promise<void> {
    this.#guarded.restore(data);
    this.#parts.failures.restore(data["failures"]);
    this.#epochLogs.restore(data["epochLogs"]);
    this.#changes.restore(data["codeChanges"]);
    this.#parts.stopwatch.restore(data["waits"]);
    await this.#parts.callbacks.restore(data["callbacks"]);
    this.#stop = data["stop"] as EarlyStop | undefined;
    this.#restoresBestOf = data["restoresBestOf"] as string | undefined;
    this.#totals.restore(data);
  }

  #isOver(): boolean {
    return this.#stop !== undefined || this.step >= this.#totalSteps;
  }

  /**
   * Whether the figures of the next step are read: as often as is logged, where a mean is due, and at an evaluation,
   * after which a callback may stop the run.
   */
  #isReported(batch: Batch): boolean {
    const { logEverySteps } = this.#parts.config.training;
    const step = this.step + 1;
    return step % logEverySteps === 0 || this.#endsEpoch(batch, step) || this.#isEvaluated(step);
  }

  #endsEpoch({ index }: Batch, step: number): boolean {
    return index === this.#parts.source.stepsPerEpoch - 1 || step >= this.#totalSteps;
  }

  /** In the midst of an epoch. */
  #isEvaluated(step: number): boolean {
    return step % (this.#parts.config.training.evaluateEverySteps ?? Infinity) === 0;
  }

  /** Log, evaluation, callbacks, checkpoint: in this order. */
  async #afterStep(batch: Batch, report: StepReport | undefined): Promise<void> {
    const { config: { training }, run } = this.#parts;
    const moments: Moment[] = [];
    for (const change of this.#changes.look(this.step)) {
      await run.log({ step: this.step, reloaded: change.plugin, from: change.from, to: change.to });
    }
    if (report !== undefined) {
      if (report.loss !== null) await run.log({ ...report, waitMilliseconds: batch.waitMilliseconds });
      moments.push(["onBatchEnd", batch.index, stepLogs(report)]);
    }
    const endsEpoch = this.#endsEpoch(batch, this.step);
    const found = endsEpoch || this.#isEvaluated(this.step) ? await this.#evaluate() : undefined;
    if (found) moments.push(["onEvaluate", found]);
    if (endsEpoch) {
      this.#logs = { ...this.#epochLogs.means, ...found };
      this.#epochLogs.clear();
      moments.push(["onEpochEnd", batch.epoch, this.#logs]);
    }
    await this.#tell(moments);
    if (this.step % training.checkpointEverySteps === 0 && this.#keeper.hasUnsaved) await this.#save();
  }

  async #evaluate(): Promise<Logs | undefined> {
    const { validation, labels, config: { training }, run } = this.#parts;
    if (validation.length === 0) return undefined;
    const { loss, scores } = await evaluate(this.#parts, validation, labels, training.evalBatchSize);
    const figures = Object.entries({ loss, ...scores }).map(([name, value]) => [`val_${name}`, value]);
    const logs = Object.fromEntries(figures) as Logs;
    await run.log({ step: this.step, ...logs });
    return logs;
  }

  /** Tells the callbacks, and does what they wish; nothing more is saved because of a checkpoint. */
  async #tell(moments: readonly Moment[], { saves = true } = {}): Promise<void> {
    const { callbacks, run } = this.#parts;
    if (!moments.some(([name]) => callbacks.wants(name))) return;
    const wishes = await callbacks.notify(moments, this.#state());
    const { log, learningRate, stopper, reason = "it wished so" } = wishes;
    if (Object.keys(log).length > 0) await run.log({ step: this.step, callbacks: log });
    if (learningRate !== undefined) this.#trainer.learningRate = learningRate;
    for (const [plugin, isWanted] of Object.entries(wishes.restoreBest)) {
      if (isWanted) this.#restoresBestOf = plugin;
      else if (this.#restoresBestOf === plugin) this.#restoresBestOf = undefined;
    }
    if (stopper !== undefined) {
      this.#stop ??= { plugin: stopper, reason, step: this.step, epoch: this.#epoch };
    }
    if (!saves) return;
    for (const plugin of wishes.best) await this.#keeper.saveBest(plugin);
    if (wishes.checkpoint) await this.#save();
  }

  #state(): TrainerState {
    const { config: { training: { epochs } }, source: { stepsPerEpoch } } = this.#parts;
    return {
      ...{ epoch: this.#epoch, step: this.step, maxSteps: this.#totalSteps, epochs, stepsPerEpoch },
      ...{ shouldStop: this.#stop !== undefined, learningRate: this.#trainer.learningRate },
    };
  }

  async #end(): Promise<void> {
    const { note } = this.#parts;
    if (this.#stop) {
      const { plugin, reason, step } = this.#stop;
      note(`${plugin} stopped the training after step ${step}: ${reason}`);
    }
    await this.#tell([["onTrainEnd", this.#logs]]);
    const plugin = this.#restoresBestOf;
    const step = plugin === undefined ? undefined : await this.#keeper.restoreBest(plugin);
    if (step !== undefined) {
      note(`Went back to the weights of step ${step}, the best of this run by ${plugin}`);
    }
  }

  async #save(): Promise<void> {
    const { callbacks } = this.#parts;
    const path = await this.#keeper.save();
    if (callbacks.wants("onCheckpoint")) await this.#tell([["onCheckpoint", path]], { saves: false });
  }

  /** All that a run knows of itself besides weights. */
  async #capture({ isOfBeginning = false } = {}): Promise<Record<string, unknown>> {
    const { callbacks, stopwatch, failures } = this.#parts;
    const remembered = await callbacks.capture({ isOfBeginning }); // before the failures are written: it may add one
    return {
      ...this.#totals.now,
      ...this.#guarded.state,
      failures: failures.table,
      epochLogs: this.#epochLogs.state,
      codeChanges: this.#changes.all,
      waits: stopwatch.state,
      callbacks: remembered,
      ...(this.#restoresBestOf !== undefined && { restoresBestOf: this.#restoresBestOf }),
      ...(this.#stop && { stop: this.#stop }),
    };
  }
}

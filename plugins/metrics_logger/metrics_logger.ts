/**
 * Writes down what a training measures, for programs (lines of JSON) and for TensorBoard.
 *
 * A log is less than the training that it is about: when a file cannot be written, because nobody granted the
 * folder or the disk is full, the plugin says so once, stops writing, and the training goes on.
 *
 * @module
 */
import {
  type CallbackConfig,
  CallbackPort,
  type EventBus,
  Files,
  inject,
  type Logs,
  type TrainerState,
} from "k-bert/sdk";
import { JSONL } from "./jsonl.ts";
import { LogFile } from "./log_file.ts";
import type { LogFormat, Moment } from "./log_format.ts";
import { TENSORBOARD } from "./tensorboard.ts";

/** Settings; see plugin.yaml. */
interface Settings extends CallbackConfig {
  readonly formats: readonly (keyof typeof FORMATS)[];
  readonly folder: string;
  readonly every_steps: number;
}

const FORMATS = { jsonl: JSONL, tensorboard: TENSORBOARD } as const satisfies Record<string, LogFormat>;

/** What comes back in a resumed run. */
interface Captured {
  /** The run's folder, by name. */
  readonly run: string;
  /** In the names of its files, in milliseconds since 1970. */
  readonly begunMs: number;
}

/**
 * One entry for each moment, in files of a folder of the run's own, which is named after its beginning:
 * `runs/metrics/2026-01-31T12-00-00.000Z`. The folder that was granted, `runs/metrics`, has to be there.
 *
 * They are written at the beginning (so that what is not granted is known at once), at the end of each epoch,
 * at the end, and whenever 64 KiB wait. TensorBoard gets a new file each time; see {@linkcode TENSORBOARD}.
 * With a step in every `every_steps`, the trainer sends a message after each step; without, none.
 *
 * A resumed run goes on in the folder of the run before, with files of its own: steps that were taken again
 * are in both, and the later file is the right one, which is how TensorBoard reads them.
 */
export class MetricsLogger extends CallbackPort<Settings> {
  readonly #files: Pick<Files, "write">;
  readonly #now: () => number;
  /** Of this run; before its first moment, of the run that it goes on with. */
  #captured: Captured | undefined;
  /** None before the first moment, and none after something could not be written. */
  #logs: readonly LogFile[] | undefined;

  /** @param now milliseconds since 1970 */
  constructor(
    config: Settings,
    eventBus?: EventBus,
    files: Pick<Files, "write"> = inject(Files),
    now = Date.now,
  ) {
    super(config, eventBus);
    this.#files = files;
    this.#now = now;
    const { every_steps } = config;
    // Not a method of the class: the host sends a message after each step to whoever has one.
    if (every_steps > 0) {
      this.onBatchEnd = async (_batch, logs, state) => {
        if (state.step % every_steps === 0) await this.#add("batch_end", state, logs);
      };
    }
  }

  override async onTrainBegin(state: TrainerState): Promise<void> {
    await this.#add("train_begin", state, {});
    await this.#flush();
  }

  override async onEvaluate(logs: Logs, state: TrainerState): Promise<void> {
    await this.#add("evaluate", state, logs);
  }

  override async onEpochEnd(epoch: number, logs: Logs, state: TrainerState): Promise<void> {
    await this.#add("epoch_end", { ...state, epoch }, logs);
    await this.#flush();
  }

  override async onTrainEnd(logs: Logs, state: TrainerState): Promise<void> {
    await this.#add("train_end", state, logs);
    await this.#flush();
  }

  /** Of a training that ended in an error, what waits is what one wants to see. */
  override async deactivate(): Promise<void> {
    await this.#flush();
  }

  override captureState(): Captured | undefined {
    return this.#captured;
  }

  /** @param state of {@linkcode MetricsLogger.captureState}; the host gives none to other code */
  override restoreState(state: unknown): void {
    this.#captured = state as Captured | null ?? undefined;
  }

  async #add(name: Moment["name"], { epoch, step }: TrainerState, figures: Logs): Promise<void> {
    const moment = { name, timeMs: this.#now(), epoch, step, figures };
    this.#logs ??= this.#begin(moment.timeMs);
    await this.#eachLog((log) => log.add(moment));
  }

  async #flush(): Promise<void> {
    await this.#eachLog((log) => log.flush());
  }

  #begin(nowMs: number): LogFile[] {
    const run = this.#captured?.run ?? new Date(nowMs).toISOString().replaceAll(":", "-");
    // A second later than the files of the run before, which are named by seconds and are not to be lost.
    const begunMs = Math.max(nowMs, (this.#captured?.begunMs ?? -Infinity) + 1_000);
    this.#captured = { run, begunMs };
    const place = { files: this.#files, folder: `${this.config.folder}/${run}`, begunMs };
    return [...new Set(this.config.formats)].map((format) => new LogFile(FORMATS[format], place));
  }

  /** Before the first moment there is nothing to do; after a failure there is nothing left. */
  async #eachLog(run: (log: LogFile) => Promise<void>): Promise<void> {
    try {
      for (const log of this.#logs ?? []) await run(log);
    } catch (error) {
      this.#logs = [];
      const reason = error instanceof Error ? error.message : String(error);
      const message = `The figures of this training are not written from here on: ${reason}`;
      await this.eventBus.emit("callback.warning", { callback: this.constructor.name, message });
    }
  }
}

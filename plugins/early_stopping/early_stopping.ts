/**
 * Early stopping: a training that has not become better for `patience` epochs is ended.
 *
 * With the events and fields of the plugin guide, and with Keras 3's word on weights: a training goes back to
 * its best ones however it ended, because whoever asks for the best weights does not want worse ones just
 * because the last epoch came before the patience was used up.
 *
 * @see Prechelt 1998, "Early Stopping, but When?", https://doi.org/10.1007/3-540-49430-8_3
 * @see https://keras.io/api/callbacks/early_stopping/
 * @module
 */
import {
  type CallbackConfig,
  CallbackPort,
  type CallbackWishes,
  type Logs,
  Monitor,
  type MonitorMode,
} from "k-bert/sdk";

/** Settings; see plugin.yaml. */
interface Settings extends CallbackConfig {
  readonly mode: MonitorMode;
  readonly restore_best_weights: boolean;
  readonly start_from_epoch: number;
  readonly baseline?: number;
}

/** What comes back in a resumed run. */
interface Captured {
  readonly best: number | null;
  readonly wait: number;
}

/**
 * Waits `patience` epochs for a value that beats the best one by more than `min_delta`, and then stops. A
 * patience of 0 is one of 1: the first epoch without improvement is the last.
 *
 * - NaN and infinity are no improvement and count against the patience, from the first epoch on.
 * - An epoch whose logs do not have the metric is told (`callback.warning`) and counts as none.
 * - With a `baseline`, epochs count against the patience until one beats it by more than `min_delta`, also
 *   if each is better than the one before. (Keras does not stop in an epoch that is a new best.)
 * - The best is the best since `start_from_epoch`; before that nothing is compared and no weights are kept.
 */
export class EarlyStopping extends CallbackPort<Settings> {
  readonly #monitor = new Monitor(this.config);
  #best: number | undefined;
  /** Epochs that counted against the patience. */
  #wait = 0;

  override async onEpochEnd(epoch: number, logs: Logs): Promise<CallbackWishes> {
    if (epoch < this.config.start_from_epoch) return {};
    const current = this.#monitor.read(logs);
    if (current === undefined) {
      await this.#warn(this.#monitor.notFoundIn(logs));
      return {};
    }
    const isBest = this.#monitor.isBetter(current, this.#best);
    this.#wait = isBest && this.#beatsBaseline(current) ? 0 : this.#wait + 1;
    if (isBest) await this.#becomeBest(epoch, current);
    const saves = isBest && this.config.restore_best_weights;
    return { ...(saves && { save: "best" }), ...await this.#stopOutOfPatience(epoch, current) };
  }

  /** The wish of {@linkcode EarlyStopping.onEpochEnd} again, for a training that was not stopped by it. */
  override onTrainEnd(): CallbackWishes {
    return this.#restoring();
  }

  override captureState(): Captured {
    return { best: this.#best ?? null, wait: this.#wait };
  }

  /** @param state of {@linkcode EarlyStopping.captureState}; the host gives none to other code */
  override restoreState(state: unknown): void {
    const { best, wait } = state as Captured;
    this.#best = best ?? undefined;
    this.#wait = wait;
  }

  #beatsBaseline(current: number): boolean {
    const { baseline } = this.config;
    return baseline === undefined || this.#monitor.isBetter(current, baseline);
  }

  async #stopOutOfPatience(epoch: number, current: number): Promise<CallbackWishes> {
    const { patience } = this.config;
    if (this.#wait < Math.max(1, patience)) return {};
    await this.eventBus.emit("callback.early_stopping_triggered", {
      ...{ callback: this.constructor.name, epoch, patience },
      best_value: this.#best ?? NaN, // no value was finite, so none is the best
      current_value: current,
    });
    return { shouldStop: true, reason: this.#reason(), ...this.#restoring() };
  }

  #reason(): string {
    const { baseline, patience } = this.config;
    const name = this.#monitor.name;
    const epochs = `for ${this.#wait} ${this.#wait === 1 ? "epoch" : "epochs"} (patience ${patience})`;
    if (this.#best === undefined) return `${name} has been no finite number ${epochs}`;
    const best = this.#beatsBaseline(this.#best) ? this.#best : `the baseline ${baseline}`;
    return `${name} has not been better than ${best} ${epochs}`;
  }

  /** Only if there are weights to go back to. */
  #restoring(): CallbackWishes {
    return this.config.restore_best_weights && this.#best !== undefined ? { restoreBest: true } : {};
  }

  async #becomeBest(epoch: number, value: number): Promise<void> {
    this.#best = value;
    const callback = this.constructor.name;
    await this.eventBus.emit("callback.new_best_value", {
      ...{ callback, epoch, value },
      metric: this.#monitor.name,
    });
  }

  async #warn(message: string): Promise<void> {
    await this.eventBus.emit("callback.warning", { callback: this.constructor.name, message });
  }
}

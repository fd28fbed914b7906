/**
 * Lowers the learning rate when a metric has stopped to improve.
 *
 * The `patience`-th epoch without improvement reduces, as in Keras; PyTorch waits for one more. A cooldown
 * passes over as many epochs as it says, as in PyTorch; Keras counts the last of them. The rate is the one of
 * the step that was taken last, and the schedule goes on in proportion from the lower one.
 *
 * @see https://keras.io/api/callbacks/reduce_lr_on_plateau/
 * @see https://docs.pytorch.org/docs/stable/generated/torch.optim.lr_scheduler.ReduceLROnPlateau.html
 * @module
 */
import {
  type CallbackConfig,
  CallbackPort,
  type CallbackWishes,
  type Logs,
  Monitor,
  type MonitorMode,
  type RuntimeEvents,
  type TrainerState,
} from "k-bert/sdk";

/** Settings; see plugin.yaml. */
interface Settings extends CallbackConfig {
  readonly mode: MonitorMode;
  readonly factor: number;
  readonly cooldown: number;
  readonly min_learning_rate: number;
}

/** The plugin's own topic, beside those of k-bert; plugin.yaml declares it too. */
export interface LearningRateEvents extends RuntimeEvents {
  /** The steps after this epoch are taken with `to` instead of `from`, times what the schedule does. */
  "callback.learning_rate_reduced": { callback: string; epoch: number; from: number; to: number };
}

/** What comes back in a resumed run. */
interface Captured {
  readonly best: number | null;
  readonly wait: number;
  readonly cooling: number;
}

/**
 * After `patience` epochs in a row that did not beat the best value by more than `min_delta`, multiplies the
 * learning rate with `factor`, down to `min_learning_rate`, and begins to count anew. A patience of 0 is one
 * of 1.
 *
 * - The `cooldown` epochs after a reduction do not count against the patience; a new best in them is one.
 * - NaN and infinity are no improvement. An epoch without the metric is told (`callback.warning`), and counts
 *   as none, in the cooldown too.
 * - A rate that is at `min_learning_rate` or below, as at the end of a decay, is left alone.
 */
export class ReduceLearningRateOnPlateau extends CallbackPort<Settings, LearningRateEvents> {
  readonly #monitor = new Monitor(this.config);
  #best: number | undefined;
  /** Epochs that counted against the patience. */
  #wait = 0;
  /** Epochs of the cooldown that are left. */
  #cooling = 0;

  override async onEpochEnd(epoch: number, logs: Logs, state: TrainerState): Promise<CallbackWishes> {
    const current = this.#monitor.read(logs);
    if (current === undefined) {
      await this.#warn(this.#monitor.notFoundIn(logs));
      return {};
    }
    const isCooling = this.#cooling > 0;
    if (isCooling) this.#cooling--;
    if (this.#monitor.isBetter(current, this.#best)) {
      this.#best = current;
      this.#wait = 0;
      return {};
    }
    if (isCooling) return {};
    if (++this.#wait < this.config.patience) return {};
    return await this.#reduce(epoch, state);
  }

  override captureState(): Captured {
    return { best: this.#best ?? null, wait: this.#wait, cooling: this.#cooling };
  }

  /** @param state of {@linkcode ReduceLearningRateOnPlateau.captureState}; the host gives none to other code */
  override restoreState(state: unknown): void {
    const { best, wait, cooling } = state as Captured;
    this.#best = best ?? undefined;
    this.#wait = wait;
    this.#cooling = cooling;
  }

  async #reduce(epoch: number, { learningRate: from }: TrainerState): Promise<CallbackWishes> {
    if (from === undefined) {
      await this.#warn("The learning rate is not reduced, because the trainer does not say what it is");
      return {};
    }
    const { factor, cooldown, min_learning_rate } = this.config;
    if (!(from > min_learning_rate)) return {};
    const to = Math.max(from * factor, min_learning_rate);
    this.#wait = 0;
    this.#cooling = cooldown;
    const callback = this.constructor.name;
    await this.eventBus.emit("callback.learning_rate_reduced", { callback, epoch, from, to });
    return { learningRate: to };
  }

  async #warn(message: string): Promise<void> {
    await this.eventBus.emit("callback.warning", { callback: this.constructor.name, message });
  }
}

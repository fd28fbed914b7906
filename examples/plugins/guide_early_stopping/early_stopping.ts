/**
 * The guide's early stopping: a training that has not become better for `patience` epochs is ended.
 *
 * @module
 */
import { CallbackPort, type Logs, type TrainerState } from "k-bert/sdk";

/** A metric whose name ends in `loss` is better when it is lower, any other when it is higher. */
export class EarlyStoppingCallback extends CallbackPort {
  /** The epoch after which it asked to stop. */
  stoppedEpoch: number | undefined;
  readonly #sign = this.config.monitor.endsWith("loss") ? -1 : 1;
  #best = -Infinity * this.#sign;
  #wait = 0;

  override async onEpochEnd(epoch: number, logs: Logs, state: TrainerState): Promise<void> {
    const callback = this.constructor.name;
    const { monitor, patience } = this.config;
    const current = logs[monitor];
    if (current === undefined) {
      const message = `Monitor metric '${monitor}' not found in logs`;
      await this.eventBus.emit("callback.warning", { callback, message });
      return;
    }

    if (this.#isImprovement(current)) {
      this.#best = current;
      this.#wait = 0;
      await this.eventBus.emit("callback.new_best_value", {
        callback,
        epoch,
        metric: monitor,
        value: current,
      });
      return;
    }

    if (++this.#wait < patience) return;
    this.stoppedEpoch = epoch;
    state.shouldStop = true;
    await this.eventBus.emit("callback.early_stopping_triggered", {
      ...{ callback, epoch, patience },
      best_value: this.#best,
      current_value: current,
    });
  }

  /** Never of NaN: a loss that is lost is not a better one. */
  #isImprovement(current: number): boolean {
    return this.#sign * (current - this.#best) > this.config.min_delta;
  }
}

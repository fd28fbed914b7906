/**
 * Says when weights are worth keeping: at a new best value of a metric, or every so many epochs or steps.
 *
 * The plugin never sees a weight. It answers a wish, and the trainer, on the other side of the wall, writes.
 *
 * @see https://keras.io/api/callbacks/model_checkpoint/
 * @module
 */
import {
  type CallbackConfig,
  CallbackPort,
  type CallbackWishes,
  type EventBus,
  type Logs,
  Monitor,
  type MonitorMode,
} from "k-bert/sdk";

/** Settings; see plugin.yaml. */
interface Settings extends CallbackConfig {
  readonly mode: MonitorMode;
  readonly save_best_only: boolean;
  readonly every_epochs: number;
  readonly every_steps: number;
}

/** What comes back in a resumed run. */
interface Captured {
  readonly best: number | null;
}

/**
 * At the end of every `every_epochs`-th epoch:
 *
 * - With `save_best_only`, asks that the weights be kept as the best of the run, if the metric beats its best
 *   value until now by more than `min_delta`. Values that are not finite never do; a metric that was not
 *   measured is told (`callback.warning`). Only epochs that are looked at are compared.
 * - Without, asks for a checkpoint, and looks at no metric.
 *
 * Every `every_steps` steps it asks for a checkpoint in either case. Whoever wants the training to end with its best weights has to wish for that too: it
 * is early_stopping's wish, not this plugin's.
 */
export class ModelCheckpoint extends CallbackPort<Settings> {
  readonly #monitor = new Monitor(this.config);
  #best: number | undefined;

  constructor(config: Settings, eventBus?: EventBus) {
    super(config, eventBus);
    // Not a method of the class: the host looks at which moments there are, and sends a message after each
    // step to whoever has this one.
    const { every_steps } = config;
    if (every_steps === 0) return;
    this.onBatchEnd = (_batch, _logs, { step }) => step % every_steps === 0 ? { save: "checkpoint" } : {};
  }

  override async onEpochEnd(epoch: number, logs: Logs): Promise<CallbackWishes> {
    const { every_epochs, save_best_only } = this.config;
    if (every_epochs === 0 || (epoch + 1) % every_epochs !== 0) return {};
    if (!save_best_only) return { save: "checkpoint" };
    return await this.#isNewBest(epoch, logs) ? { save: "best" } : {};
  }

  override captureState(): Captured {
    return { best: this.#best ?? null };
  }

  /** @param state of {@linkcode ModelCheckpoint.captureState}; the host gives none to other code */
  override restoreState(state: unknown): void {
    this.#best = (state as Captured).best ?? undefined;
  }

  async #isNewBest(epoch: number, logs: Logs): Promise<boolean> {
    const callback = this.constructor.name;
    const value = this.#monitor.read(logs);
    if (value === undefined) {
      await this.eventBus.emit("callback.warning", { callback, message: this.#monitor.notFoundIn(logs) });
      return false;
    }
    if (!this.#monitor.isBetter(value, this.#best)) return false;
    this.#best = value;
    const metric = this.#monitor.name;
    await this.eventBus.emit("callback.new_best_value", { callback, epoch, metric, value });
    return true;
  }
}

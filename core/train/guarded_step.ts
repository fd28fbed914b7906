/**
 * A step of a training whose head is somebody else's code: what becomes of the run when it fails, or its answer is
 * refused. New code has a second chance by the version before; what is left is up to the poison policy.
 *
 * @module
 */
import type { Backend } from "../tensor/backend.ts";
import { KBertError, messageOf } from "../wall/errors.ts";
import { poisonOf, type PoisonTable } from "../wall/poison.ts";
import type { CheckpointKeeper } from "./checkpoint_keeper.ts";
import type { TrainingConfig } from "./config.ts";
import type { Example } from "./examples.ts";
import type { HeadClient } from "./head_client.ts";
import { PoisonHandler } from "./poison_policy.ts";
import type { Run } from "./run.ts";
import type { FailureCounts, RunPlugin } from "./run_plugin.ts";
import { SecondChance } from "./second_chance.ts";
import type { StepReport, Trainer } from "./trainer.ts";

/** What it works with, and owns none of it. */
export interface GuardedStepParts {
  readonly head: HeadClient;
  readonly backend: Backend;
  /** All that take part, the head first. */
  readonly plugins: readonly RunPlugin[];
  readonly config: TrainingConfig;
  readonly failures: FailureCounts;
  readonly run: Run;
}

/** See the module's text. */
export class GuardedStep {
  readonly #parts: GuardedStepParts;
  readonly #trainer: Trainer;
  readonly #keeper: CheckpointKeeper;
  readonly #poison: PoisonHandler;
  readonly #chance: SecondChance;

  constructor(parts: GuardedStepParts, trainer: Trainer, keeper: CheckpointKeeper) {
    const { head, plugins, config, failures } = parts;
    this.#parts = parts;
    this.#trainer = trainer;
    this.#keeper = keeper;
    this.#poison = new PoisonHandler(head.name, config.head.onPoison, failures);
    this.#chance = new SecondChance(plugins[0]!);
  }

  /** What the guards refused, also before the run was interrupted. */
  get poisoned(): PoisonTable {
    return this.#poison.table;
  }

  /** For a checkpoint. */
  get state(): PoisonHandler["state"] {
    return this.#poison.state;
  }

  /** Goes on from a checkpoint's data. */
  restore(data: Readonly<Record<string, unknown>>): void {
    this.#poison.restore(data);
  }

  /**
   * Takes the step; answers undefined if its batch was skipped. Figures that it was to report are then told by the
   * next step that reports any.
   *
   * @param isReported see {@linkcode Trainer.trainStep}
   * @throws `device/failed` if the device is at fault, whatever it made the head answer; otherwise what ends the run; if that is a refused answer, the step before is in a checkpoint
   */
  async take(examples: readonly Example[], isReported: boolean): Promise<StepReport | undefined> {
    const { head, run, backend } = this.#parts;
    const { step } = this.#trainer;
    try {
      const report = await this.#chance.take(
        () => this.#trainer.trainStep(examples, isReported),
        async () => {
          if (this.#trainer.step !== step) throw new Error("the encoder has taken the step already");
          await head.forget();
        },
      );
      this.#poison.succeeded();
      return report;
    } catch (error) {
      backend.check(); // a head that was sent what a lost device computed has done nothing wrong
      const fatal = this.#poison.failed(error);
      if (fatal !== undefined) {
        if (poisonOf(error) !== undefined) await this.#keeper.saveBeforePoison();
        throw fatal;
      }
      // A head that cannot even forget is gone, and what ended it is what the user needs to hear of.
      await this.#trainer.skipStep().catch(() => Promise.reject(error));
      const skipped = poisonOf(error) ?? (error as KBertError).code;
      await run.log({ step: this.#trainer.step, skipped, error: messageOf(error) });
      return undefined;
    }
  }
}

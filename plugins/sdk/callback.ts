/**
 * The port of a training callback: hears how a training goes, and says what it wishes.
 *
 * A callback declares the methods that it wants; those that it does not have are never sent to it. What it
 * answers, and what it writes into `state.shouldStop`, is a wish that the trainer reads when the moment is over:
 * the training itself stays on the other side of the wall.
 *
 * @module
 */
import type { RuntimeEvents } from "../../core/bus/events.ts";
import type { CallbackWishes, Logs, Save, TrainerState as HostState } from "../../core/manifest/moments.ts";
import type { CallbackConfig } from "./config.ts";
import { type CallContext, PluginPort } from "./plugin_port.ts";

export type { CallbackWishes, Logs, Save };

/** Where a training is, as a callback sees it: a copy, which changes nothing but by `shouldStop`. */
export interface TrainerState extends Omit<HostState, "shouldStop"> {
  /** Set it to stop the training after the step in hand. */
  shouldStop: boolean;
}

/** What a method of a callback may answer. */
export type CallbackAnswer = Promise<CallbackWishes | void> | CallbackWishes | void;

/** The moments of a training; all are optional. */
export interface CallbackMethods {
  onTrainBegin?(state: TrainerState, context?: CallContext): CallbackAnswer;
  onTrainEnd?(logs: Logs, state: TrainerState, context?: CallContext): CallbackAnswer;
  onEpochBegin?(epoch: number, state: TrainerState, context?: CallContext): CallbackAnswer;
  onEpochEnd?(epoch: number, logs: Logs, state: TrainerState, context?: CallContext): CallbackAnswer;
  /** Before each step. Costs a message for each, so declare it only if it is needed. */
  onBatchBegin?(batch: number, state: TrainerState, context?: CallContext): CallbackAnswer;
  /**
   * After each step. Where `training.logEverySteps` is more than 1, only a step that reports has `loss`, the mean since
   * the report before, `accuracy` and the head's own figures in its `logs`.
   */
  onBatchEnd?(batch: number, logs: Logs, state: TrainerState, context?: CallContext): CallbackAnswer;
  /** After an evaluation on the validation texts; the names in `logs` begin with `val_`. */
  onEvaluate?(logs: Logs, state: TrainerState, context?: CallContext): CallbackAnswer;
  /** After a checkpoint was written. @param path of its folder, for people; a plugin cannot read there */
  onCheckpoint?(path: string, state: TrainerState, context?: CallContext): CallbackAnswer;
  /**
   * What it has to remember when the run is interrupted or its code is reloaded, as JSON can carry it. It is part of
   * each checkpoint; it comes back by {@linkcode CallbackMethods.restoreState} before `onTrainBegin` of a resumed
   * run, and before the next moment when it is reloaded.
   */
  captureState?(): unknown;
  restoreState?(state: unknown): Promise<void> | void;
}

/**
 * Base class of callbacks.
 *
 * @example
 * ```ts
 * import { CallbackPort, type Logs, type TrainerState } from "./callback.ts";
 * import { CallbackConfig } from "./config.ts";
 * import { EventBus } from "./event_bus.ts";
 * import { assertEquals } from "../../core/deps/assert.ts";
 *
 * class StopWhenGood extends CallbackPort {
 *   override onEpochEnd(_epoch: number, logs: Logs, state: TrainerState): void {
 *     if ((logs[this.config.monitor] ?? Infinity) < 0.1) state.shouldStop = true;
 *   }
 * }
 *
 * const callback = new StopWhenGood(CallbackConfig({ name: "stop_when_good" }), new EventBus());
 * const state = { epoch: 0, step: 10, maxSteps: 100, shouldStop: false };
 * callback.onEpochEnd(0, { val_loss: 0.05 }, state);
 * assertEquals(state.shouldStop, true);
 * ```
 */
export abstract class CallbackPort<
  Config extends CallbackConfig = CallbackConfig,
  Events extends object = RuntimeEvents,
> extends PluginPort<Config, Events> {}

// Declares that a subclass may have the methods, without making any.
export interface CallbackPort<
  Config extends CallbackConfig = CallbackConfig,
  Events extends object = RuntimeEvents,
> extends CallbackMethods {}

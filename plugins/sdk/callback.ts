/**
 * The port of a training callback: hears how a training goes, and may ask it to stop.
 *
 * A callback declares the methods that it wants; those that it does not have are never sent to it. What it
 * writes into `state` is a wish that the trainer reads when the method is over: the state itself stays on
 * the other side of the wall.
 *
 * @module
 */
import type { RuntimeEvents } from "../../core/bus/events.ts";
import type { CallbackConfig } from "./config.ts";
import { type CallContext, PluginPort } from "./plugin_port.ts";

/** Where a training is, as a callback sees it. */
export interface TrainerState {
  readonly epoch: number;
  /** Steps that are done. */
  readonly step: number;
  readonly maxSteps: number;
  /** Set it to stop the training after the step in hand. */
  shouldStop: boolean;
}

/** What was measured, by name: `loss`, `val_loss`, `accuracy`. */
export type Logs = Readonly<Record<string, number>>;

/** The moments of a training; all are optional. */
export interface CallbackMethods {
  onTrainBegin?(state: TrainerState, context?: CallContext): Promise<void> | void;
  onTrainEnd?(logs: Logs, state: TrainerState, context?: CallContext): Promise<void> | void;
  onEpochBegin?(epoch: number, state: TrainerState, context?: CallContext): Promise<void> | void;
  onEpochEnd?(epoch: number, logs: Logs, state: TrainerState, context?: CallContext): Promise<void> | void;
  onBatchBegin?(batch: number, state: TrainerState, context?: CallContext): Promise<void> | void;
  onBatchEnd?(batch: number, logs: Logs, state: TrainerState, context?: CallContext): Promise<void> | void;
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

/**
 * What a trainer and its callbacks say to each other: the moments of a training, and what callbacks wish. Types only.
 *
 * @module
 */

/** Where a training is, as callbacks see it. */
export interface TrainerState {
  /** The one in hand, from 0. */
  readonly epoch: number;
  /** Steps that are done. */
  readonly step: number;
  readonly maxSteps: number;
  readonly shouldStop: boolean;
  readonly epochs?: number;
  readonly stepsPerEpoch?: number;
  /** Of the step that was taken last. */
  readonly learningRate?: number;
}

/** Measurements by name. */
export type Logs = Readonly<Record<string, number>>;

/** What a callback may want to be saved. */
export type Save = "checkpoint" | "best";

/** What a callback wishes; the trainer reads it when the moment is over. Absent is no wish. */
export interface CallbackWishes {
  /** Stop after the step in hand. */
  readonly shouldStop?: boolean;
  /** Why, for people. */
  readonly reason?: string;
  /** Of the steps from here on: the schedule goes on in proportion. */
  readonly learningRate?: number;
  /** Write a checkpoint now, keep the weights of now as the best, or both. */
  readonly save?: Save | readonly Save[];
  /** Go back to the weights that this callback kept as the best when the training is over. */
  readonly restoreBest?: boolean;
  /** Figures for the log. */
  readonly log?: Logs;
}

/** A moment of a training, by the name of its method, with what the method is given before the state. */
export type Moment =
  | readonly ["onTrainBegin"]
  | readonly ["onTrainEnd", logs: Logs]
  | readonly ["onEpochBegin", epoch: number]
  | readonly ["onEpochEnd", epoch: number, logs: Logs]
  | readonly ["onBatchBegin", batch: number]
  | readonly ["onBatchEnd", batch: number, logs: Logs]
  | readonly ["onEvaluate", logs: Logs]
  | readonly ["onCheckpoint", path: string];

/**
 * What the user says about a head of this package; plugin.yaml has the words for people, the bounds and the defaults.
 *
 * @module
 */
import type { HeadConfig } from "k-bert/sdk";
import type { Task } from "k-bert/sdk/tensors";

/** A loss by its name in plugin.yaml. */
export type LossName =
  | "cross_entropy"
  | "focal"
  | "binary_cross_entropy"
  | "mse"
  | "mae"
  | "huber"
  | "ordinal"
  | "margin_ranking";

/** What is put between two layers. */
export type Activation = "relu" | "tanh" | "gelu" | "none";

/** Which one vector stands for a text. */
export type Pooling = "cls" | "mean";

/** Settings of a {@linkcode StandardHead}. */
export interface Settings extends HeadConfig {
  readonly task: Task;
  readonly loss: "auto" | LossName;
  readonly class_weights: readonly number[];
  readonly label_smoothing: number;
  readonly focal_gamma: number;
  readonly huber_delta: number;
  readonly margin: number;
  readonly pooling: Pooling;
  readonly hidden_layers: readonly number[];
  readonly activation: Activation;
}

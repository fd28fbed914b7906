/**
 * The port of a head: what turns hidden states into logits, and knows how wrong they are.
 *
 * A head runs by split learning. The trainer moves the hidden states that the head asks for to the head's
 * worker; there the forward pass, the loss and the backward pass are run, and the gradient of the hidden
 * states goes back. The head never sees the texts, and the model never leaves the trainer.
 *
 * @module
 */
import type { RuntimeEvents } from "../../core/bus/events.ts";
import type * as tf from "../../core/deps/tfjs.ts";
import type { Task } from "../../core/manifest/task.ts";
import type { HeadConfig } from "./config.ts";
import { inject } from "../../core/container/inject.ts";
import { EventBus } from "./event_bus.ts";
import { Layers } from "./layers.ts";
import { crossEntropy, type LossFunction } from "./losses.ts";
import { type CallContext, PluginPort } from "./plugin_port.ts";

/**
 * Which hidden states a head is given. `cls`: the first token's, `[batch, hidden]`. `mean`: the mean over
 * the tokens that are not padding, `[batch, hidden]`. `all`: `[batch, seq, hidden]`.
 */
export type HiddenStates = "cls" | "mean" | "all";

/** Figures about a batch by name: numbers, or scalars that the runtime reads and frees. */
export type HeadMetrics = Readonly<Record<string, tf.Tensor | number>>;

/**
 * Base class of heads. Build the layers in the constructor, with `this.layers`.
 *
 * @example A linear head, as a plugin would write it with `k-bert/sdk/tensors`
 * ```ts
 * import { HeadPort } from "./head.ts";
 * import type { Linear } from "./layers.ts";
 * import { EventBus } from "./event_bus.ts";
 * import { HeadConfig } from "./config.ts";
 * import * as tf from "../../core/deps/tfjs.ts";
 * import { assertEquals } from "../../core/deps/assert.ts";
 *
 * class LinearHead extends HeadPort {
 *   readonly #classifier: Linear;
 *
 *   constructor(config: HeadConfig, eventBus: EventBus, seed?: number) {
 *     super(config, eventBus, seed);
 *     this.#classifier = this.layers.linear("classifier", config.hidden_size, config.num_labels);
 *   }
 *
 *   override forward(hiddenStates: tf.Tensor): tf.Tensor {
 *     return this.#classifier.apply(hiddenStates);
 *   }
 * }
 *
 * await tf.setBackend("cpu");
 * const config = HeadConfig({ name: "linear_head", hidden_size: 4, num_labels: 2 });
 * const head = new LinearHead(config, new EventBus());
 * assertEquals(head.forward(tf.zeros([3, 4])).shape, [3, 2]);
 * assertEquals([...head.layers.parameters.keys()], ["classifier.weight", "classifier.bias"]);
 * ```
 */
export abstract class HeadPort<
  Config extends HeadConfig = HeadConfig,
  Events extends object = RuntimeEvents,
> extends PluginPort<Config, Events> {
  /** Makes layers and owns their parameters. */
  readonly layers: Layers;

  /** Called by the runtime with checked settings. @param seed of initial weights and dropout */
  constructor(config: Config, eventBus: EventBus<Events> = inject(EventBus), seed = 0) {
    super(config, eventBus);
    this.layers = new Layers(seed);
  }

  /** Which hidden states cross the wall. Ask for no more than is needed: all of them are 100 times the bytes. */
  get reads(): HiddenStates {
    return "cls";
  }

  /** What it learns, which decides the shapes of its logits and of its targets; see {@linkcode Task}. */
  get task(): Task {
    return "classification";
  }

  /**
   * Hidden states → logits of the shape that its task has. Tensors made on the way are freed by the runtime; do not
   * dispose of the arguments. Everything must be differentiable by tfjs.
   */
  abstract forward(hiddenStates: tf.Tensor, context?: CallContext): Promise<tf.Tensor> | tf.Tensor;

  /** The loss that training minimizes. @default cross-entropy */
  getLossFunction(): LossFunction {
    return crossEntropy;
  }

  /**
   * Figures of its own about a batch, beside those that the trainer computes from the logits. They are logged
   * under the plugin's name. At most 32, finite. Asked for when a step reports, see `training.logEverySteps`, and in
   * evaluations.
   *
   * @param logits as {@linkcode HeadPort.forward} gave them
   * @param labels as the loss function gets them
   */
  measure?(logits: tf.Tensor, labels: tf.Tensor): HeadMetrics | Promise<HeadMetrics>;
}

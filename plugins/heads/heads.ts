/**
 * One head for six tasks: hidden layers, a last layer as the task needs it, and a choice of losses.
 *
 * It is one class and not six, because the tasks differ only in their last layer and their loss; a head that needs
 * more than that is a plugin of its own.
 *
 * @module
 */
import type { EventBus } from "k-bert/sdk";
import {
  HeadPort,
  type HiddenStates,
  type Layers,
  type LossFunction,
  type Task,
  type tf,
} from "k-bert/sdk/tensors";
import { chooseLoss } from "./loss_choice.ts";
import { Mlp } from "./mlp.ts";
import { type LastLayer, RankQuestions, Score } from "./score.ts";
import type { Settings } from "./settings.ts";
import { TASKS } from "./tasks.ts";

/**
 * Hidden states → logits of its task. The settings are in plugin.yaml.
 *
 * The parameters of its last layer are `output.weight` and `output.bias`, in ranking only the weight.
 *
 * @throws {TypeError} for settings that do not go together
 * @throws {RangeError} for fewer labels than the task needs, and for another number of weights than labels
 */
export class StandardHead extends HeadPort<Settings> {
  readonly #loss: LossFunction;
  readonly #hidden: Mlp;
  readonly #last: LastLayer;

  constructor(config: Settings, eventBus: EventBus, seed?: number) {
    super(config, eventBus, seed);
    requireEnoughLabels(config);
    this.#loss = chooseLoss(config);
    this.#hidden = new Mlp(this.layers, {
      inputs: config.hidden_size,
      widths: config.hidden_layers,
      activation: config.activation,
      dropoutRate: config.dropout_rate,
    });
    this.#last = lastLayer(this.layers, config, this.#hidden.outputs);
  }

  override get task(): Task {
    return this.config.task;
  }

  override get reads(): HiddenStates {
    return this.config.task === "tagging" ? "all" : this.config.pooling;
  }

  override getLossFunction(): LossFunction {
    return this.#loss;
  }

  override async forward(hiddenStates: tf.Tensor): Promise<tf.Tensor> {
    await this.eventBus.emit("head.forward_start", {
      head_type: this.constructor.name,
      input_shape: hiddenStates.shape,
    });

    const logits = this.#last.apply(this.#hidden.apply(hiddenStates));

    await this.eventBus.emit("head.forward_complete", {
      head_type: this.constructor.name,
      output_shape: logits.shape,
    });
    return logits;
  }
}

function lastLayer(layers: Layers, { task, num_labels }: Settings, inputs: number): LastLayer {
  switch (task) {
    case "classification":
    case "multilabel":
    case "regression":
    case "tagging":
      return layers.linear("output", inputs, num_labels);
    case "ordinal":
      return new RankQuestions(layers, inputs, num_labels);
    case "ranking":
      return new Score(layers, inputs);
  }
}

function requireEnoughLabels({ task, num_labels }: Settings): void {
  const { fewestLabels } = TASKS[task];
  if (num_labels >= fewestLabels) return;
  throw new RangeError(`The task ${task} needs at least ${fewestLabels} labels: num_labels is ${num_labels}`);
}

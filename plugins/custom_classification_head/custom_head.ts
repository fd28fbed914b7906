/**
 * The guide's classification head: dropout, an activation and one linear layer.
 *
 * @module
 */
import type { EventBus, HeadConfig } from "k-bert/sdk";
import { type Dropout, HeadPort, type HiddenStates, type Linear, tf } from "k-bert/sdk/tensors";

/** Settings; see plugin.yaml. */
interface Settings extends HeadConfig {
  readonly dropout_rate: number;
  readonly activation: "relu" | "tanh" | "none";
  readonly pooling: "cls" | "mean";
}

/** Hidden states `[batch, hidden]` → logits `[batch, num_labels]`. */
export class CustomClassificationHead extends HeadPort<Settings> {
  readonly #dropout: Dropout;
  readonly #classifier: Linear;

  constructor(config: Settings, eventBus: EventBus, seed?: number) {
    super(config, eventBus, seed);
    this.#dropout = this.layers.dropout(config.dropout_rate);
    this.#classifier = this.layers.linear("classifier", config.hidden_size, config.num_labels);
  }

  override get reads(): HiddenStates {
    return this.config.pooling;
  }

  override async forward(hiddenStates: tf.Tensor): Promise<tf.Tensor> {
    await this.eventBus.emit("head.forward_start", {
      head_type: this.constructor.name,
      input_shape: hiddenStates.shape,
    });

    const logits = this.#classifier.apply(this.#activate(this.#dropout.apply(hiddenStates)));

    await this.eventBus.emit("head.forward_complete", {
      head_type: this.constructor.name,
      output_shape: logits.shape,
    });
    return logits;
  }

  #activate(x: tf.Tensor): tf.Tensor {
    switch (this.config.activation) {
      case "relu":
        return tf.relu(x);
      case "tanh":
        return tf.tanh(x);
      case "none":
        return x;
    }
  }
}
